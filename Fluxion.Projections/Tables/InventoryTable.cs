using Fluxion.Ledger.Http;
using Fluxion.Ledger.Stock;
using Fluxion.Projections.Writing;

namespace Fluxion.Projections.Tables;

/// <summary>The table inventory: the current stock of each product in each store.</summary>
public sealed class InventoryTable : IReadModel
{
    private static readonly Table<(StockItem State, Change Last)> Table = new Table<(StockItem State, Change Last)>("inventory", "id")
        .Add("id", "uuid", r => r.State.Id)
        .Add("product_id", "uuid", r => r.State.ProductId)
        .Add("store_id", "uuid", r => r.State.StoreId)
        .Add("quantity_on_hand", "numeric", r => r.State.OnHand)
        .Add("quantity_reserved", "numeric", r => r.State.Reserved)
        .Add("last_movement_at", "timestamptz", r => r.State.LastMovementAt)
        .Add("cost_per_unit", "numeric", r => r.State.UnitCost)
        .Add("version", "bigint", r => r.Last.Event.Version)
        .AddOnce("created_at", "timestamptz", r => r.Last.RecordedAt())
        .Add("updated_at", "timestamptz", r => r.Last.RecordedAt());

    public void Write(IReadOnlyList<Change> changes, IRowWriter rows) => rows.Write(Table, changes.Latest<StockItem>());
}

/// <summary>The stock of a product in a store. A product that is on order for the first time has a row before it has stock.</summary>
/// <param name="OnHand">The quantity on hand; with asOf, on hand at that moment.</param>
/// <param name="Reserved">The reserved quantity. With asOf, reserved, available and onOrder are null, because they are known only for
/// now.</param>
/// <param name="OnOrder">The quantity that sent, confirmed and partial purchase orders have still to bring.</param>
/// <param name="CostPerUnit">The moving average per unit; null before the first movement.</param>
/// <param name="Value">On hand times unit cost, to 2 decimals.</param>
/// <param name="Version">The version of the stock item: it increases with every event, and is 0 before the first. An import compares it to
/// detect movements in the meantime. Null with asOf.</param>
public sealed record InventoryRow(
    string Store,
    string Sku,
    string Product,
    string UnitType,
    decimal OnHand,
    decimal? Reserved,
    decimal? Available,
    decimal? OnOrder,
    decimal ReorderPoint,
    decimal? CostPerUnit,
    decimal Value,
    DateTimeOffset? LastMovementAt,
    long? Version
)
{
    public const string Select = """
        with ordered as (
            select o.store_id, l.product_id, sum(greatest(l.quantity_ordered - l.quantity_received - l.quantity_cancelled, 0)) as quantity
            from purchase_orders o join purchase_order_items l on l.purchase_order_id = o.id and not l.is_removed
            where o.status in ('sent', 'confirmed', 'partial') group by o.store_id, l.product_id)
        select s.code as store, p.sku, p.name as product, p.unit_type, i.quantity_on_hand as on_hand, i.quantity_reserved as reserved,
               i.quantity_available as available, coalesce(o.quantity, 0) as on_order, p.reorder_point,
               case when i.last_movement_at is not null then i.cost_per_unit end as cost_per_unit,
               round(i.quantity_on_hand * i.cost_per_unit, 2) as value, i.last_movement_at, i.version
        from (select store_id, product_id, quantity_on_hand, quantity_reserved, quantity_available, cost_per_unit, last_movement_at, version
              from inventory
              union all
              select store_id, product_id, 0::numeric, 0::numeric, 0::numeric, 0::numeric, null::timestamptz, 0::bigint from ordered
              where quantity > 0 and not exists (select from inventory h where h.store_id = ordered.store_id
                  and h.product_id = ordered.product_id)) i
        join stores s on s.id = i.store_id
        join products p on p.id = i.product_id
        left join ordered o on o.store_id = i.store_id and o.product_id = i.product_id
        where ($1::uuid[] is null or i.store_id = any($1))
        """;

    /// <summary>
    /// The stock at one moment, from the events recorded by another, like the functions stock_as_of and stock_value_as_of.
    /// </summary>
    /// <param name="p">Adds a parameter and returns its SQL name.</param>
    /// <param name="stores">The stores that the caller may see; null for all.</param>
    /// <param name="store">The code or id of a store; null for all.</param>
    /// <param name="sku">The SKU or id of a product; null for all.</param>
    public static string SelectAsOf(Func<object?, string> p, Guid[]? stores, Moment? at, Moment? known, string? store, string? sku) =>
        $"""
            select s.code as store, p.sku, p.name as product, p.unit_type, i.on_hand, null::numeric as reserved, null::numeric as available,
                   null::numeric as on_order, p.reorder_point, i.unit_cost as cost_per_unit, round(i.on_hand * i.unit_cost, 2) as value,
                   i.last_movement_at, null::bigint as version
            from (select m.store_id, m.product_id, sum(m.quantity) as on_hand, max(m.created_at) as last_movement_at,
                         last(m.average_cost, m.item_version) as unit_cost
                  from service_inventory_movements m
                  where {at?.By("m.created_at", p(at.Value.Parameter), LocalTime.OfStoreIn("m.store_id")) ?? "true"}
                    and {known?.By("m.recorded_at", p(known.Value.Parameter), LocalTime.OfTenant) ?? "true"}
                    and {(store is null ? "true" : $"m.store_id = ({TenantQuery.IdOf("stores", "code", store, p)})")}
                    and {(sku is null ? "true" : $"m.product_id = ({TenantQuery.IdOf("products", "sku", sku, p)})")}
                  group by m.store_id, m.product_id) i
            join stores s on s.id = i.store_id
            join products p on p.id = i.product_id
            where {(stores is null ? "true" : $"i.store_id = any({p(stores)})")}
            """;
}

