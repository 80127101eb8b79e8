using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace Fluxion.Projections.Replay;

/// <summary>
/// PostgreSQL's own 64-bit hashes (common/hashfn.c, Bob Jenkins' lookup3), which its hash partitioning depends on. They are the same in
/// every version and, on little-endian machines, on every server.
/// </summary>
internal static class PostgresHash
{
    private const uint Start = 0x9e3779b9 + 3923095;

    /// <summary>hash_bytes_extended: the hash of text, uuid and other types that are hashed as bytes.</summary>
    public static ulong Bytes(ReadOnlySpan<byte> key, ulong seed = 0)
    {
        var a = Start + (uint)key.Length;
        var (b, c) = (a, a);
        Seed(ref a, ref b, ref c, seed);
        for (; key.Length >= 12; key = key[12..])
        {
            a += BinaryPrimitives.ReadUInt32LittleEndian(key);
            b += BinaryPrimitives.ReadUInt32LittleEndian(key[4..]);
            c += BinaryPrimitives.ReadUInt32LittleEndian(key[8..]);
            Mix(ref a, ref b, ref c);
        }
        Span<byte> rest = stackalloc byte[12];
        rest.Clear();
        key.CopyTo(rest);
        a += BinaryPrimitives.ReadUInt32LittleEndian(rest);
        b += BinaryPrimitives.ReadUInt32LittleEndian(rest[4..]);
        c += BinaryPrimitives.ReadUInt32LittleEndian(rest[8..]) << 8; // the lowest byte is reserved for the length
        return Final(a, b, c);
    }

    /// <summary>hash_bytes_uint32_extended: the hash of integer, date and boolean.</summary>
    public static ulong Int32(int value)
    {
        var start = Start + sizeof(uint);
        return Final(start + (uint)value, start, start);
    }

    /// <summary>
    /// Combines a hash with the hash of the next value, like hash_record_extended and hash_array_extended. Null has the hash 0.
    /// </summary>
    public static ulong Combine(ulong hash, ulong next) => unchecked((hash << 5) - hash + next);

    private static void Seed(ref uint a, ref uint b, ref uint c, ulong seed)
    {
        if (seed == 0)
            return;
        a += (uint)(seed >> 32);
        b += (uint)seed;
        Mix(ref a, ref b, ref c);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Mix(ref uint a, ref uint b, ref uint c)
    {
        a -= c;
        a ^= BitOperations.RotateLeft(c, 4);
        c += b;
        b -= a;
        b ^= BitOperations.RotateLeft(a, 6);
        a += c;
        c -= b;
        c ^= BitOperations.RotateLeft(b, 8);
        b += a;
        a -= c;
        a ^= BitOperations.RotateLeft(c, 16);
        c += b;
        b -= a;
        b ^= BitOperations.RotateLeft(a, 19);
        a += c;
        c -= b;
        c ^= BitOperations.RotateLeft(b, 4);
        b += a;
    }

    private static ulong Final(uint a, uint b, uint c)
    {
        c ^= b;
        c -= BitOperations.RotateLeft(b, 14);
        a ^= c;
        a -= BitOperations.RotateLeft(c, 11);
        b ^= a;
        b -= BitOperations.RotateLeft(a, 25);
        c ^= b;
        c -= BitOperations.RotateLeft(b, 16);
        a ^= c;
        a -= BitOperations.RotateLeft(c, 4);
        b ^= a;
        b -= BitOperations.RotateLeft(a, 14);
        c ^= b;
        c -= BitOperations.RotateLeft(b, 24);
        return ((ulong)b << 32) | c;
    }
}
