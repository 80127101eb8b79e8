using System.Globalization;
using System.Text.Json;
using CsvHelper;
using Fluxion.Ledger.Time;
using Fluxion.Ledger.Validation;

namespace Fluxion.Projections.Reading;

/// <summary>
/// Writes rows as RFC 4180 CSV. Values have the same spelling as in the JSON, and nested values are JSON text. A text that a spreadsheet
/// would execute as a formula gets an apostrophe in front; so does a text that begins with an apostrophe. Negative numbers stay numbers.
/// </summary>
internal static class Csv
{
    private static readonly CsvWriterOptions Comma = CsvWriterOptions.Default with { Injection = CsvInjection.Escape };
    private static readonly CsvWriterOptions Semicolon = Comma with
    {
        Separator = ';',
        FormatProvider = new NumberFormatInfo { NumberDecimalSeparator = "," },
    };
    private static readonly JsonSerializerOptions Nested = new(JsonSerializerDefaults.Web)
    {
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <param name="header">Whether the first line contains the column names.</param>
    /// <param name="decimalComma">Whether numbers use a decimal comma, and semicolons separate fields.</param>
    public static string Write<T>(IEnumerable<T> rows, IReadOnlyList<Field> fields, bool header, bool decimalComma)
        where T : notnull
    {
        using var text = new StringWriter(CultureInfo.InvariantCulture);
        using (var csv = CsvWriter.Create(text, decimalComma ? Semicolon : Comma, leaveOpen: true))
        {
            if (header)
            {
                foreach (var field in fields)
                    csv.WriteField(field.Name);
                csv.EndRecord();
            }
            foreach (var row in rows)
            {
                foreach (var field in fields)
                    csv.WriteField(Text(field.Of(row)));
                csv.EndRecord();
            }
        }
        return text.ToString();
    }

    private static object? Text(object? value) =>
        value switch
        {
            string text when text.StartsWith('\'') => "'" + text,
            null or string => value,
            DateTimeOffset at => at.ToString(Timestamps.Format, CultureInfo.InvariantCulture),
            decimal number => Quantities.Normalize(number),
            bool flag => flag ? "true" : "false",
            JsonElement json => json.GetRawText(),
            ValueType => value,
            _ => JsonSerializer.Serialize(value, Nested),
        };
}
