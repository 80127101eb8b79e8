using System.Buffers.Text;
using System.Globalization;
using System.Text.Json;

namespace Fluxion.Projections.Reading;

/// <summary>
/// The order of a list and its continuation after a row. The cursor is the key of the last row as an opaque text.
/// So pages neither repeat nor skip a row while other rows are inserted.
/// </summary>
/// <param name="By">The text after <c>order by</c>.</param>
/// <param name="After">The condition for later rows, with {0}, {1}, … for the values of the key.</param>
/// <param name="Parse">Parses the values of the key from texts. Returns null if the texts are not a key.</param>
public sealed record SortOrder(string By, string After, Func<string[], object[]?> Parse)
{
    /// <summary>Ascending by text columns that are unique together.</summary>
    public static SortOrder ByText(params string[] columns)
    {
        var names = string.Join(", ", columns);
        var values = string.Join(", ", columns.Select((_, i) => $"{{{i}}}"));
        return new SortOrder(names, $"({names}) > ({values})", texts => texts.Length == columns.Length ? texts : null);
    }

    /// <summary>Newest first; rows of the same moment are ordered by id.</summary>
    public static SortOrder NewestFirst(string time, string id) =>
        new(
            $"{time} desc, {id}",
            $"{time} <= {{0}} and ({time} < {{0}} or {id} > {{1}})",
            texts =>
                texts is [var at, var guid]
                && DateTimeOffset.TryParseExact(at, "O", CultureInfo.InvariantCulture, DateTimeStyles.RoundtripKind, out var timestamp)
                && Guid.TryParse(guid, out var key)
                    ? [timestamp.ToUniversalTime(), key]
                    : null
        );

    /// <summary>The cursor of a row with this key.</summary>
    public static string Cursor(params object[] key) =>
        Base64Url.EncodeToString(
            JsonSerializer.SerializeToUtf8Bytes(
                key.Select(k => k is DateTimeOffset at ? at.ToString("O", CultureInfo.InvariantCulture) : k.ToString())
            )
        );

    /// <summary>The key in a cursor, or null if the cursor does not belong to this order.</summary>
    public object[]? Key(string cursor)
    {
        try
        {
            var texts = JsonSerializer.Deserialize<string[]>(Base64Url.DecodeFromChars(cursor));
            return texts is null || texts.Any(t => t is null || t.Contains('\0')) ? null : Parse(texts);
        }
        catch (Exception e) when (e is FormatException or JsonException)
        {
            return null;
        }
    }
}