public static class InventoryQueries
{
    [WolverineGet("/api/{tenant}/inventory", Name = "List inventory"), Authorize(Roles.Viewer), Tags("Stock")]
    [EndpointSummary("List stock and quantities on order by store and sku, now or at a moment in the past")]
    [EndpointDescription(
        "Filters: store, sku, low=true (less than the reorder point is available; active products in active stores only). "
            + "Inactive products and stores are listed for their value, and are never low. "
            + "A product that is only on order, and was never in the store, is not low either. "
            + "asOf: the quantity on hand and its value at that moment. knownAt: the same from the movements recorded by that moment; "
            + "default: all movements recorded so far. "
            + "A date means the start of that day, for asOf in the store's time zone and for knownAt in the tenant's. "
            + "The two parameters tell a late delivery note from a change of stock."
    )]
    [ProducesResponseType<Page<InventoryRow>>(200)]
    public static Task<IResult> List(
        string? store,
        string? sku,
        bool? low,
        string? asOf,
        string? knownAt,
        int? limit,
        string? after,
        HttpContext http,
        Databases databases
    )
    {
        var query = TenantQuery.For(http);
        query =
            asOf is null && knownAt is null
                ? query
                    .Where(InventoryRow.Select, Caller.From(http).StoreFilter)
                    .Filter("(i.version > 0 and is_low(p.is_active, s.is_active, i.quantity_available, p.reorder_point)) = {0}", low)
                : query
                    .AsOf(
                        asOf,
                        knownAt,
                        (at, known) => query.Where(p => InventoryRow.SelectAsOf(p, Caller.From(http).StoreFilter, at, known, store, sku))
                    )
                    .Refuse("low", low is null ? null : "must be omitted with asOf and knownAt: it is known for the present only");
        return query
            .FilterNamed("s.code", "s.id", store)
            .FilterNamed("p.sku", "p.id", sku)
            .Page<InventoryRow>(databases, limit, after, SortOrder.ByText("s.code", "p.sku"), row => [row.Store, row.Sku]);
    }
}
