using System.Text.Json.Serialization;
using Fluxion.Ledger.Http;
using Fluxion.Ledger.Purchasing;
using Fluxion.Projections.Writing;
using Npgsql;

namespace Fluxion.Projections.Tables;

/// <summary>The table purchase_orders: the orders to suppliers.</summary>
public sealed class PurchaseOrdersTable : IReadModel
{
    private static readonly Table<(PurchaseOrder State, Change Last)> Table = new Table<(PurchaseOrder State, Change Last)>(
        "purchase_orders",
        "id"
    )
        .Add("id", "uuid", r => r.State.Id)
        .Add("store_id", "uuid", r => r.State.StoreId)
        .Add("supplier_id", "uuid", r => r.State.SupplierId)
        .Add("order_number", "text", r => r.State.Code)
        .Add("status", "text", r => r.State.Status)
        .Add("order_date", "date", r => r.State.OrderDate)
        .Add("expected_date", "date", r => r.State.ExpectedDate)
        .Add("received_date", "date", r => r.State.ReceivedDate)
        .Add("subtotal", "numeric", r => r.State.Subtotal)
        .Add("tax_amount", "numeric", r => r.State.TaxAmount)
        .Add("total_amount", "numeric", r => r.State.TotalAmount)
        .Add("notes", "text", r => r.State.Notes)
        .Add("created_by", "uuid", r => r.State.OrderedBy)
        .Add("version", "bigint", r => r.Last.Event.Version)
        .AddOnce("created_at", "timestamptz", r => r.Last.RecordedAt())
        .Add("updated_at", "timestamptz", r => r.Last.RecordedAt());

    public void Write(IReadOnlyList<Change> changes, IRowWriter rows) => rows.Write(Table, changes.Latest<PurchaseOrder>());
}

/// <param name="Status">draft, sent, confirmed, partial, received or cancelled.</param>
/// <param name="ReceivedDate">The date on which the last goods arrived; null before.</param>
/// <param name="Subtotal">The amount before tax.</param>
public record PurchaseOrderRow(
    Guid Id,
    string OrderNumber,
    string Store,
    string Supplier,
    string Status,
    DateOnly OrderDate,
    DateOnly? ExpectedDate,
    DateOnly? ReceivedDate,
    decimal Subtotal,
    decimal TaxAmount,
    decimal TotalAmount,
    string? Notes,
    Guid? CreatedBy,
    long Version,
    DateTimeOffset CreatedAt
)
{
    internal const string Columns = """
        o.id, o.order_number, s.code as store, v.code as supplier, o.status, o.order_date, o.expected_date, o.received_date, o.subtotal,
        o.tax_amount, o.total_amount,
               o.notes, o.created_by, o.version, o.created_at
        """;

    internal const string From = """
        from purchase_orders o
        join stores s on s.id = o.store_id
        join suppliers v on v.id = o.supplier_id
        where ($1::uuid[] is null or o.store_id = any($1))
        """;

    public const string Select = $"select {Columns} {From}";
}

/// <param name="QuantityReceived">The quantity received and not returned.</param>
/// <param name="QuantityCancelled">The quantity that will not arrive any more. It was returned without replacement, or the order was closed
/// without it before other goods were returned.</param>
/// <param name="LineTotal">Quantity ordered times unit cost, before tax.</param>
public sealed record PurchaseOrderItemRow(
    Guid Id,
    string Sku,
    string Product,
    decimal QuantityOrdered,
    decimal QuantityReceived,
    decimal QuantityCancelled,
    decimal UnitCost,
    decimal LineTotal
);

/// <summary>The quantity of a product in a delivery at one unit cost, and how much of it was returned to the supplier.</summary>
public sealed record DeliveryLine(string Sku, decimal Quantity, decimal Returned, decimal UnitCost);

/// <summary>A delivery of an order.</summary>
/// <param name="Id">The id that a return refers to.</param>
/// <param name="Reference">The number of the delivery note. Null also for deliveries that an older version recorded.</param>
public sealed record Delivery(Guid Id, DateTimeOffset OccurredAt, string? Reference, IReadOnlyList<DeliveryLine> Lines);

public sealed record ReturnedDeliveryLine(string Sku, decimal Quantity, decimal UnitCost);

/// <summary>A return of goods from a delivery.</summary>
/// <param name="IsReplaced">Whether the supplier was to deliver replacements.</param>
public sealed record DeliveryReturn(
    Guid Id,
    Guid DeliveryId,
    DateTimeOffset OccurredAt,
    string? Reference,
    string? Reason,
    bool IsReplaced,
    IReadOnlyList<ReturnedDeliveryLine> Lines
);

/// <summary>An order with its lines by SKU, its deliveries and its returns, both oldest first.</summary>
public sealed record PurchaseOrderDetails : PurchaseOrderRow
{
    private PurchaseOrderDetails(PurchaseOrderRow order)
        : base(order) { }

    [JsonPropertyOrder(1)]
    public required IReadOnlyList<PurchaseOrderItemRow> Lines { get; init; }

    [JsonPropertyOrder(1)]
    public required IReadOnlyList<Delivery> Deliveries { get; init; }

