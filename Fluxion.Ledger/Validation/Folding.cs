using System.Globalization;
using System.Text;

namespace Fluxion.Ledger.Validation;

/// <summary>
/// Converts spellings that look alike to one spelling. .NET does not normalize Unicode in invariant mode, because the host has no ICU data.
/// Codes need only a little of it: the characters that keyboards, spreadsheets and web pages put in the place of plain ones.
/// </summary>
public static class Folding
{
    /// <summary>The letters of Latin-1 with diacritics, by their combining character, in the order of their base letters.</summary>
    private static readonly Dictionary<char, (string Bases, string Composed)> Marks = new()
    {
        ['\u0300'] = ("AEIOU", "ÀÈÌÒÙ"),
        ['\u0301'] = ("AEIOUY", "ÁÉÍÓÚÝ"),
        ['\u0302'] = ("AEIOU", "ÂÊÎÔÛ"),
        ['\u0303'] = ("ANO", "ÃÑÕ"),
        ['\u0308'] = ("AEIOU", "ÄËÏÖÜ"),
        ['\u030A'] = ("A", "Å"),
        ['\u0327'] = ("C", "Ç"),
    };

    /// <summary>All letters of Latin-1 that are an ASCII letter with a diacritic, in upper case.</summary>
    public static readonly string MarkedLetters = string.Concat(Marks.Values.Select(mark => mark.Composed));

    /// <summary>
    /// Removes invisible characters and surrounding white space. Converts full-width characters, dashes and spaces to those of ASCII,
    /// and a letter with a combining mark to one letter of Latin-1. Upper and lower case stay.
    /// </summary>
    public static string Fold(string text)
    {
        if (Ascii.IsValid(text))
            return text.Trim();
        var folded = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            if (IsInvisible(rune))
                continue;
            if (folded.Length > 0 && rune.IsBmp && Compose(folded[^1], (char)rune.Value) is { } composed)
                folded[^1] = composed;
            else
                folded.Append(BaseLetter(rune).ToString());
        }
        return folded.ToString().Trim();
    }

    /// <summary>Whether a text has a visible character.</summary>
    public static bool IsVisible(string text) =>
        text.EnumerateRunes().Any(rune => !IsInvisible(rune) && !Rune.IsWhiteSpace(rune) && !Rune.IsControl(rune));

    /// <summary>
    /// Whether a character is a format character (zero-width and soft hyphens among them), ignorable by fonts
    /// (Default_Ignorable_Code_Point), or the blank Braille pattern.
    /// </summary>
    private static bool IsInvisible(Rune rune) =>
        Rune.GetUnicodeCategory(rune) == UnicodeCategory.Format
        || rune.Value
            is 0x034F
                or 0x115F
                or 0x1160
                or 0x17B4
                or 0x17B5
                or (>= 0x180B and <= 0x180F)
                or 0x2065
                or 0x2800
                or 0x3164
                or (>= 0xFE00 and <= 0xFE0F)
                or 0xFFA0
                or (>= 0xE0000 and <= 0xE0FFF);

    private static Rune BaseLetter(Rune rune) =>
        rune.Value switch
        {
            >= 0xFF01 and <= 0xFF5E => new Rune(rune.Value - 0xFEE0), // full width
            (>= 0x2010 and <= 0x2015) or 0x2212 or 0xFE58 or 0xFE63 => new Rune('-'),
            '°' => new Rune('º'), // as in N°
            _ when Rune.GetUnicodeCategory(rune) == UnicodeCategory.SpaceSeparator => new Rune(' '),
            _ => rune,
        };

    /// <summary>Composes a letter and a combining mark to one letter; null when Latin-1 has none.</summary>
    private static char? Compose(char letter, char mark)
    {
        if (
            !Marks.TryGetValue(mark, out var row)
            || row.Bases.IndexOf(char.ToUpperInvariant(letter)) is not (>= 0 and var i)
            || !char.IsAscii(letter)
        )
            return null;
        return char.IsLower(letter) ? char.ToLowerInvariant(row.Composed[i]) : row.Composed[i];
    }
}
