using Fluxion.Ledger.Http;

namespace Fluxion.Projections.Queries;

/// <param name="Products">The number of products on hand, now or at the moment.</param>
/// <param name="Value">On hand times moving average, each stock item rounded to 2 decimals.</param>
public sealed record StoreValueRow(string Store, string Name, long Products, decimal Value)
{
    public const string Select = """
        select v.code as store, v.name, v.products, v.value
        from (select s.id, s.code, s.name, count(*) filter (where i.quantity_on_hand <> 0) as products,
            sum(round(i.quantity_on_hand * i.cost_per_unit, 2)) as value
              from inventory i join stores s on s.id = i.store_id
              group by s.id) v
        where ($1::uuid[] is null or v.id = any($1))
        """;

    /// <summary>
    /// The value at one moment, from the events recorded by another. The function stock_value_as_of returns the same per stock item.
    /// </summary>
    /// <param name="p">Adds a parameter and returns its SQL name.</param>
    /// <param name="stores">The stores that the caller may see; null for all.</param>
    public static string SelectAsOf(Func<object?, string> p, Guid[]? stores, Moment? at, Moment? known) =>
        $"""
            select v.code as store, v.name, v.products, v.value
            from (select s.id, s.code, s.name, count(*) filter (where i.on_hand <> 0) as products,
                sum(round(i.on_hand * i.unit_cost, 2)) as value
                  from (select m.store_id, m.product_id, sum(m.quantity) as on_hand, last(m.average_cost, m.item_version) as unit_cost
                        from service_inventory_movements m
                        where {at?.By("m.created_at", p(at.Value.Parameter), LocalTime.OfStoreIn("m.store_id")) ?? "true"}
                          and {known?.By("m.recorded_at", p(known.Value.Parameter), LocalTime.OfTenant) ?? "true"}
                        group by m.store_id, m.product_id) i
                  join stores s on s.id = i.store_id
                  group by s.id) v
            where {(stores is null ? "true" : $"v.id = any({p(stores)})")}
            """;
}

public static class InventoryValueQueries
{
    [
        WolverineGet("/api/{tenant}/inventory/value", Name = "Value of inventory"),
        Authorize(Roles.Viewer),
        Tags("Stock"),
        HeavyWork(HeavyWork.Report)
    ]
    [EndpointSummary("List the value of stock by store, now or at a moment in the past")]
    [EndpointDescription(
        "Filter: store. asOf and knownAt have the same meaning as in the list of inventory. "
            + "The list omits a store without any movement, or without any by then."
    )]
    [ProducesResponseType<Page<StoreValueRow>>(200)]
    public static Task<IResult> List(
        string? store,
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
                ? query.Where(StoreValueRow.Select, Caller.From(http).StoreFilter)
                : query.AsOf(
                    asOf,
                    knownAt,
                    (at, known) => query.Where(p => StoreValueRow.SelectAsOf(p, Caller.From(http).StoreFilter, at, known))
                );
        return query
            .FilterNamed("v.code", "v.id", store)
            .Page<StoreValueRow>(databases, limit, after, SortOrder.ByText("v.code"), row => [row.Store]);
    }
}
