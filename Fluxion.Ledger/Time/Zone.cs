using Fluxion.Ledger.Catalog;
using Fluxion.Ledger.Tenancy;
using NodaTime;

namespace Fluxion.Ledger.Time;

/// <summary>
/// A time zone of the IANA database. It defines the shop's calendar days. Its rules come from NodaTime, so they do not depend on the
/// host's operating system.
/// </summary>
/// <param name="Name">The zone's IANA name, for example America/Caracas.</param>
public sealed record Zone(string Name)
{
    /// <summary>The default for a tenant without a time zone.</summary>
    public static readonly Zone Utc = new("UTC");

    private readonly DateTimeZone _rules = DateTimeZoneProviders.Tzdb[Name];

    /// <summary>The zone of this name; UTC for null.</summary>
    /// <exception cref="NodaTime.TimeZones.DateTimeZoneNotFoundException">There is no such zone. Names are validated on input.</exception>
    public static Zone Named(string? name) => name is null ? Utc : new(name);

    /// <summary>The store's own zone, else its tenant's, else UTC.</summary>
    /// <param name="settings">The tenant's settings; null when it has never set any.</param>
    public static Zone For(Store? store, TenantSettings? settings) => Named(store?.Details.Timezone ?? settings?.Timezone);

    /// <summary>The local date of a point in time.</summary>
    public DateOnly DateOf(DateTimeOffset at) => Instant.FromDateTimeOffset(at).InZone(_rules).Date.ToDateOnly();

    /// <summary>The first moment of a local day: midnight, or later where clocks are put forward at midnight.</summary>
    public DateTimeOffset StartOf(DateOnly day) => _rules.AtStartOfDay(LocalDate.FromDateOnly(day)).ToInstant().ToDateTimeOffset();

    /// <summary>The error in the name of a time zone; null when it is valid.</summary>
    public static string? ValidationError(string name) =>
        DateTimeZoneProviders.Tzdb.Ids.Contains(name, StringComparer.Ordinal)
            ? null
            : $"must be a time zone of the IANA database, for example America/Caracas{Suggestion(name)}";

    /// <summary>Suggests up to 3 zones whose names contain the text: "caracas" suggests America/Caracas.</summary>
    private static string Suggestion(string typed)
    {
        var wanted = typed.Trim().Replace(' ', '_');
        var similar =
            wanted.Length < 3
                ? []
                : DateTimeZoneProviders.Tzdb.Ids.Where(id => id.Contains(wanted, StringComparison.OrdinalIgnoreCase)).Take(3).ToList();
        return similar.Count == 0 ? "" : $"; did you mean {string.Join(" or ", similar)}?";
    }
}

public static class ZoneRules
{
    /// <summary>The optional name of a time zone.</summary>
    public static IRuleBuilderOptions<T, string?> TimeZone<T>(this IRuleBuilder<T, string?> rule) =>
        rule.Must(name => name is null || Zone.ValidationError(name) is null).WithMessage((_, name) => Zone.ValidationError(name!));

    /// <summary>Refuses a time zone that the database does not know, because the database counts the days of reports.</summary>
    public static async Task<Refusal?> RefuseZone(this LedgerSession ledger, string? timezone, CancellationToken ct)
    {
        if (timezone is null)
            return null;
        await using var command = ledger.CreateCommand("select exists (select from pg_timezone_names where name = $1)", timezone);
        return await command.ExecuteScalarAsync(ct) is true
            ? null
            : Refusal.Invalid("timezone", $"must be a time zone that the database server also knows: '{timezone}' is unknown to it");
    }
}
