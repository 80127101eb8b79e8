using System.Text.Json.Serialization;

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
