using System.Globalization;
using System.Text;

namespace Fluxion.Ledger.Validation;

/// <summary>
/// Spellings of one text that look alike, brought to one spelling. .NET normalizes nothing in invariant mode (the host has no ICU data), and
/// codes need little of it: what keyboards, spreadsheets and web pages put in the place of plain characters.
/// </summary>
public static class Folding
{
    /// <summary>The letters with marks of Latin-1, by their mark (a combining character) and in the order of the letters without.</summary>
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

    /// <summary>All letters of Latin-1 that are a letter of ASCII with a mark, in upper case.</summary>
    public static readonly string MarkedLetters = string.Concat(Marks.Values.Select(mark => mark.Composed));

    /// <summary>
    /// The text without characters that cannot be seen and without white space around it; full-width characters of ASCII, dashes and spaces as
    /// those of ASCII; a letter and its combining mark as the one letter of Latin-1. Upper and lower case stay.
    /// </summary>
    public static string Fold(string text)
    {
        if (Ascii.IsValid(text)) return text.Trim();
        var folded = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            if (IsInvisible(rune)) continue;
            if (folded.Length > 0 && rune.IsBmp && Compose(folded[^1], (char)rune.Value) is { } composed) folded[^1] = composed;
            else folded.Append(BaseLetter(rune).ToString());
        }
        return folded.ToString().Trim();
    }

    /// <summary>Whether something of a text can be seen.</summary>
    public static bool IsVisible(string text) =>
        text.EnumerateRunes().Any(rune => !IsInvisible(rune) && !Rune.IsWhiteSpace(rune) && !Rune.IsControl(rune));

    /// <summary>
    /// Marks of format (zero-width and soft hyphens among them), what Unicode lets a font ignore (Default_Ignorable_Code_Point), and the blank
    /// pattern of Braille.
    /// </summary>
    private static bool IsInvisible(Rune rune) => Rune.GetUnicodeCategory(rune) == UnicodeCategory.Format || rune.Value is 0x034F or 0x115F or 0x1160
        or 0x17B4 or 0x17B5 or (>= 0x180B and <= 0x180F) or 0x2065 or 0x2800 or 0x3164 or (>= 0xFE00 and <= 0xFE0F) or 0xFFA0 or (>= 0xE0000 and <= 0xE0FFF);

    private static Rune BaseLetter(Rune rune) => rune.Value switch
    {
        >= 0xFF01 and <= 0xFF5E => new Rune(rune.Value - 0xFEE0), // full width
        (>= 0x2010 and <= 0x2015) or 0x2212 or 0xFE58 or 0xFE63 => new Rune('-'),
        '°' => new Rune('º'), // as in N°
        _ when Rune.GetUnicodeCategory(rune) == UnicodeCategory.SpaceSeparator => new Rune(' '),
        _ => rune,
    };

    /// <summary>A letter with a combining mark as one letter; null when Latin-1 has none.</summary>
    private static char? Compose(char letter, char mark)
    {
        if (!Marks.TryGetValue(mark, out var row) || row.Bases.IndexOf(char.ToUpperInvariant(letter)) is not (>= 0 and var i) || !char.IsAscii(letter)) return null;
        return char.IsLower(letter) ? char.ToLowerInvariant(row.Composed[i]) : row.Composed[i];
    }
}
