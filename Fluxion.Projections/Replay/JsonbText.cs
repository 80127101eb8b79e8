using System.Buffers;
using System.Globalization;
using System.Text;

namespace Fluxion.Projections.Replay;

/// <summary>
/// Produces PostgreSQL's text of a jsonb document (jsonb::text). Names in an object are sorted by length and then by bytes. A space follows
/// each colon and comma, and strings have only the necessary escapes. The input is valid JSON in UTF-8 without duplicate names.
/// </summary>
internal sealed class JsonbText
{
    private static readonly SearchValues<byte> AfterLiteral = SearchValues.Create(",]} \t\r\n"u8);

    private readonly List<Member> _members = [];
    private byte[] _text = [];
    private byte[] _scratch = [];
    private int _length;

    /// <summary>The positions of a name and its value in the text.</summary>
    private readonly record struct Member(int Start, int NameLength, int End);

    /// <param name="withoutNulls">Whether null fields of objects are omitted, like jsonb_strip_nulls.</param>
    /// <returns>The text; it is valid until the next call.</returns>
    public ReadOnlySpan<byte> Format(ReadOnlySpan<byte> json, bool withoutNulls)
    {
        // The output adds at most a space after each colon and comma, and the last ", " of an object, which is removed again.
        var most = (2 * json.Length) + 2;
        if (_text.Length < most)
            (_text, _scratch) = (new byte[2 * most], new byte[2 * most]);
        _length = 0;
        var at = 0;
        Value(json, ref at, withoutNulls);
        return _text.AsSpan(0, _length);
    }

    private void Value(ReadOnlySpan<byte> json, ref int at, bool withoutNulls)
    {
        switch (Next(json, ref at))
        {
            case (byte)'{':
                Object(json, ref at, withoutNulls);
                break;
            case (byte)'[':
                Array(json, ref at, withoutNulls);
                break;
            case (byte)'"':
                Text(json, ref at);
                break;
            default:
                Literal(json, ref at);
                break;
        }
    }

    private void Object(ReadOnlySpan<byte> json, ref int at, bool withoutNulls)
    {
        Put((byte)'{');
        at++;
        var (begin, first, sorted) = (_length, _members.Count, true);
        while (Next(json, ref at) != '}')
        {
            if (json[at] == ',')
            {
                at++;
                continue;
            }
            var start = _length;
            Text(json, ref at);
            var name = _length - start;
            Next(json, ref at); // skips to the colon
            at++;
            if (Next(json, ref at) == 'n' && withoutNulls)
            {
                at += 4;
                _length = start;
                continue;
            }
            Put((byte)':', (byte)' ');
            Value(json, ref at, withoutNulls);
            var member = new Member(start, name, _length);
            sorted = sorted && (_members.Count == first || InOrder(_members[^1], member));
            _members.Add(member);
            Put((byte)',', (byte)' ');
        }
        at++;
        if (_members.Count > first)
        {
            if (!sorted)
                Sort(begin, first);
            _length -= 2;
            _members.RemoveRange(first, _members.Count - first);
        }
        Put((byte)'}');
    }

    private void Array(ReadOnlySpan<byte> json, ref int at, bool withoutNulls)
    {
        Put((byte)'[');
        at++;
        while (Next(json, ref at) != ']')
        {
            if (json[at] == ',')
            {
                at++;
                Put((byte)',', (byte)' ');
            }
            else
            {
                Value(json, ref at, withoutNulls);
            }
        }
        at++;
        Put((byte)']');
    }

    /// <summary>Sorts the members from the first one on, in place.</summary>
    private void Sort(int begin, int first)
    {
        _text.AsSpan(begin, _length - begin).CopyTo(_scratch);
        var members = System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_members)[first..];
        for (var i = 1; i < members.Length; i++)
        {
            var member = members[i];
            var j = i;
            for (; j > 0 && !InOrder(members[j - 1], member); j--)
                members[j] = members[j - 1];
            members[j] = member;
        }
        _length = begin;
        foreach (var member in members)
            Put(_scratch.AsSpan(member.Start - begin, member.End + 2 - member.Start));
    }

    private bool InOrder(Member one, Member other) =>
        one.NameLength != other.NameLength
            ? one.NameLength < other.NameLength
            : _text.AsSpan(one.Start, one.NameLength).SequenceCompareTo(_text.AsSpan(other.Start, other.NameLength)) <= 0;

    private void Text(ReadOnlySpan<byte> json, ref int at)
    {
        var rest = json[at..];
        var end = 1 + rest[1..].IndexOfAny((byte)'"', (byte)'\\');
        if (rest[end] == '\\')
        {
            Escaped(json, ref at);
            return;
        }
        Put(rest[..(end + 1)]);
        at += end + 1;
    }

    private void Escaped(ReadOnlySpan<byte> json, ref int at)
    {
        Put((byte)'"');
        Span<char> pair = stackalloc char[2];
        var high = '\0';
        for (at++; json[at] != '"'; at++)
        {
            if (json[at] != '\\')
            {
                Put(json[at]);
                continue;
            }
            at++;
            if (json[at] != 'u')
            {
                if (json[at] == '/')
                    Put((byte)'/');
                else
                    Put((byte)'\\', json[at]);
                continue;
            }
            var unit = (char)ushort.Parse(json[(at + 1)..(at + 5)], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
            at += 4;
            if (char.IsHighSurrogate(unit))
            {
                high = unit;
                continue;
            }
            (pair[0], pair[1]) = (high, unit);
            switch (unit)
            {
                case '"':
                    Put("\\\""u8);
                    break;
                case '\\':
                    Put(@"\\"u8);
                    break;
                case '\b':
                    Put(@"\b"u8);
                    break;
                case '\f':
                    Put(@"\f"u8);
                    break;
                case '\n':
                    Put(@"\n"u8);
                    break;
                case '\r':
                    Put(@"\r"u8);
                    break;
                case '\t':
                    Put(@"\t"u8);
                    break;
                case < ' ':
                    Put(Encoding.UTF8.GetBytes($"\\u{(int)unit:x4}"));
                    break;
                default:
                    _length += Encoding.UTF8.GetBytes(char.IsLowSurrogate(unit) ? pair : pair[1..], _text.AsSpan(_length));
                    break;
            }
        }
        at++;
        Put((byte)'"');
    }

    /// <summary>Writes true, false, null, or a number. Numbers keep their trailing zeros, and negative zero becomes zero.</summary>
    private void Literal(ReadOnlySpan<byte> json, ref int at)
    {
        var end = json[at..].IndexOfAny(AfterLiteral);
        var literal = end < 0 ? json[at..] : json.Slice(at, end);
        at += literal.Length;
        Put(literal[0] == '-' && !literal.ContainsAnyExcept("-0."u8) ? literal[1..] : literal);
    }

    /// <summary>Skips white space.</summary>
    private static byte Next(ReadOnlySpan<byte> json, ref int at)
    {
        while (json[at] is (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n')
            at++;
        return json[at];
    }

    private void Put(byte one) => _text[_length++] = one;

    private void Put(byte one, byte other)
    {
        Put(one);
        Put(other);
    }

    private void Put(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(_text.AsSpan(_length));
        _length += bytes.Length;
    }
}
