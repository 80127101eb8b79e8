using System.Globalization;
using System.Text.Json;
using CsvHelper;
using Fluxion.Ledger.Validation;

namespace Fluxion.Projections.Reading;

/// <summary>
/// Rows as RFC 4180 CSV, in the spelling of the JSON; nested values as JSON text. A text that a spreadsheet would run as a formula has an
/// apostrophe before it, and so has one that begins with an apostrophe; numbers below zero stay numbers.
/// </summary>
internal static class Csv
{
    private static readonly CsvWriterOptions Comma = CsvWriterOptions.Default with { Injection = CsvInjection.Escape };
    private static readonly CsvWriterOptions Semicolon = Comma with { Separator = ';', FormatProvider = new NumberFormatInfo { NumberDecimalSeparator = "," } };
    private static readonly JsonSerializerOptions Nested = new(JsonSerializerDefaults.Web) { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <param name="header">Whether a line with the names comes first.</param>
    /// <param name="decimalComma">Whether numbers have a decimal comma, and semicolons separate fields.</param>
    public static string Write<T>(IEnumerable<T> rows, IReadOnlyList<Field> fields, bool header, bool decimalComma) where T : notnull
    {
        using var text = new StringWriter(CultureInfo.InvariantCulture);
        using (var csv = CsvWriter.Create(text, decimalComma ? Semicolon : Comma, leaveOpen: true))
        {
            if (header)
            {
                foreach (var field in fields) csv.WriteField(field.Name);
                csv.EndRecord();
            }
            foreach (var row in rows)
            {
                foreach (var field in fields) csv.WriteField(Text(field.Of(row)));
                csv.EndRecord();
            }
        }
        return text.ToString();
    }

    private static object? Text(object? value) => value switch
    {
        string text when text.StartsWith('\'') => "'" + text,
        null or string => value,
        DateTimeOffset at => at.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFF'Z'", CultureInfo.InvariantCulture),
        decimal number => Quantities.Normalize(number),
        bool flag => flag ? "true" : "false",
        JsonElement json => json.GetRawText(),
        ValueType => value,
        _ => JsonSerializer.Serialize(value, Nested),
    };
}
