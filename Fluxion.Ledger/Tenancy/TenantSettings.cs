using System.Text.Json.Serialization;
using Fluxion.Ledger.Access;
using Fluxion.Ledger.Http;
using Fluxion.Ledger.Time;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Wolverine.Http;

namespace Fluxion.Ledger.Tenancy;

/// <summary>The settings by which alerts are raised.</summary>
public sealed record AlertSettings(
    [property: Description("From 1 to 365: over how many days the rate at which a product goes is taken; 28 when left out")]
        int RateDays = 28,
    [property: Description("From 0 to 365: from an order to its goods, unless product or supplier say otherwise; 7 when left out")]
        int LeadTimeDays = 7,
    [property: Description(
        "From 0 to 720: how many hours after it resolved by itself an alert is reopened in place of a new one; 24 when left out"
    )]
        int ReopenHours = 24,
    [property: Description("From 1 to 3650: slow moving is what is on hand and has not been issued for so many days; 90 when left out")]
        int SlowMovingDays = 90
)
{
    public static readonly AlertSettings Default = new();

    public sealed class Validator : AbstractValidator<AlertSettings>
    {
        public Validator()
        {
            Between(a => a.RateDays, 1, 365);
            Between(a => a.LeadTimeDays, 0, 365);
            Between(a => a.ReopenHours, 0, 720);
            Between(a => a.SlowMovingDays, 1, 3650);
        }

        private void Between(System.Linq.Expressions.Expression<Func<AlertSettings, int>> field, int least, int most) =>
            RuleFor(field).InclusiveBetween(least, most).WithMessage($"must be between {least} and {most}");
    }
}

/// <param name="Timezone">The time zone. Null means UTC, and in events older than this setting.</param>
public sealed record SettingsChanged(
    decimal OverReceiptPercent,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] AlertSettings? Alerts = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Timezone = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] bool PricesIncludeTax = false,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] bool AllowsRepeatedReferences = false
);

/// <summary>A tenant's settings; their stream has the tenant's id. Before the first change, every setting has its default.</summary>
/// <param name="OverReceiptPercent">The percentage by which the receipts of a purchase order line may exceed the ordered quantity.</param>
/// <param name="Alerts">The settings of alerts; null for <see cref="AlertSettings.Default"/>.</param>
/// <param name="Timezone">The time zone by which days are counted in all stores without one of their own; null for UTC.</param>
/// <param name="PricesIncludeTax">Whether prices include tax in sales that do not specify it.</param>
/// <param name="AllowsRepeatedReferences">Whether a reference number of an outside system may be used for more than one document.</param>
public sealed record TenantSettings(
    Guid Id,
    decimal OverReceiptPercent,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] AlertSettings? Alerts = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Timezone = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] bool PricesIncludeTax = false,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] bool AllowsRepeatedReferences = false
) : IAggregate<TenantSettings>
{
    public static TenantSettings Fold(Guid id, TenantSettings? settings, object @event) =>
        @event switch
        {
            SettingsChanged e => new TenantSettings(
                id,
                e.OverReceiptPercent,
                e.Alerts,
                e.Timezone,
                e.PricesIncludeTax,
                e.AllowsRepeatedReferences
            ),
            _ => throw new UnknownEventException(typeof(TenantSettings), @event),
        };
}

/// <summary>Replaces all settings of the tenant.</summary>
[Example(
    """{"overReceiptPercent":0,"timezone":"America/Caracas","pricesIncludeTax":false,"uniqueReferences":true,"alerts":{"rateDays":28,"leadTimeDays":7,"reopenHours":24,"slowMovingDays":90}}"""
)]
public sealed record ChangeSettings(
    [property: Description(
        "From 0 to 100, at most 2 decimals: how much more than ordered may be received of each line of a purchase order"
    )]
        decimal? OverReceiptPercent,
    [property: Description("By what alerts are raised; the usual when left out")] AlertSettings? Alerts = null,
    [property: Description(
        "Name of a time zone of the IANA database, for example America/Caracas: by it days are counted; kept as it is when left out"
    )]
        string? Timezone = null,
    [property: Description("Whether prices of sales that do not say so include tax; kept as it is when left out, at first false")]
        bool? PricesIncludeTax = null,
    [property: Description(
        "Whether numbers of outside systems are refused when they name something already: a sale's posTransactionId in its store, a reference of payments and of refunds in their sale, that of a delivery or of a return in its order. Kept as it is when left out, at first true"
    )]
        bool? UniqueReferences = null
)
{
    public sealed class Validator : AbstractValidator<ChangeSettings>
    {
        public Validator()
        {
            RuleFor(c => c.OverReceiptPercent)
                .NotNull()
                .WithMessage("is required")
                .Must(p => p is null || (p is >= 0 and <= 100 && Quantities.HasDecimals(p.Value, 2)))
                .WithMessage("must be a percentage from 0 to 100 with at most 2 decimals");
            RuleFor(c => c.Alerts!).SetValidator(new AlertSettings.Validator());
            RuleFor(c => c.Timezone).TimeZone();
        }
    }
}

/// <param name="Timezone">The time zone by which days are counted in all stores without one of their own.</param>
/// <param name="PricesIncludeTax">Whether prices include tax in sales that do not specify it.</param>
/// <param name="UniqueReferences">Whether a reference number of an outside system is refused when it is already used.</param>
public sealed record SettingsReply(
    decimal OverReceiptPercent,
    AlertSettings Alerts,
    string Timezone,
    bool PricesIncludeTax,
    bool UniqueReferences
)
{
    /// <param name="settings">The settings; null when the tenant has never changed any.</param>
    public static SettingsReply From(TenantSettings? settings) =>
        new(
            settings?.OverReceiptPercent ?? 0,
            settings?.Alerts ?? AlertSettings.Default,
            settings?.Timezone ?? Zone.Utc.Name,
            settings?.PricesIncludeTax ?? false,
            !(settings?.AllowsRepeatedReferences ?? false)
        );
}

public static class ChangeSettingsEndpoint
{
    [WolverinePut("/api/{tenant}/settings", Name = "Change settings"), Authorize(Roles.Admin), Tags("Settings")]
    [EndpointSummary("Set the tenant's own rules")]
    [EndpointDescription(
        "All of them are set anew and hold for every command from then on; of alerts, what is left out is as usual, the time zone stays. "
            + "Setting them to what they are changes nothing. With another time zone days are counted by it from then on, those of the past too: reports of them may change."
    )]
    [ProducesResponseType<SettingsReply>(200)]
    public static Task<IResult> Put(ChangeSettings command, LedgerSession ledger, HttpContext http) =>
        ledger.Run(
            http,
            command,
            async ct =>
            {
                var id = ledger.Tenant.Id;
                var settings = (await ledger.Lock<TenantSettings>([id], create: true, ct))[id];
                var alerts = command.Alerts == AlertSettings.Default ? null : command.Alerts;
                var timezone = command.Timezone ?? settings?.Timezone;
                if (await ledger.RefuseZone(timezone, ct) is { } problem)
                    return problem;
                var changed = new SettingsChanged(
                    command.OverReceiptPercent!.Value,
                    alerts,
                    timezone,
                    command.PricesIncludeTax ?? settings?.PricesIncludeTax ?? false,
                    command.UniqueReferences is { } unique ? !unique : settings?.AllowsRepeatedReferences ?? false
                );
                if (settings is null || TenantSettings.Fold(id, settings, changed) != settings)
                    settings = ledger.Append<TenantSettings>(id, changed);
                return Reply.Ok(SettingsReply.From(settings));
            }
        );
}
