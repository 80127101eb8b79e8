using System.Collections;
using System.Globalization;
using System.Reflection;
using System.Text.Json;
using CsvHelper;

namespace Fluxion.Projections.Reading;

/// <summary>Rows as RFC 4180 CSV with a header line, in the spelling of the JSON; nested values as JSON text.</summary>
internal static class Csv
{
    public static string Of<T>(IEnumerable<T> rows)
    {
        var properties = typeof(T).GetProperties(BindingFlags.Public | BindingFlags.Instance);
        using var text = new StringWriter(CultureInfo.InvariantCulture);
        using (var csv = CsvWriter.Create(text, CsvWriterOptions.Default, leaveOpen: true))
        {
            foreach (var property in properties) csv.WriteField(JsonNamingPolicy.CamelCase.ConvertName(property.Name));
            csv.EndRecord();
            foreach (var row in rows)
            {
                foreach (var property in properties) csv.WriteField(Field(property.GetValue(row)));
                csv.EndRecord();
            }
        }
        return text.ToString();
    }

    private static string? Field(object? value) => value switch
    {
        null => null,
        string text => text,
        DateTimeOffset at => at.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFF'Z'", CultureInfo.InvariantCulture),
        decimal number => number.ToString("0.############", CultureInfo.InvariantCulture),
        bool flag => flag ? "true" : "false",
        JsonElement json => json.GetRawText(),
        IEnumerable list => JsonSerializer.Serialize(list),
        IFormattable other => other.ToString(null, CultureInfo.InvariantCulture),
        _ => value.ToString(),
    };
}
