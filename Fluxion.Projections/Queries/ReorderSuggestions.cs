using Fluxion.Ledger.Http;
using Fluxion.Ledger.Validation;
using Npgsql;

namespace Fluxion.Projections.Queries;

/// <param name="Available">On hand less reserved.</param>
/// <param name="OnOrder">The quantity that sent, confirmed and partial purchase orders have still to bring.</param>
/// <param name="Drafted">The quantity in draft purchase orders.</param>
/// <param name="RatePerDay">The quantity issued and sold less returned, per day, over the tenant's rateDays.</param>
/// <param name="PackSize">The pack size. Orders are multiples of it.</param>
/// <param name="Quantity">The quantity to order, in packs. With maxStockLevel it is the most packs that fit under that level, but at least
/// enough to reach the reorder point. Without one it is the fewest packs that reach a target level. The target is double the reorder point,
/// or the reorder point plus the demand in the lead time if that is more.</param>
public sealed record ReorderSuggestionRow(
    string Store,
    string Sku,
    string Product,
    string? Supplier,
    decimal OnHand,
    decimal Reserved,
    decimal Available,
    decimal OnOrder,
    decimal Drafted,
    decimal InTransit,
    decimal ReorderPoint,
    decimal? MaxStockLevel,
    decimal RatePerDay,
    int LeadTimeDays,
    decimal PackSize,
    decimal Quantity
)
{
    public static string Select(Tenant tenant) =>
        $"""
            {StockPositions.Select} {StockPositions.From(tenant.Schema)}
            where {StockPositions.BelowReorderPoint(tenant.Schema)} and ($1::uuid[] is null or i.store_id = any($1))
            """;

    public static ReorderSuggestionRow Read(NpgsqlDataReader r)
    {
        var p = r.Row<StockPositions.Position>();
        return new(
            p.Store,
            p.Sku,
            p.Product,
            p.Supplier,
            p.OnHand,
            p.Reserved,
            p.Available,
            p.OnOrder,
            p.Drafted,
            p.InTransit,
            p.ReorderPoint,
            p.MaxStockLevel,
            Quantities.Normalize(Quantities.Round(p.RatePerDay, 3)),
            p.LeadTimeDays,
            p.PackSize,
            p.Reorder.Quantity(p.Available + p.OnOrder + p.Drafted + p.InTransit, p.RatePerDay)
        );
    }
}

public static class ReorderSuggestionsQuery
{
    [
        WolverineGet("/api/{tenant}/reorder-suggestions", Name = "List reorder suggestions"),
        Authorize(Roles.Viewer),
        Tags("Purchasing"),
        HeavyWork(HeavyWork.Report)
    ]
    [EndpointSummary("Suggest orders by store and sku")]
    [EndpointDescription(
        "Filters: store, supplier. "
            + "The list has every active product that its store has or had and whose inventory position is below the reorder point. "
            + "The inventory position is available + on order + drafted + in transit. "
            + "POST /purchase-orders/from-suggestions drafts the orders."
    )]
    [ProducesResponseType<Page<ReorderSuggestionRow>>(200)]
    public static Task<IResult> List(string? store, string? supplier, int? limit, string? after, HttpContext http, Databases databases) =>
        TenantQuery
            .For(http)
            .Where(ReorderSuggestionRow.Select(http.Features.Get<Tenant>()!), Caller.From(http).StoreFilter)
            .FilterNamed("s.code", "s.id", store)
            .FilterNamed("v.code", "v.id", supplier)
            .Page(
                databases,
                limit,
                after,
                SortOrder.ByText("s.code", "p.sku"),
                row => [row.Store, row.Sku],
                read: ReorderSuggestionRow.Read
            );
}