    [JsonPropertyOrder(1)]
    public required IReadOnlyList<DeliveryReturn> Returns { get; init; }

    public new const string Select = $"""
        select {Columns},
               (select coalesce(json_agg(json_build_object('id', l.id, 'sku', p.sku, 'product', p.name,
                       'quantityOrdered', l.quantity_ordered,
                    'quantityReceived', l.quantity_received, 'quantityCancelled', l.quantity_cancelled, 'unitCost', l.unit_cost,
                    'lineTotal', l.line_total)
                    order by p.sku), '[]')::text
                from purchase_order_items l join products p on p.id = l.product_id where l.purchase_order_id = o.id
                    and not l.is_removed) as lines,
               (select coalesce(json_agg(json_build_object('id', d.delivery_id, 'occurredAt', d.occurred_at, 'reference', d.reference,
                       'lines', d.lines)
                    order by d.occurred_at, d.delivery_id), '[]')::text
                from (select delivery_id, min(occurred_at) as occurred_at, min(reference) as reference,
                             json_agg(json_build_object('sku', sku, 'quantity', quantity, 'returned', returned, 'unitCost', cost_per_unit)
                                 order by sku, cost_per_unit) as lines
                      from (select d.delivery_id, p.sku, d.cost_per_unit, sum(d.quantity) filter (where d.return_id is null) as quantity,
                                   coalesce(-sum(d.quantity) filter (where d.return_id is not null), 0) as returned,
                                   min(d.occurred_at) filter (where d.return_id is null) as occurred_at,
                                   min(d.reference) filter (where d.return_id is null) as reference
                            from delivery_items d join purchase_order_items l on l.id = d.purchase_order_item_id
                                join products p on p.id = l.product_id
                            where d.purchase_order_id = o.id group by d.delivery_id, p.sku, d.cost_per_unit) goods
                      group by delivery_id) d) as deliveries,
               (select coalesce(json_agg(json_build_object('id', d.return_id, 'deliveryId', d.delivery_id, 'occurredAt', d.occurred_at,
                       'reference', d.reference,
                    'reason', d.notes, 'isReplaced', d.is_replaced, 'lines', d.lines) order by d.created_at, d.return_id), '[]')::text
                from (select d.return_id, d.delivery_id, d.occurred_at, d.reference, d.notes, d.is_replaced, d.created_at,
                             json_agg(json_build_object('sku', p.sku, 'quantity', -d.quantity, 'unitCost', d.cost_per_unit)
                                 order by d.line_number) as lines
                      from delivery_items d join purchase_order_items l on l.id = d.purchase_order_item_id
                          join products p on p.id = l.product_id
                      where d.purchase_order_id = o.id and d.return_id is not null
                      group by d.return_id, d.delivery_id, d.occurred_at, d.reference, d.notes, d.is_replaced, d.created_at) d) as returns
        {From}
        """;

    public static PurchaseOrderDetails Read(NpgsqlDataReader r) =>
        new(r.Row<PurchaseOrderRow>())
        {
            Lines = r.Lines<PurchaseOrderItemRow>("lines"),
            Deliveries = r.Lines<Delivery>("deliveries"),
            Returns = r.Lines<DeliveryReturn>("returns"),
        };
}

public static class PurchaseOrdersQueries
{
    [WolverineGet("/api/{tenant}/purchase-orders", Name = "List purchase orders"), Authorize(Roles.Viewer), Tags("Purchasing")]
    [EndpointSummary("List purchase orders")]
    [EndpointDescription(
        "Latest first. Filters: store, supplier, status, from and to (order date). to is exclusive. "
            + "A point in time means its day in the store's time zone."
    )]
    [ProducesResponseType<Page<PurchaseOrderRow>>(200)]
    public static Task<IResult> List(
        string? store,
        string? supplier,
        string? status,
        string? from,
        string? to,
        int? limit,
        string? after,
        HttpContext http,
        Databases databases
    ) =>
        TenantQuery
            .For(http)
            .Where(PurchaseOrderRow.Select, Caller.From(http).StoreFilter)
            .FilterNamed("s.code", "s.id", store)
            .FilterNamed("v.code", "v.id", supplier)
            .FilterOneOf("o.status = {0}", "status", status, PurchaseOrderStatus.All)
            .FromDay("o.order_date", from, LocalTime.OfStore)
            .UntilDay("o.order_date", to, LocalTime.OfStore)
            .Page<PurchaseOrderRow>(databases, limit, after, SortOrder.NewestFirst("o.created_at", "o.id"), row => [row.CreatedAt, row.Id]);

    [WolverineGet("/api/{tenant}/purchase-orders/{id}", Name = "Get purchase order"), Authorize(Roles.Viewer), Tags("Purchasing")]
    [EndpointSummary("Get a purchase order with its lines, deliveries and returns by order number or id")]
    [ProducesResponseType<PurchaseOrderDetails>(200)]
    public static Task<IResult> Get([Example("OC-1002")] string id, HttpContext http, Databases databases) =>
        TenantQuery
            .For(http)
            .Where(PurchaseOrderDetails.Select, Caller.From(http).StoreFilter)
            .Named("o.order_number", "o.id", id)
            .One(databases, "purchase order", id, PurchaseOrderDetails.Read);
}
