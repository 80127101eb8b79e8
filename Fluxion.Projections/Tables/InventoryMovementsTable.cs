using Fluxion.Ledger.Http;
using Fluxion.Ledger.Stock;
using Fluxion.Projections.Writing;

namespace Fluxion.Projections.Tables;

/// <summary>The table inventory_movements: every movement of stock, by the time at which it occurred.</summary>
public sealed class InventoryMovementsTable : IReadModel
{
    private sealed record Row(Change Change, StockMovement Movement)
    {
        public (string Movement, string Reference) Types =>
            Movement switch
            {
                StockReceived { PurchaseOrderId: not null } => ("in", "purchase"),
                StockReceived => ("in", "receipt"),
                StockReturnedToSupplier { PurchaseOrderId: not null } => ("out", "purchase"),
                StockReturnedToSupplier => ("out", "receipt"),
                StockIssued => ("out", "issue"),
                StockAdjusted => ("adjustment", "adjustment"),
                StockSold => ("out", "sale"),
                StockReturned => ("in", "return"),
                StockSent or StockArrived => ("transfer", "transfer"),
                StockCounted or StockCountCorrected => ("adjustment", "count"),
                StockCarriedOver { Type: "purchase" or "receipt", Quantity: < 0 } e => ("out", e.Type),
                StockCarriedOver { Type: "purchase" or "return" } e => ("in", e.Type),
                StockCarriedOver { Type: "sale" } e => ("out", e.Type),
                StockCarriedOver { Type: "transfer" } e => ("transfer", e.Type),
                StockCarriedOver { Type: "count" } e => ("adjustment", e.Type),
                _ => throw new UnknownEventException(typeof(InventoryMovementsTable), Movement),
            };

        public string? Reason =>
            Movement switch
            {
                StockIssued e => e.Reason,
                StockReturnedToSupplier => Reasons.ReturnToSupplier,
                StockAdjusted e => e.Reason,
                StockCountCorrected => Reasons.LateMovement,
                StockCarriedOver e => e.Reason,
                _ => null,
            };

        public Guid ReferenceId =>
            Movement switch
            {
                StockReceived { PurchaseOrderId: { } order } => order,
                StockReturnedToSupplier e => e.PurchaseOrderId ?? e.ReceiptId,
                _ => Movement.Document.Id,
            };
    }

    private static readonly Table<Row> Table = new Table<Row>("inventory_movements") { Segment = "store_id" }
        .Add("id", "uuid", r => r.Change.Event.Id)
        .Add("product_id", "uuid", r => r.Movement.ProductId)
        .Add("store_id", "uuid", r => r.Movement.StoreId)
        .Add("movement_type", "text", r => r.Types.Movement)
        .Add("reference_type", "text", r => r.Types.Reference)
        .Add("reference_id", "uuid", r => r.ReferenceId)
        .Add("reference", "text", r => r.Movement.Document.Reference)
        .Add("reason", "text", r => r.Reason)
        .Add("quantity", "numeric", r => r.Movement.QuantityChange())
        .Add("cost_per_unit", "numeric", r => r.Movement.UnitCost)
        .Add("notes", "text", r => r.Movement.Document.Notes)
        .Add("created_by", "uuid", r => r.Change.UserId())
        .Add("created_at", "timestamptz", r => r.Movement.Document.OccurredAt)
        .Add("recorded_at", "timestamptz", r => r.Change.RecordedAt())
        .Add("item_version", "bigint", r => r.Change.Event.Version)
        .Add("average_cost", "numeric", r => ((StockItem)r.Change.After!).UnitCost);

    public void Write(IReadOnlyList<Change> changes, IRowWriter rows) =>
        rows.Write(Table, [.. changes.Where(c => c.Event.Data is StockMovement).Select(c => new Row(c, (StockMovement)c.Event.Data))]);
}

/// <param name="Quantity">The signed change of on hand.</param>
/// <param name="TotalCost">Quantity times unit cost, to 2 decimals, signed.</param>
/// <param name="OccurredAt">The time at which it occurred; created_at in SQL.</param>
/// <param name="RecordedAt">The time at which the ledger learned of it.</param>
public sealed record MovementRow(
    Guid Id,
    string Store,
    string Sku,
    string MovementType,
    string ReferenceType,
    Guid? ReferenceId,
    string? Reference,
    string? Reason,
    decimal Quantity,
    decimal CostPerUnit,
    decimal TotalCost,
    string? Notes,
    Guid? CreatedBy,
    DateTimeOffset OccurredAt,
    DateTimeOffset RecordedAt
)
{
    public const string Select = """
        select m.id, s.code as store, p.sku, m.movement_type, m.reference_type, m.reference_id, m.reference, m.reason, m.quantity,
               m.cost_per_unit, m.total_cost, m.notes, m.created_by, m.created_at as occurred_at, m.recorded_at
        from service_inventory_movements m
        join stores s on s.id = m.store_id
        join products p on p.id = m.product_id
        where ($1::uuid[] is null or m.store_id = any($1))
        """;
}

public static class MovementsQueries
{
    [WolverineGet("/api/{tenant}/movements", Name = "List movements"), Authorize(Roles.Viewer), Tags("Stock")]
    [EndpointSummary("List movements of stock")]
    [EndpointDescription(
        "Latest first. Filters: store, sku, document (id), reference, from and to (time of occurrence). to is exclusive. "
            + "A date means the start of that day in the store's time zone."
    )]
    [ProducesResponseType<Page<MovementRow>>(200)]
    public static Task<IResult> List(
        string? store,
        string? sku,
        Guid? document,
        string? reference,
        string? from,
        string? to,
        int? limit,
        string? after,
        HttpContext http,
        Databases databases
    ) =>
        TenantQuery
            .For(http)
            .Where(MovementRow.Select, Caller.From(http).StoreFilter)
            .FilterReference("m.store_id", "stores", "code", store)
            .FilterReference("m.product_id", "products", "sku", sku)
            .Filter("m.reference_id = {0}", document)
            .Filter("m.reference = {0}", reference)
            .From("m.created_at", from, LocalTime.OfStore)
            .Until("m.created_at", to, LocalTime.OfStore)
            .Page<MovementRow>(databases, limit, after, SortOrder.NewestFirst("m.created_at", "m.id"), row => [row.OccurredAt, row.Id]);
}
