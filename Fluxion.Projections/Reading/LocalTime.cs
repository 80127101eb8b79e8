using System.Globalization;
using Fluxion.Ledger.Time;

namespace Fluxion.Projections.Reading;

/// <summary>The time zones by which queries count days, as SQL expressions.</summary>
internal static class LocalTime
{
    /// <summary>The tenant's zone.</summary>
    public const string OfTenant = "coalesce((select timezone from settings), 'UTC')";

    /// <summary>The tenant's zone, where the search path does not name the tenant's schema.</summary>
    public static string OfTenantIn(string schema) => $"coalesce((select timezone from {schema}.settings), 'UTC')";

    /// <summary>The zone of the store in the row s of stores.</summary>
    public const string OfStore = $"coalesce(s.timezone, {OfTenant})";

    /// <summary>The zone of the store whose id a column holds.</summary>
    public static string OfStoreIn(string column) => $"coalesce((select timezone from stores where id = {column}), {OfTenant})";
}

/// <summary>A point in time, or a day that begins by the clocks of a store.</summary>
/// <param name="At">Null for a day.</param>
/// <param name="Day">Null for a point in time.</param>
public readonly record struct Moment(DateTimeOffset? At, DateOnly? Day)
{
    /// <summary>A DateOnly or a DateTimeOffset.</summary>
    public object Parameter => Day is { } day ? day : At!.Value;

    /// <summary>Null for what is neither.</summary>
    public static Moment? Parse(string text) =>
        PointsInTime.ParseDate(text) is { } day ? new Moment(null, day) : PointsInTime.Parse(text) is { } at ? new Moment(at, null) : null;

    public override string ToString() => Day is { } day ? day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)
        : At!.Value.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFF'Z'", CultureInfo.InvariantCulture);

    /// <summary>The condition that something happened at this moment or later.</summary>
    /// <param name="column">A timestamptz.</param>
    /// <param name="parameter">Stands for <see cref="Parameter"/>.</param>
    /// <param name="zone">A SQL expression.</param>
    public string NotBefore(string column, string parameter, string zone) => Day is null ? $"{column} >= {parameter}"
        : $"({column} at time zone {zone})::date >= {parameter}::date and {column} >= {Bound(parameter, '-')}";

    /// <summary>The condition that something happened before this moment.</summary>
    public string Before(string column, string parameter, string zone) => Day is null ? $"{column} < {parameter}" : BeforeDay(column, parameter, zone);

    /// <summary>The condition that something had happened by this moment, the moment itself included; before a day began.</summary>
    public string By(string column, string parameter, string zone) => Day is null ? $"{column} <= {parameter}" : BeforeDay(column, parameter, zone);

    private static string BeforeDay(string column, string parameter, string zone) =>
        $"({column} at time zone {zone})::date < {parameter}::date and {column} < {Bound(parameter, '+')}";

    /// <summary>A day begins everywhere less than 16 hours from its beginning in UTC: by this the planner leaves out chunks and uses indexes.</summary>
    private static string Bound(string parameter, char sign) => $"(({parameter}::date {sign} interval '16 hours') at time zone 'UTC')";
}
