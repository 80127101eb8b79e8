using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Fluxion.Projections.Writing;

/// <summary>
/// Rows in the binary format of PostgreSQL's COPY (PostgreSQL manual, COPY, "Binary Format").
/// Each value has the form that its type's receive function reads.
/// </summary>
internal sealed class BinaryRows
{
    private static readonly DateTimeOffset Epoch = new(2000, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly byte[] Header = [.. "PGCOPY\n"u8, 0xFF, (byte)'\r', (byte)'\n', 0, 0, 0, 0, 0, 0, 0, 0, 0];

    private byte[] _bytes = new byte[64 * 1024];
    private int _length;

    public BinaryRows() => Clear();

    public int Rows { get; private set; }
    public int Length => _length;

    /// <summary>The complete input of COPY, after a call of <see cref="End"/>.</summary>
    public ReadOnlyMemory<byte> Bytes => _bytes.AsMemory(0, _length);

    /// <summary>The fields written since <see cref="Clear"/>, if no row was begun.</summary>
    public ReadOnlySpan<byte> Fields => _bytes.AsSpan(Header.Length, _length - Header.Length);

    public void Clear()
    {
        _length = 0;
        Rows = 0;
        Header.CopyTo(Space(Header.Length));
    }

    public void Row(int columns)
    {
        Rows++;
        BinaryPrimitives.WriteInt16BigEndian(Space(2), (short)columns);
    }

    public void End() => BinaryPrimitives.WriteInt16BigEndian(Space(2), -1);

    /// <summary>Returns the function that writes a value of a column.</summary>
    /// <param name="type">The column's SQL type. It matters for texts only: jsonb, uuid[], inet, or plain text.</param>
    /// <exception cref="NotSupportedException">No column has this type of value yet.</exception>
    public static Action<BinaryRows, TValue> Writer<TValue>(string type)
    {
        Delegate writer = default(TValue) switch
        {
            Guid => (Action<BinaryRows, Guid>)((rows, value) => rows.Add(value)),
            decimal => (BinaryRows rows, decimal value) => rows.Add(value),
            long => (BinaryRows rows, long value) => BinaryPrimitives.WriteInt64BigEndian(rows.Field(8), value),
            int => (BinaryRows rows, int value) => BinaryPrimitives.WriteInt32BigEndian(rows.Field(4), value),
            bool => (BinaryRows rows, bool value) => rows.Add(value),
            DateTimeOffset => (BinaryRows rows, DateTimeOffset value) => rows.Add(value),
            DateOnly => (BinaryRows rows, DateOnly value) => rows.Add(value),
            _ when typeof(TValue) == typeof(Guid?) => Nullable<Guid>((rows, value) => rows.Add(value)),
            _ when typeof(TValue) == typeof(int?) => Nullable<int>(
                (rows, value) => BinaryPrimitives.WriteInt32BigEndian(rows.Field(4), value)
            ),
            _ when typeof(TValue) == typeof(decimal?) => Nullable<decimal>((rows, value) => rows.Add(value)),
            _ when typeof(TValue) == typeof(DateTimeOffset?) => Nullable<DateTimeOffset>((rows, value) => rows.Add(value)),
            _ when typeof(TValue) == typeof(DateOnly?) => Nullable<DateOnly>((rows, value) => rows.Add(value)),
            _ when typeof(TValue) == typeof(string) => type switch
            {
                "jsonb" => Text((rows, value) => rows.AddJson(value)),
                "uuid[]" => Text((rows, value) => rows.AddUuids(value)),
                "inet" => Text((rows, value) => rows.AddAddress(value)),
                _ => Text((rows, value) => rows.Add(value)),
            },
            _ => throw new NotSupportedException($"A column of {typeof(TValue).Name}"),
        };
        return (Action<BinaryRows, TValue>)writer;
    }

    private static Action<BinaryRows, T?> Nullable<T>(Action<BinaryRows, T> write)
        where T : struct =>
        (rows, value) =>
        {
            if (value is { } known)
                write(rows, known);
            else
                rows.Null();
        };

    private static Action<BinaryRows, string?> Text(Action<BinaryRows, string> write) =>
        (rows, value) =>
        {
            if (value is null)
                rows.Null();
            else
                write(rows, value);
        };

    private void Null() => BinaryPrimitives.WriteInt32BigEndian(Space(4), -1);

    private void Add(bool value) => Field(1)[0] = value ? (byte)1 : (byte)0;

    private void Add(Guid value) => value.TryWriteBytes(Field(16), bigEndian: true, out _);

    private void Add(DateTimeOffset value) =>
        BinaryPrimitives.WriteInt64BigEndian(Field(8), (value - Epoch).Ticks / TimeSpan.TicksPerMicrosecond);

    private void Add(DateOnly value) =>
        BinaryPrimitives.WriteInt32BigEndian(Field(4), value.DayNumber - DateOnly.FromDateTime(Epoch.Date).DayNumber);

    private void Add(string value) => Encoding.UTF8.GetBytes(value, Field(Encoding.UTF8.GetByteCount(value)));

    private void AddJson(string value)
    {
        var field = Field(1 + Encoding.UTF8.GetByteCount(value));
        field[0] = 1; // version of the binary format of jsonb
        Encoding.UTF8.GetBytes(value, field[1..]);
    }

    /// <summary>A jsonb document, as its text in UTF-8.</summary>
    public void AddJson(byte[]? value)
    {
        if (value is null)
        {
            Null();
            return;
        }
        var field = Field(1 + value.Length);
        field[0] = 1;
        value.CopyTo(field[1..]);
    }

    /// <summary>
    /// Writes base-10,000 digits, the most significant one first. The weight is the exponent of 10,000 of the first digit.
    /// </summary>
    private void Add(decimal value)
    {
        const int Base = 10_000;
        var scale = value.Scale;
        Span<int> bits = stackalloc int[4];
        decimal.GetBits(value, bits);
        var magnitude = new UInt128((uint)bits[2], ((ulong)(uint)bits[1] << 32) | (uint)bits[0]);
        var padding = (4 - (scale % 4)) % 4;
        for (var i = 0; i < padding; i++)
            magnitude *= 10;
        Span<short> digits = stackalloc short[16];
        var count = 0;
        for (; magnitude > ulong.MaxValue; magnitude /= Base)
            digits[count++] = (short)(int)(magnitude % Base);
        for (var rest = (ulong)magnitude; rest > 0; rest /= Base)
            digits[count++] = (short)(rest % Base);
        var trailing = 0;
        while (trailing < count && digits[trailing] == 0)
            trailing++;
        var field = Field(8 + (2 * (count - trailing)));
        BinaryPrimitives.WriteInt16BigEndian(field, (short)(count - trailing));
        BinaryPrimitives.WriteInt16BigEndian(field[2..], (short)(count - ((scale + padding) / 4) - 1));
        BinaryPrimitives.WriteInt16BigEndian(field[4..], value < 0 ? (short)0x4000 : (short)0);
        BinaryPrimitives.WriteInt16BigEndian(field[6..], scale);
        for (var i = count - 1; i >= trailing; i--)
            BinaryPrimitives.WriteInt16BigEndian(field[(8 + (2 * (count - 1 - i)))..], digits[i]);
    }

    /// <summary>
    /// Writes the number of dimensions (1, or 0 if empty), no nulls, and the element type. The number of elements, the lower bound, and
    /// each element after its length follow.
    /// </summary>
    private void AddUuids(string value)
    {
        const int UuidOid = 2950;
        var ids = value.Trim('{', '}').Split(',', StringSplitOptions.RemoveEmptyEntries);
        var field = Field(ids.Length == 0 ? 12 : 20 + (20 * ids.Length));
        BinaryPrimitives.WriteInt32BigEndian(field, ids.Length == 0 ? 0 : 1);
        BinaryPrimitives.WriteInt32BigEndian(field[4..], 0);
        BinaryPrimitives.WriteInt32BigEndian(field[8..], UuidOid);
        if (ids.Length == 0)
            return;
        BinaryPrimitives.WriteInt32BigEndian(field[12..], ids.Length);
        BinaryPrimitives.WriteInt32BigEndian(field[16..], 1);
        for (var i = 0; i < ids.Length; i++)
        {
            BinaryPrimitives.WriteInt32BigEndian(field[(20 + (20 * i))..], 16);
            Guid.Parse(ids[i], CultureInfo.InvariantCulture).TryWriteBytes(field[(24 + (20 * i))..], bigEndian: true, out _);
        }
    }

    /// <summary>
    /// Writes the address family in PostgreSQL's numbering, the network bits, the flag for cidr, the number of bytes, and the bytes.
    /// </summary>
    private void AddAddress(string value)
    {
        var bytes = IPAddress.Parse(value) is { AddressFamily: AddressFamily.InterNetwork or AddressFamily.InterNetworkV6 } address
            ? address.GetAddressBytes()
            : [];
        var field = Field(4 + bytes.Length);
        field[0] = bytes.Length == 4 ? (byte)2 : (byte)3;
        field[1] = (byte)(8 * bytes.Length);
        field[2] = 0;
        field[3] = (byte)bytes.Length;
        bytes.CopyTo(field[4..]);
    }

    private Span<byte> Field(int length)
    {
        BinaryPrimitives.WriteInt32BigEndian(Space(4), length);
        return Space(length);
    }

    private Span<byte> Space(int length)
    {
        if (_bytes.Length - _length < length)
            Array.Resize(ref _bytes, Math.Max(2 * _bytes.Length, _length + length));
        _length += length;
        return _bytes.AsSpan(_length - length, length);
    }
}
