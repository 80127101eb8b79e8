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
    [property: Description("Number of past days from which the demand per day is computed. From 1 to 365. Default: 28")] int RateDays = 28,
    [property: Description("Lead time in days, for products without one of their own or their supplier's. From 0 to 365. Default: 7")]
        int LeadTimeDays = 7,
    [property: Description(
        "Number of hours after its automatic resolution in which an alert is reopened instead of a new one raised. "
            + "From 0 to 720. Default: 24"
    )]
        int ReopenHours = 24,
    [property: Description("Number of days without an issue after which a product on hand is slow moving. From 1 to 3650. Default: 90")]
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
    """
        {"overReceiptPercent":0,"timezone":"America/Caracas","pricesIncludeTax":false,"uniqueReferences":true,
         "alerts":{"rateDays":28,"leadTimeDays":7,"reopenHours":24,"slowMovingDays":90}}
        """
)]
public sealed record ChangeSettings(
    [property: Description(
        "Percentage by which receipts of a purchase order line may exceed the quantity ordered. From 0 to 100, at most 2 decimals"
    )]
        decimal? OverReceiptPercent,
    [property: Description("Settings of alerts. Default: the default of each field")] AlertSettings? Alerts = null,
    [property: Description("Time zone that defines days: a name of the IANA database, for example America/Caracas. Default: unchanged")]
        string? Timezone = null,
    [property: Description("Whether prices include tax in sales that do not specify it. Default: unchanged, initially false")]
        bool? PricesIncludeTax = null,
    [property: Description(
        "Whether a number of an outside system is refused when it is already used. "
            + "A sale's posTransactionId must be unique in its store. References of payments and of refunds must be unique in their sale, "
            + "and references of deliveries and of returns in their order. Default: unchanged, initially true"
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
    [EndpointSummary("Change all settings of the tenant")]
    [EndpointDescription(
        "The settings apply to every later command. "
            + "An omitted setting of alerts gets its default. An omitted timezone, pricesIncludeTax or uniqueReferences is unchanged. "
            + "Settings equal to the present ones change nothing. A new time zone applies to past days too, so reports of them may change."
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
