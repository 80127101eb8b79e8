using System.Buffers;
using System.Globalization;
using System.Text;

namespace Fluxion.Projections.Replay;

/// <summary>
/// The text that PostgreSQL has of a jsonb document (jsonb::text): the names of an object by their length and then by their bytes, a space
/// after each colon and comma, texts escaped no more than they must be. It is made of valid JSON in UTF-8 that has no name twice.
/// </summary>
internal sealed class JsonbText
{
    private static readonly SearchValues<byte> AfterLiteral = SearchValues.Create(",]} \t\r\n"u8);

    private readonly List<Member> _members = [];
    private byte[] _text = new byte[4096];
    private byte[] _scratch = [];
    private int _length;

    /// <summary>A name and its value, where they stand in the text.</summary>
    private readonly record struct Member(int Start, int NameLength, int End);

    /// <param name="withoutNulls">As jsonb_strip_nulls: the fields of objects that are null are left out.</param>
    /// <returns>It holds until the next call.</returns>
    public ReadOnlySpan<byte> Of(ReadOnlySpan<byte> json, bool withoutNulls)
    {
        _length = 0;
        Value(ref json, withoutNulls);
        return _text.AsSpan(0, _length);
    }

    private void Value(ref ReadOnlySpan<byte> json, bool withoutNulls)
    {
        switch (Next(ref json))
        {
            case (byte)'{': Object(ref json, withoutNulls); break;
            case (byte)'[': Array(ref json, withoutNulls); break;
            case (byte)'"': Text(ref json); break;
            default: Literal(ref json); break;
        }
    }

    private void Object(ref ReadOnlySpan<byte> json, bool withoutNulls)
    {
        Put("{"u8);
        json = json[1..];
        var (begin, first, sorted) = (_length, _members.Count, true);
        while (Next(ref json) != '}')
        {
            if (json[0] == ',')
            {
                json = json[1..];
                continue;
            }
            var start = _length;
            Text(ref json);
            var name = _length - start;
            Next(ref json); // the colon
            json = json[1..];
            if (Next(ref json) == 'n' && withoutNulls)
            {
                json = json[4..];
                _length = start;
                continue;
            }
            Put(": "u8);
            Value(ref json, withoutNulls);
            var member = new Member(start, name, _length);
            sorted = sorted && (_members.Count == first || InOrder(_members[^1], member));
            _members.Add(member);
            Put(", "u8);
        }
        json = json[1..];
        if (_members.Count > first)
        {
            if (!sorted) Sort(begin, first);
            _length -= 2;
            _members.RemoveRange(first, _members.Count - first);
        }
        Put("}"u8);
    }

    private void Array(ref ReadOnlySpan<byte> json, bool withoutNulls)
    {
        Put("["u8);
        json = json[1..];
        while (Next(ref json) != ']')
        {
            if (json[0] == ',')
            {
                json = json[1..];
                Put(", "u8);
            }
            else
            {
                Value(ref json, withoutNulls);
            }
        }
        json = json[1..];
        Put("]"u8);
    }

    /// <summary>Writes the members from the first one on in their order, in the place where they stand.</summary>
    private void Sort(int begin, int first)
    {
        var length = _length - begin;
        if (_scratch.Length < length) _scratch = new byte[_text.Length];
        _text.AsSpan(begin, length).CopyTo(_scratch);
        var members = System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_members)[first..];
        for (var i = 1; i < members.Length; i++)
        {
            var member = members[i];
            var j = i;
            for (; j > 0 && !InOrder(members[j - 1], member); j--) members[j] = members[j - 1];
            members[j] = member;
        }
        _length = begin;
        foreach (var member in members) Put(_scratch.AsSpan(member.Start - begin, member.End + 2 - member.Start));
    }

    private bool InOrder(Member one, Member other) => one.NameLength != other.NameLength
        ? one.NameLength < other.NameLength
        : _text.AsSpan(one.Start, one.NameLength).SequenceCompareTo(_text.AsSpan(other.Start, other.NameLength)) <= 0;

    private void Text(ref ReadOnlySpan<byte> json)
    {
        var end = 1 + json[1..].IndexOfAny((byte)'"', (byte)'\\');
        if (json[end] == '\\')
        {
            Escaped(ref json);
            return;
        }
        Put(json[..(end + 1)]);
        json = json[(end + 1)..];
    }

    private void Escaped(ref ReadOnlySpan<byte> json)
    {
        Put("\""u8);
        json = json[1..];
        Span<char> pair = stackalloc char[2];
        Span<byte> utf8 = stackalloc byte[4];
        var high = '\0';
        for (; json[0] != '"'; json = json[1..])
        {
            if (json[0] != '\\')
            {
                Put(json[..1]);
                continue;
            }
            json = json[1..];
            if (json[0] != 'u')
            {
                if (json[0] == '/') Put("/"u8);
                else Put([(byte)'\\', json[0]]);
                continue;
            }
            var unit = (char)ushort.Parse(json[1..5], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
            json = json[4..];
            if (char.IsHighSurrogate(unit))
            {
                high = unit;
                continue;
            }
            (pair[0], pair[1]) = (high, unit);
            switch (unit)
            {
                case '"': Put("\\\""u8); break;
                case '\\': Put(@"\\"u8); break;
                case '\b': Put(@"\b"u8); break;
                case '\f': Put(@"\f"u8); break;
                case '\n': Put(@"\n"u8); break;
                case '\r': Put(@"\r"u8); break;
                case '\t': Put(@"\t"u8); break;
                case < ' ': Put(Encoding.UTF8.GetBytes($"\\u{(int)unit:x4}")); break;
                default: Put(utf8[..Encoding.UTF8.GetBytes(char.IsLowSurrogate(unit) ? pair : pair[1..], utf8)]); break;
            }
        }
        json = json[1..];
        Put("\""u8);
    }

    /// <summary>true, false, null and numbers, which keep the zeros at their end; none is below zero and zero.</summary>
    private void Literal(ref ReadOnlySpan<byte> json)
    {
        var end = json.IndexOfAny(AfterLiteral);
        var literal = end < 0 ? json : json[..end];
        json = json[literal.Length..];
        Put(literal[0] == '-' && !literal.ContainsAnyExcept("-0."u8) ? literal[1..] : literal);
    }

    /// <summary>Goes on to what is no white space.</summary>
    private static byte Next(ref ReadOnlySpan<byte> json)
    {
        while (json[0] is (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n') json = json[1..];
        return json[0];
    }

    private void Put(ReadOnlySpan<byte> bytes)
    {
        if (_text.Length - _length < bytes.Length) System.Array.Resize(ref _text, 2 * (_length + bytes.Length));
        bytes.CopyTo(_text.AsSpan(_length));
        _length += bytes.Length;
    }
}
