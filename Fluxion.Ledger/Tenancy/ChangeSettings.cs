using Fluxion.Ledger.Time;

namespace Fluxion.Ledger.Tenancy;

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
    /// <param name="settings">The settings before; null when the tenant has never changed any.</param>
    public static Decision Decide(ChangeSettings command, Guid tenantId, TenantSettings? settings)
    {
        var changed = new SettingsChanged(
            command.OverReceiptPercent!.Value,
            command.Alerts == AlertSettings.Default ? null : command.Alerts,
            command.Timezone ?? settings?.Timezone,
            command.PricesIncludeTax ?? settings?.PricesIncludeTax ?? false,
            command.UniqueReferences is { } unique ? !unique : settings?.AllowsRepeatedReferences ?? false
        );
        var isEqual = settings is not null && TenantSettings.Fold(tenantId, settings, changed) == settings;
        return Decision.Accept(DocumentEvents.Of<TenantSettings>(tenantId, isEqual ? [] : [changed]));
    }

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
                if (await ledger.RefuseZone(command.Timezone ?? settings?.Timezone, ct) is { } problem)
                    return problem;
                return ledger.Append(Decide(command, id, settings), _ => Reply.Ok(SettingsReply.From(ledger.State<TenantSettings>(id))));
            }
        );
}
