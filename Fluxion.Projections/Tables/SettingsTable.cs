using Fluxion.Ledger.Time;
using Fluxion.Projections.Writing;

namespace Fluxion.Projections.Tables;

/// <summary>The table settings: the settings of the tenant, in one row.</summary>
public sealed class SettingsTable : IReadModel
{
    private static readonly Table<(TenantSettings State, Change Last)> Table = new Table<(TenantSettings State, Change Last)>(
        "settings",
        "id"
    )
        .Add("id", "uuid", r => r.State.Id)
        .Add("timezone", "text", r => r.State.Timezone ?? Zone.Utc.Name)
        .Add("over_receipt_percent", "numeric", r => r.State.OverReceiptPercent)
        .Add("prices_include_tax", "boolean", r => r.State.PricesIncludeTax)
        .Add("unique_references", "boolean", r => !r.State.AllowsRepeatedReferences)
        .AddText("alerts", "jsonb", r => Json.Text(r.State.Alerts))
        .Add("version", "bigint", r => r.Last.Event.Version)
        .AddOnce("created_at", "timestamptz", r => r.Last.RecordedAt())
        .Add("updated_at", "timestamptz", r => r.Last.RecordedAt());

    public void Write(IReadOnlyList<Change> changes, IRowWriter rows) => rows.Write(Table, changes.Latest<TenantSettings>());
}

public static class SettingsQuery
{
    [WolverineGet("/api/{tenant}/settings", Name = "Get settings"), Authorize(Roles.Admin), Tags("Settings")]
    [EndpointSummary("Get the settings of the tenant")]
    [ProducesResponseType<SettingsReply>(200)]
    public static Task<IResult> Get(HttpContext http, Databases databases) =>
        TenantQuery
            .For(http)
            .Where(
                """
                select coalesce(s.over_receipt_percent, 0) as over_receipt_percent, coalesce(s.alerts, '{}') as alerts,
                       coalesce(s.timezone, 'UTC') as timezone,
                       coalesce(s.prices_include_tax, false) as prices_include_tax, coalesce(s.unique_references, true) as unique_references
                from (select) one left join settings s on true
                """
            )
            .One<SettingsReply>(databases, "settings", "");
}
