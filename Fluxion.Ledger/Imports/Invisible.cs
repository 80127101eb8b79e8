using System.Globalization;

namespace Fluxion.Ledger.Imports;

/// <summary>White space and invisible characters of copied text: zero-width spaces, byte order marks, direction marks.</summary>
internal static class Invisible
{
    public static bool IsBlank(string text) => text.All(IsInvisible);

    public static string Trim(string text)
    {
        var (start, end) = (0, text.Length);
        while (start < end && IsInvisible(text[start]))
            start++;
        while (end > start && IsInvisible(text[end - 1]))
            end--;
        return text[start..end];
    }

    private static bool IsInvisible(char c) => char.IsWhiteSpace(c) || char.GetUnicodeCategory(c) == UnicodeCategory.Format;
}
