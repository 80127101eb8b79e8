using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Fluxion.Projections.Audit;

/// <summary>
/// A link of the chain in ledger_seals. It vouches for the events with the sequence numbers <paramref name="From"/> to
/// <paramref name="To"/>, and for the absence of any others between them. It also vouches for the seal before it. docs/seal.md describes
/// the form byte for byte.
/// </summary>
/// <param name="Entries">The entries, 56 bytes per event, in the order of the sequence numbers; see <see cref="SealEntry"/>.</param>
/// <param name="SealedAt">The time of sealing, to the microsecond. Seals with the same time were made in one transaction.</param>
public sealed record Seal(long Number, long From, long To, byte[] Entries, byte[] PreviousHash, byte[] Hash, DateTimeOffset SealedAt)
{
    /// <summary>The maximum number of events in one seal.</summary>
    public const int MaxEvents = 1000;

    /// <summary>The previous hash of the first seal: 32 zero bytes.</summary>
    public static readonly byte[] Nothing = new byte[SHA256.HashSizeInBytes];

    public int Events => Entries.Length / SealEntry.Bytes;

    /// <summary>Whether the hash matches the contents of the seal.</summary>
    public bool IsValid => HashOf(Number, From, To, Entries, PreviousHash, SealedAt).AsSpan().SequenceEqual(Hash);

    public static Seal Create(long number, long from, long to, byte[] entries, byte[] previousHash, DateTimeOffset sealedAt) =>
        new(number, from, to, entries, previousHash, HashOf(number, from, to, entries, previousHash, sealedAt), sealedAt);

    /// <summary>
    /// The SHA-256 hash of one line that identifies the seal, followed by one line per event in the format of sha256sum.
    /// </summary>
    private static byte[] HashOf(long number, long from, long to, byte[] entries, byte[] previousHash, DateTimeOffset sealedAt)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(
            Encoding.ASCII.GetBytes(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"fluxion-seal-1 {number} {from} {to} {entries.Length / SealEntry.Bytes} "
                        + $"{sealedAt.UtcDateTime:yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'} {Convert.ToHexStringLower(previousHash)}\n"
                )
            )
        );
        Span<byte> line = stackalloc byte[SealEntry.MaxLineBytes];
        for (var at = 0; at < entries.Length; at += SealEntry.Bytes)
            hash.AppendData(line[..SealEntry.WriteLine(entries.AsSpan(at, SealEntry.Bytes), line)]);
        return hash.GetHashAndReset();
    }
}

/// <summary>The data that a seal stores for one event.</summary>
/// <param name="Digest">The SHA-256 hash of the canonical form of the event.</param>
public readonly record struct SealEntry(long Sequence, Guid Id, ReadOnlyMemory<byte> Digest)
{
    public const int Bytes = sizeof(long) + 16 + SHA256.HashSizeInBytes;

    public static SealEntry Read(ReadOnlySpan<byte> bytes) =>
        new(
            BinaryPrimitives.ReadInt64BigEndian(bytes),
            new Guid(bytes.Slice(8, 16), bigEndian: true),
            bytes.Slice(24, SHA256.HashSizeInBytes).ToArray()
        );

    /// <summary>
    /// 64 hexadecimal digits, two spaces, a number of up to 20 characters, a hyphen, a UUID of 36 characters, and a line feed.
    /// </summary>
    public const int MaxLineBytes = 64 + 2 + 20 + 1 + 36 + 1;

    /// <summary>Writes an entry as <c>&lt;digest&gt;  &lt;sequence&gt;-&lt;id&gt;</c> and a line feed.</summary>
    /// <returns>The number of bytes written.</returns>
    public static int WriteLine(ReadOnlySpan<byte> entry, Span<byte> line)
    {
        Convert.TryToHexStringLower(entry[24..Bytes], line, out var length);
        line[length++] = (byte)' ';
        line[length++] = (byte)' ';
        BinaryPrimitives.ReadInt64BigEndian(entry).TryFormat(line[length..], out var written, default, CultureInfo.InvariantCulture);
        length += written;
        line[length++] = (byte)'-';
        new Guid(entry.Slice(8, 16), bigEndian: true).TryFormat(line[length..], out written);
        length += written;
        line[length++] = (byte)'\n';
        return length;
    }

    public static IReadOnlyList<SealEntry> ReadAll(byte[] bytes) =>
        [.. Enumerable.Range(0, bytes.Length / Bytes).Select(i => Read(bytes.AsSpan(i * Bytes)))];

    public bool Equals(SealEntry other) => Sequence == other.Sequence && Id == other.Id && Digest.Span.SequenceEqual(other.Digest.Span);

    public override int GetHashCode() => HashCode.Combine(Sequence, Id);
}
