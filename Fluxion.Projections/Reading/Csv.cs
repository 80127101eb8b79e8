using System.Globalization;
using System.Reflection;
using System.Text.Json;
using CsvHelper;
using Fluxion.Ledger.Commands;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace Fluxion.Projections.Reading;

/// <summary>
/// Rows as RFC 4180 CSV with a header line, in the spelling of the JSON; nested values as JSON text. A text that a spreadsheet would run as a
/// formula has an apostrophe before it; numbers below zero stay numbers.
/// </summary>
internal static class Csv
{
    private static readonly CsvWriterOptions Options = CsvWriterOptions.Default with { Injection = CsvInjection.Escape };
    private static readonly JsonSerializerOptions Nested = new(JsonSerializerDefaults.Web) { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private static readonly MediaTypeHeaderValue CsvType = new("text/csv") { Charset = "utf-8" };
    private static readonly MediaTypeHeaderValue JsonType = new("application/json") { Charset = "utf-8" };

    /// <summary>Whether the client prefers CSV to JSON: of the ranges in Accept that include a type, the narrowest gives its quality (RFC 9110, 12.5.1).</summary>
    public static bool IsPreferred(HttpRequest request)
    {
        var ranges = request.GetTypedHeaders().Accept.OrderBy(r => r.MatchesAllTypes ? 2 : r.MatchesAllSubTypes ? 1 : 0).ToList();
        double Quality(MediaTypeHeaderValue type) => ranges.Where(type.IsSubsetOf).Select(range => range.Quality ?? 1).FirstOrDefault();
        return Quality(CsvType) > Quality(JsonType);
    }

    public static string Of<T>(IEnumerable<T> rows)
    {
        var properties = typeof(T).GetProperties(BindingFlags.Public | BindingFlags.Instance);
        using var text = new StringWriter(CultureInfo.InvariantCulture);
        using (var csv = CsvWriter.Create(text, Options, leaveOpen: true))
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

    private static object? Field(object? value) => value switch
    {
        null or string => value,
        DateTimeOffset at => at.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFF'Z'", CultureInfo.InvariantCulture),
        decimal number => Quantities.Plain(number),
        bool flag => flag ? "true" : "false",
        JsonElement json => json.GetRawText(),
        ValueType => value,
        _ => JsonSerializer.Serialize(value, Nested),
    };
}
