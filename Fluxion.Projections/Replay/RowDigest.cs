using System.Buffers.Binary;

namespace Fluxion.Projections.Replay;

/// <summary>
/// The digest of a row, 64 bits, taken here of its form in COPY and in the database by <see cref="Sql"/>: both are the same when the rows are.
/// It is PostgreSQL's hash of the row, with jsonb as its text, numbers with their sign, which its hash of a number leaves out, and bigint and timestamptz
/// as their bytes, of which its hash folds one half into the other. It tells what came about by accident: whoever looks for two rows with one digest finds them.
/// </summary>
/// <param name="types">Of the columns, in the order of the row.</param>
/// <param name="isState">A state is compared without its empty fields.</param>
internal sealed class RowDigest(IReadOnlyList<string> types, bool isState)
{
    /// <summary>Documents that a row shares with the one before it: the state before an event is the one after the last.</summary>
    private const int Remembered = 4;

    private readonly Kind[] _kinds = [.. types.Select(KindOf)];
    private readonly JsonbText _text = new();
    private readonly (byte[] Json, int Length, ulong Hash)[] _documents = [.. Enumerable.Repeat((System.Array.Empty<byte>(), 0, 0UL), Remembered)];
    private int _oldest;

    private enum Kind { Bytes, Int32, Int64, Timestamp, Boolean, Numeric, Json, Uuids, Address }

    /// <summary>The digest as an SQL expression.</summary>
    /// <param name="columns">With their types, in the order of the row.</param>
    /// <param name="key">The uuid that finds the row.</param>
    /// <param name="others">True when a column that the row does not have is not what it is by default.</param>
    public static string Sql(IEnumerable<(string Name, string Type)> columns, bool isState, string key, string others)
    {
        var values = columns.Select(c => KindOf(c.Type) switch
        {
            Kind.Numeric => $"{c.Name}, {c.Name} < 0",
            Kind.Json => isState ? $"jsonb_strip_nulls({c.Name})::text" : $"{c.Name}::text",
            Kind.Int64 => $"int8send({c.Name})",
            Kind.Timestamp => $"timestamptz_send({c.Name})",
            _ => c.Type == "citext" ? $"{c.Name}::text" : c.Name,
        });
        // the hash of a row is a sum over its columns: hashed once more, what moved between two rows cannot cancel out
        return $"uuid_hash_extended({key}, hash_record_extended(row({string.Join(", ", values)}), ({others})::int))";
    }

    /// <param name="row">Its fields as COPY reads them, each with its length.</param>
    /// <param name="key">The uuid that finds it, as its bytes.</param>
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
                if (kind == Kind.Numeric) hash = PostgresHash.Combine(hash, 0);
                continue;
            }
            var field = row[..length];
            row = row[length..];
            hash = PostgresHash.Combine(hash, kind switch
            {
                Kind.Int32 => PostgresHash.Int32(BinaryPrimitives.ReadInt32BigEndian(field)),
                Kind.Boolean => PostgresHash.Int32(field[0]),
                Kind.Numeric => Number(field),
                Kind.Json => Document(field[1..]),
                Kind.Uuids => Uuids(field),
                Kind.Address => PostgresHash.Bytes([.. field[..2], .. field[4..]]), // its family, the bits of its network, and its bytes
                _ => PostgresHash.Bytes(field),
            });
            if (kind == Kind.Numeric) hash = PostgresHash.Combine(hash, PostgresHash.Int32(field[4] != 0 ? 1 : 0));
        }
        return PostgresHash.Bytes(key, hash);
    }

    private static Kind KindOf(string type) => type switch
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

    /// <summary>hash_numeric_extended: of the digits to the base 10,000, as they lie in memory, and the weight of the first.</summary>
    private static ulong Number(ReadOnlySpan<byte> field)
    {
        var count = BinaryPrimitives.ReadInt16BigEndian(field);
        if (count == 0) return ulong.MaxValue;
        Span<byte> digits = stackalloc byte[2 * count];
        for (var i = 0; i < count; i++) BinaryPrimitives.WriteInt16LittleEndian(digits[(2 * i)..], BinaryPrimitives.ReadInt16BigEndian(field[(8 + (2 * i))..]));
        return PostgresHash.Bytes(digits) ^ (ulong)BinaryPrimitives.ReadInt16BigEndian(field[2..]);
    }

    private static ulong Uuids(ReadOnlySpan<byte> field)
    {
        var hash = 1UL;
        for (var rest = field.Length > 12 ? field[20..] : []; rest.Length > 0; rest = rest[20..]) hash = PostgresHash.Combine(hash, PostgresHash.Bytes(rest[4..20]));
        return hash;
    }

    private ulong Document(ReadOnlySpan<byte> json)
    {
        foreach (ref readonly var known in _documents.AsSpan())
        {
            if (known.Length == json.Length && json.SequenceEqual(known.Json.AsSpan(0, known.Length))) return known.Hash;
        }
        ref var document = ref _documents[_oldest++ % Remembered];
        if (document.Json.Length < json.Length) document.Json = new byte[2 * json.Length];
        json.CopyTo(document.Json);
        document.Length = json.Length;
        return document.Hash = PostgresHash.Bytes(_text.Format(json, isState));
    }
}
