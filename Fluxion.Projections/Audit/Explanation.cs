using System.Runtime.CompilerServices;
using Fluxion.Ledger.Validation;

namespace Fluxion.Projections.Audit;

/// <summary>Explains the quantity on hand at a moment by its movements.</summary>
/// <param name="At">The moment, a point in time or a date. Null: now.</param>
/// <param name="OnHand">The quantity on hand then. It equals the balance of the last movement, and the result of stock_as_of and
/// asOf.</param>
/// <param name="UnitCost">The moving average at that moment, in the order recorded.</param>
/// <param name="Value">On hand times unit cost, to 2 decimals.</param>
/// <param name="Message">The reason why there are no movements; null if there are some.</param>
/// <param name="Items">The movements in the order in which they occurred, at most <c>limit</c>.</param>
/// <param name="Next">The value of <c>after</c> for the next page. Null on the last page.</param>
public sealed record Explanation(
    string Store,
    string Sku,
    string Product,
    string UnitType,
    string? At,
    decimal OnHand,
    decimal UnitCost,
    decimal Value,
    string? Message,
    IReadOnlyList<ExplainedMovement> Items,
    string? Next
);

/// <param name="OccurredAt">The time at which it happened in the shop.</param>
/// <param name="RecordedAt">The time at which the ledger learned of it.</param>
/// <param name="Document">The type of the document: receipt, sale, transfer, count, …</param>
/// <param name="Reference">The number of the document.</param>
/// <param name="Reason">The reason of a movement without sale or purchase. late_movement: a count had already seen a movement that was
/// recorded after it.</param>
/// <param name="User">The user who caused it; null if the system did.</param>
/// <param name="Quantity">The signed change of on hand.</param>
/// <param name="Balance">On hand after the movement: the sum of all quantities up to it.</param>
/// <param name="UnitCost">The cost of one unit of the movement.</param>
/// <param name="Value">Quantity times unit cost, to 2 decimals, signed.</param>
/// <param name="AverageCost">The moving average after the movement, in the order recorded.</param>
/// <param name="Place">The position in the stream of the stock item, in the order recorded.</param>
public sealed record ExplainedMovement(
    DateTimeOffset OccurredAt,
    DateTimeOffset RecordedAt,
    string Document,
    Guid? DocumentId,
    string? Reference,
    string? Reason,
    string? User,
    decimal Quantity,
    decimal Balance,
    decimal UnitCost,
    decimal Value,
    decimal AverageCost,
    long Place
)
{
    /// <summary>The movements of a product in a store up to a moment.</summary>
    /// <param name="p">Adds a parameter and returns its SQL name.</param>
    public static string Select(Func<object?, string> p, Guid storeId, Guid productId, Moment? at) =>
        $"""
            select e.created_at as occurred_at, e.recorded_at, e.reference_type as document, e.reference_id as document_id, e.reference,
                   e.reason,
                   e.email as "user", e.quantity, e.balance, e.cost_per_unit as unit_cost, e.total_cost as value, e.average_cost,
                   e.item_version as place
            from (
                select m.created_at, m.recorded_at, m.reference_type, m.reference_id, m.reference, m.reason, u.email::text as email,
                       m.quantity,
                       sum(m.quantity) over (order by m.created_at, m.item_version) as balance, m.cost_per_unit, m.total_cost,
                       m.average_cost, m.item_version
                from service_inventory_movements m left join users u on u.id = m.created_by
                where m.store_id = {p(storeId)} and m.product_id = {p(productId)}
                  and {at?.By("m.created_at", p(at.Value.Parameter), LocalTime.OfStoreIn(p(storeId))) ?? "true"}) e
            where true
            """;
}

