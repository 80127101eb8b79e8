using FluentValidation;
using Fluxion.Ledger.Catalog;
using Fluxion.Ledger.Decisions;
using Fluxion.Ledger.Session;
using Fluxion.Ledger.Tenancy;
using NodaTime;

namespace Fluxion.Ledger.Time;

/// <summary>
/// A time zone of the IANA database, by which days are counted: a day is a day where the shop is. Its rules come from NodaTime, so that they
/// do not depend on what the host's operating system has installed.
/// </summary>
/// <param name="Name">For example America/Caracas.</param>
public sealed record Zone(string Name)
{
    /// <summary>Where a tenant says nothing else.</summary>
    public static readonly Zone Utc = new("UTC");

    private readonly DateTimeZone _rules = DateTimeZoneProviders.Tzdb[Name];

    /// <summary>The zone of this name; UTC for null.</summary>
    /// <exception cref="NodaTime.TimeZones.DateTimeZoneNotFoundException">No such zone: names are validated where they enter.</exception>
    public static Zone Named(string? name) => name is null ? Utc : new(name);

    /// <summary>A store's own zone, else its tenant's.</summary>
    /// <param name="settings">Null where the tenant has never set any.</param>
    public static Zone For(Store? store, TenantSettings? settings) => Named(store?.Details.Timezone ?? settings?.Timezone);

    /// <summary>The date on a calendar there.</summary>
    public DateOnly DateOf(DateTimeOffset at) => Instant.FromDateTimeOffset(at).InZone(_rules).Date.ToDateOnly();

    /// <summary>The first moment of a day there: midnight, or later where clocks are put forward at midnight.</summary>
    public DateTimeOffset StartOf(DateOnly day) => _rules.AtStartOfDay(LocalDate.FromDateOnly(day)).ToInstant().ToDateTimeOffset();

    /// <summary>Why a text names no time zone; null when it names one.</summary>
    public static string? ValidationError(string name) => DateTimeZoneProviders.Tzdb.Ids.Contains(name, StringComparer.Ordinal) ? null
        : $"must be a time zone of the IANA database, for example America/Caracas{Suggestion(name)}";

    /// <summary>Zones whose names hold what was typed: "caracas" means America/Caracas.</summary>
    private static string Suggestion(string typed)
    {
        var wanted = typed.Trim().Replace(' ', '_');
        var similar = wanted.Length < 3 ? [] : DateTimeZoneProviders.Tzdb.Ids
            .Where(id => id.Contains(wanted, StringComparison.OrdinalIgnoreCase)).Take(3).ToList();
        return similar.Count == 0 ? "" : $"; did you mean {string.Join(" or ", similar)}?";
    }
}

public static class ZoneRules
{
    /// <summary>The name of a time zone that may be left out.</summary>
    public static IRuleBuilderOptions<T, string?> TimeZone<T>(this IRuleBuilder<T, string?> rule) => rule
        .Must(name => name is null || Zone.ValidationError(name) is null).WithMessage((_, name) => Zone.ValidationError(name!));

    /// <summary>The problem with a time zone that the database, which counts the days of reports by it, does not know.</summary>
    public static async Task<Refusal?> RefuseZone(this LedgerSession ledger, string? timezone, CancellationToken ct)
    {
        if (timezone is null) return null;
        await using var command = ledger.CreateCommand("select exists (select from pg_timezone_names where name = $1)", timezone);
        return await command.ExecuteScalarAsync(ct) is true ? null
            : Refusal.Invalid("timezone", $"must be a time zone that the database's server knows too, which '{timezone}' is not");
    }
}
