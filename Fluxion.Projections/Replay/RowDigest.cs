using System.Buffers.Binary;

namespace Fluxion.Projections.Replay;

/// <summary>
/// The 64-bit digest of a row. It is computed here from the row's COPY format, and in the database by <see cref="Sql"/>; equal rows have
/// equal digests. It is PostgreSQL's hash of the row, with three exceptions. jsonb is hashed as its text. A number is hashed with its sign,
/// which PostgreSQL's hash of numbers omits. Values of bigint and timestamptz are hashed as bytes, because PostgreSQL's hash folds one half
/// into the other. The digest detects accidental corruption only; it is not collision-resistant.
/// </summary>
/// <param name="types">The types of the columns, in the order of the row.</param>
/// <param name="isState">Whether the row is a state, which is compared without its null fields.</param>
internal sealed class RowDigest(IReadOnlyList<string> types, bool isState)
{
    /// <summary>
    /// The number of cached documents. Successive rows share documents: the state before an event is the state after the previous one.
    /// </summary>
    private const int Remembered = 4;

    private readonly Kind[] _kinds = [.. types.Select(KindOf)];
    private readonly JsonbText _text = new();
    private readonly (byte[] Json, int Length, ulong Hash)[] _documents =
    [
        .. Enumerable.Repeat((System.Array.Empty<byte>(), 0, 0UL), Remembered),
    ];
    private int _oldest;

    private enum Kind
    {
        Bytes,
        Int32,
        Int64,
        Timestamp,
        Boolean,
        Numeric,
        Json,
        Uuids,
        Address,
    }

    /// <summary>A SQL expression for the digest.</summary>
    /// <param name="columns">The columns with their types, in the order of the row.</param>
    /// <param name="key">The uuid that identifies the row.</param>
    /// <param name="others">A condition that is true if a column missing from the row does not have its default value.</param>
    public static string Sql(IEnumerable<(string Name, string Type)> columns, bool isState, string key, string others)
    {
        var values = columns.Select(c =>
            KindOf(c.Type) switch
            {
                Kind.Numeric => $"{c.Name}, {c.Name} < 0",
                Kind.Json => isState ? $"jsonb_strip_nulls({c.Name})::text" : $"{c.Name}::text",
                Kind.Int64 => $"int8send({c.Name})",
                Kind.Timestamp => $"timestamptz_send({c.Name})",
                _ => c.Type == "citext" ? $"{c.Name}::text" : c.Name,
            }
        );
        // The hash of a row is a sum over its columns. A second hash with the key prevents values swapped between two rows from cancelling
        // out.
        return $"uuid_hash_extended({key}, hash_record_extended(row({string.Join(", ", values)}), ({others})::int))";
    }

    /// <param name="row">The fields in COPY format, each after its length.</param>
    /// <param name="key">The uuid that identifies the row, as bytes.</param>
    public ulong Compute(ReadOnlySpan<byte> row, ReadOnlySpan<byte> key)
    {
        var hash = 0UL;
        foreach (var kind in _kinds)
        {
            var length = BinaryPrimitives.ReadInt32BigEndian(row);
            row = row[4..];
            if (length < 0)
            {
                hash = PostgresHash.Combine(hash, 0);
                if (kind == Kind.Numeric)
                    hash = PostgresHash.Combine(hash, 0);
                continue;
            }
            var field = row[..length];
            row = row[length..];
            hash = PostgresHash.Combine(
                hash,
                kind switch
                {
                    Kind.Int32 => PostgresHash.Int32(BinaryPrimitives.ReadInt32BigEndian(field)),
                    Kind.Boolean => PostgresHash.Int32(field[0]),
                    Kind.Numeric => Number(field),
                    Kind.Json => Document(field[1..]),
                    Kind.Uuids => Uuids(field),
                    Kind.Address => PostgresHash.Bytes([.. field[..2], .. field[4..]]), // address family, network bits and bytes
                    _ => PostgresHash.Bytes(field),
                }
            );
            if (kind == Kind.Numeric)
                hash = PostgresHash.Combine(hash, PostgresHash.Int32(field[4] != 0 ? 1 : 0));
        }
        return PostgresHash.Bytes(key, hash);
    }

    private static Kind KindOf(string type) =>
        type switch
        {
            "integer" or "date" => Kind.Int32,
            "bigint" => Kind.Int64,
            "timestamp with time zone" => Kind.Timestamp,
            "boolean" => Kind.Boolean,
            "numeric" => Kind.Numeric,
            "jsonb" => Kind.Json,
            "uuid[]" => Kind.Uuids,
            "inet" => Kind.Address,
            _ => Kind.Bytes,
        };

    /// <summary>
    /// hash_numeric_extended: the hash of the base-10,000 digits as they are in memory, and of the weight of the first digit.
    /// </summary>
    private static ulong Number(ReadOnlySpan<byte> field)
    {
        var count = BinaryPrimitives.ReadInt16BigEndian(field);
        if (count == 0)
            return ulong.MaxValue;
        Span<byte> digits = stackalloc byte[2 * count];
        for (var i = 0; i < count; i++)
            BinaryPrimitives.WriteInt16LittleEndian(digits[(2 * i)..], BinaryPrimitives.ReadInt16BigEndian(field[(8 + (2 * i))..]));
        return PostgresHash.Bytes(digits) ^ (ulong)BinaryPrimitives.ReadInt16BigEndian(field[2..]);
    }

    private static ulong Uuids(ReadOnlySpan<byte> field)
    {
        var hash = 1UL;
        for (var rest = field.Length > 12 ? field[20..] : []; rest.Length > 0; rest = rest[20..])
            hash = PostgresHash.Combine(hash, PostgresHash.Bytes(rest[4..20]));
        return hash;
    }

    private ulong Document(ReadOnlySpan<byte> json)
    {
        foreach (ref readonly var known in _documents.AsSpan())
        {
            if (known.Length == json.Length && json.SequenceEqual(known.Json.AsSpan(0, known.Length)))
                return known.Hash;
        }
        ref var document = ref _documents[_oldest++ % Remembered];
        if (document.Json.Length < json.Length)
            document.Json = new byte[2 * json.Length];
        json.CopyTo(document.Json);
        document.Length = json.Length;
        return document.Hash = PostgresHash.Bytes(_text.Format(json, isState));
    }
}