/// <summary>One product in one store, as identified by references, with its quantity on hand at a moment.</summary>
/// <param name="StoreId">The id of the store; null if there is no such store.</param>
/// <param name="ProductId">The id of the product; null if there is no such product.</param>
/// <param name="FirstAt">The time of the first movement; null if there is none.</param>
/// <param name="HasMoved">Whether there was a movement by the moment.</param>
public sealed record ExplainedItem(
    Guid? StoreId,
    string? Store,
    Guid? ProductId,
    string? Sku,
    string? Product,
    string? UnitType,
    decimal OnHand,
    decimal UnitCost,
    DateTimeOffset? FirstAt,
    bool HasMoved
)
{
    private static string Select(string store, string sku, string happened) =>
        $"""
            select s.id as store_id, s.code as store, p.id as product_id, p.sku, p.name as product, p.unit_type,
                   coalesce(m.on_hand, 0) as on_hand,
                   coalesce(m.unit_cost, 0) as unit_cost, m.first_at, coalesce(m.has_moved, false) as has_moved
            from (values (1)) one
            left join stores s on {store}::text[] && array[s.code, upper(s.id::text)]::text[]
            left join products p on {sku}::text[] && array[p.sku, upper(p.id::text)]::text[]
            left join lateral (
                select sum(m.quantity) filter (where {happened}) as on_hand, min(m.created_at) as first_at,
                       bool_or({happened}) as has_moved,
                       (array_agg(m.average_cost order by m.item_version desc) filter (where {happened}))[1] as unit_cost
                from service_inventory_movements m where m.store_id = s.id and m.product_id = p.id) m on true
            order by s.code = ({store}::text[])[1] desc, p.sku = ({sku}::text[])[1] desc
            """;

    /// <param name="store">The code or id of the store.</param>
    /// <param name="sku">The SKU or id of the product.</param>
    /// <param name="at">The moment; null: now.</param>
    public static async Task<ExplainedItem> Find(
        Databases databases,
        Tenant tenant,
        string store,
        string sku,
        Moment? at,
        CancellationToken ct
    )
    {
        await foreach (
            var item in Rows<ExplainedItem>(
                databases,
                tenant,
                p =>
                {
                    var (one, other) = (p(Codes.Spellings(store)), p(Codes.Spellings(sku)));
                    return Select(one, other, at?.By("m.created_at", p(at.Value.Parameter), LocalTime.OfStore) ?? "true");
                },
                ct
            )
        )
            return item;
        throw new InvalidOperationException("One row or more.");
    }

    /// <summary>The reason why there were no movements by a moment, or null if there were some.</summary>
    public string? Message(Moment? at) =>
        FirstAt is null ? $"Nothing of {Sku} has ever moved in {Store}."
        : HasMoved ? null
        : $"Nothing of {Sku} had moved in {Store} by {at}: the first movement is of {FirstAt:yyyy-MM-dd HH:mm:ss'Z'}.";

    /// <summary>Streams all movements up to a moment, in the order in which they occurred.</summary>
    public IAsyncEnumerable<ExplainedMovement> Movements(Databases databases, Tenant tenant, Moment? at, CancellationToken ct) =>
        Rows<ExplainedMovement>(
            databases,
            tenant,
            p => $"{ExplainedMovement.Select(p, StoreId!.Value, ProductId!.Value, at)} order by e.created_at, e.item_version",
            ct
        );

    private static async IAsyncEnumerable<T> Rows<T>(
        Databases databases,
        Tenant tenant,
        Func<Func<object?, string>, string> select,
        [EnumeratorCancellation] CancellationToken ct
    )
        where T : class
    {
        var parameters = new List<object>();
        var sql = select(value =>
        {
            parameters.Add(value ?? DBNull.Value);
            return $"${parameters.Count}";
        });
        await using var connection = await databases.Queries.OpenConnectionAsync(ct);
        await using var rows = await TenantQuery.Reader(connection, tenant, sql, parameters, ct);
        var read = rows.RowParser<T>();
        while (await rows.ReadAsync(ct))
            yield return read(rows);
    }
}
