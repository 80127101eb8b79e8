using System.Globalization;
using Fluxion.Ledger.Time;

namespace Fluxion.Projections.Reading;

/// <summary>SQL expressions for the time zones in which queries count days.</summary>
internal static class LocalTime
{
    /// <summary>The tenant's time zone.</summary>
    public const string OfTenant = "coalesce((select timezone from settings), 'UTC')";

    /// <summary>The tenant's time zone, for a search path without the tenant's schema.</summary>
    public static string OfTenantIn(string schema) => $"coalesce((select timezone from {schema}.settings), 'UTC')";

    /// <summary>The time zone of the store in the row s of stores.</summary>
    public const string OfStore = $"coalesce(s.timezone, {OfTenant})";

    /// <summary>The time zone of the store whose id is in a column.</summary>
    public static string OfStoreIn(string column) => $"coalesce((select timezone from stores where id = {column}), {OfTenant})";
}

/// <summary>A point in time, or a day that begins in the time zone of a store.</summary>
/// <param name="At">Null for a day.</param>
/// <param name="Day">Null for a point in time.</param>
public readonly record struct Moment(DateTimeOffset? At, DateOnly? Day)
{
    /// <summary>The value of the SQL parameter: a DateOnly or a DateTimeOffset.</summary>
    public object Parameter => Day is { } day ? day : At!.Value;

    /// <summary>Parses a date or a point in time. Returns null for any other text.</summary>
    public static Moment? Parse(string text) =>
        PointsInTime.ParseDate(text) is { } day ? new Moment(null, day)
        : PointsInTime.Parse(text) is { } at ? new Moment(at, null)
        : null;

    public override string ToString() =>
        Day is { } day
            ? day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)
            : At!.Value.UtcDateTime.ToString(Timestamps.Format, CultureInfo.InvariantCulture);

    /// <summary>The condition that something happened at or after this moment.</summary>
    /// <param name="column">The name of a timestamptz column.</param>
    /// <param name="parameter">The SQL name of <see cref="Parameter"/>.</param>
    /// <param name="zone">The time zone as a SQL expression.</param>
    public string NotBefore(string column, string parameter, string zone) =>
        Day is null
            ? $"{column} >= {parameter}"
            : $"({column} at time zone {zone})::date >= {parameter}::date and {column} >= {Bound(parameter, '-')}";

    /// <summary>The condition that something happened before this moment.</summary>
    public string Before(string column, string parameter, string zone) =>
        Day is null ? $"{column} < {parameter}" : BeforeDay(column, parameter, zone);

    /// <summary>
    /// The condition that something happened at or before this moment. If the moment is a day, the condition is before the day begins.
    /// </summary>
    public string By(string column, string parameter, string zone) =>
        Day is null ? $"{column} <= {parameter}" : BeforeDay(column, parameter, zone);

    private static string BeforeDay(string column, string parameter, string zone) =>
        $"({column} at time zone {zone})::date < {parameter}::date and {column} < {Bound(parameter, '+')}";

    /// <summary>
    /// A day begins in every time zone less than 16 hours from its beginning in UTC. This bound lets the planner prune chunks and use
    /// indexes.
    /// </summary>
    private static string Bound(string parameter, char sign) => $"(({parameter}::date {sign} interval '16 hours') at time zone 'UTC')";
}
