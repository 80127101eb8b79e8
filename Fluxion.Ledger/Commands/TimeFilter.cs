using System.Globalization;

namespace Fluxion.Ledger.Commands;

/// <summary>Points in time in a query string or a file.</summary>
public static class TimeFilter
{
    public const string Plainly = "is a date (2026-11-24) or a point in time with its offset (2026-11-24T10:00:00-04:00)";
    public const string Form = Plainly + "; in an address write + as %2B";

    private static readonly string[] Formats = ["yyyy-MM-dd", "yyyy-MM-dd'T'HH:mm:sszzz", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFzzz", "yyyy-MM-dd'T'HH:mm:ss'Z'", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'"];

    /// <summary>In UTC, and a date is its beginning in UTC; null for what is no point in time.</summary>
    public static DateTimeOffset? Parse(string text) =>
        DateTimeOffset.TryParseExact(text, Formats, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at) ? at.ToUniversalTime() : null;
}
