using System.Globalization;
using NodaTime.Text;

namespace Fluxion.Ledger.Time;

/// <summary>Parses points in time and dates of requests and files.</summary>
public static class PointsInTime
{
    public const string Form = "must be a point in time with its offset from UTC (RFC 3339), for example 2026-11-24T10:00:00-04:00";
    public const string FormOrDate = Form + ", or a date, which means the start of that day in the store's time zone";
    public const string FormInQuery = FormOrDate + "; in an address write + as %2B";

    /// <summary>Parses an RFC 3339 date-time to UTC, to the microsecond; null for any other text.</summary>
    public static DateTimeOffset? Parse(string text)
    {
        // ISO 8601 allows a comma before fractions of a second, RFC 3339 does not
        if (text.Contains(',', StringComparison.Ordinal))
            return null;
        if (text.Length > 12 && text.AsSpan(11, 2) is "24")
            return null; // hour 24 ended a day in ISO 8601, and is invalid in RFC 3339
        // RFC 3339, 5.6: T and Z may be lower case
        var parsed = OffsetDateTimePattern.Rfc3339.Parse(text.ToUpperInvariant());
        return parsed.Success && IsCountable(parsed.Value.Year)
            ? Timestamps.ToMicroseconds(parsed.Value.ToInstant().ToDateTimeOffset())
            : null;
    }

    /// <summary>Parses a calendar date such as 2026-11-24; null for any other text.</summary>
    public static DateOnly? ParseDate(string text) =>
        DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var date) ? date : null;

    /// <summary>Parses a point in time, or a date as its start in <paramref name="zone"/>; null for any other text.</summary>
    public static DateTimeOffset? Parse(string text, Zone zone) =>
        ParseDate(text) is { } date && IsCountable(date.Year) ? zone.StartOf(date) : Parse(text);

    /// <summary>Whether two points in time differ by less than a second. A spreadsheet drops fractions of a second.</summary>
    public static bool IsSameSecond(DateTimeOffset one, DateTimeOffset other) => (one - other).Duration() < TimeSpan.FromSeconds(1);

    /// <summary>Whether a year is inside .NET's range in every time zone. The first and the last year are not.</summary>
    private static bool IsCountable(int year) => year is > 1 and < 9999;
}
