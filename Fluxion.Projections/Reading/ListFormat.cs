using Fluxion.Ledger.Decisions;
using Microsoft.Net.Http.Headers;

namespace Fluxion.Projections.Reading;

/// <summary>A format of a list in a response.</summary>
public sealed class ListFormat
{
    public static readonly ListFormat Json = new("application/json");
    public static readonly ListFormat Csv = new("text/csv");

    /// <summary>CSV for locales with a decimal comma: semicolons separate fields.</summary>
    public static readonly ListFormat CsvWithDecimalComma = new("text/csv");

    /// <summary>JSON Lines: one row per line.</summary>
    public static readonly ListFormat JsonLines = new("application/x-ndjson");

    public const string DecimalsParameter = "decimals";

    private static readonly ListFormat[] All = [Json, Csv, JsonLines];

    private readonly MediaTypeHeaderValue _type;

    private ListFormat(string mediaType) => (MediaType, _type) = (mediaType, new MediaTypeHeaderValue(mediaType) { Charset = "utf-8" });

    public string MediaType { get; }

    /// <summary>
    /// The format that the client prefers. The narrowest range in Accept that includes a type gives its quality (RFC 9110, 12.5.1).
    /// The default is JSON. The query parameter <c>decimals</c> selects the decimal separator of CSV.
    /// </summary>
    public static (ListFormat Format, Refusal? Problem) PreferredBy(HttpRequest request)
    {
        var decimals = request.Query[DecimalsParameter].FirstOrDefault();
        if (decimals is not (null or "point" or "comma"))
            return (Json, Refusal.Invalid(DecimalsParameter, "must be point or comma"));
        var ranges = request
            .GetTypedHeaders()
            .Accept.OrderBy(r =>
                r.MatchesAllTypes ? 2
                : r.MatchesAllSubTypes ? 1
                : 0
            )
            .ToList();
        var preferred = All.MaxBy(format => ranges.Where(format._type.IsSubsetOf).Select(range => range.Quality ?? 1).FirstOrDefault())!;
        return (preferred == Csv && decimals == "comma" ? CsvWithDecimalComma : preferred, null);
    }
}
