using Fluxion.Ledger.Purchasing;
using Fluxion.Projections.Writing;

namespace Fluxion.Projections.Tables;

/// <summary>
/// The table delivery_items: the goods of each delivery of a purchase order, and the goods returned from it. Quantities are signed.
/// </summary>
public sealed class DeliveryItemsTable : IReadModel
{
    private sealed record Row(Change Change, int Index)
    {
        public PurchaseOrderReturned? Returned => Change.Event.Data as PurchaseOrderReturned;
        public PurchaseOrderReceived? Received => Change.Event.Data as PurchaseOrderReceived;
        public DeliveredLine Line => (Returned?.Lines ?? Received!.Lines)[Index];
        public string? Reference => Returned is { } returned ? returned.Reference : Received!.Reference;
    }

    private static readonly Table<Row> Table = new Table<Row>("delivery_items")
        .Add("id", "uuid", r => r.Change.Event.Id)
        .Add("line_number", "integer", r => r.Index + 1)
        .Add("purchase_order_id", "uuid", r => r.Change.Event.StreamId)
        .Add("purchase_order_item_id", "uuid", r => r.Line.LineId)
        .Add("delivery_id", "uuid", r => r.Returned?.DeliveryId ?? r.Received!.DeliveryId)
        .Add("return_id", "uuid", r => r.Returned?.ReturnId)
        .Add("quantity", "numeric", r => r.Returned is null ? r.Line.Quantity : -r.Line.Quantity)
        .Add("cost_per_unit", "numeric", r => r.Line.UnitCost)
        .Add("is_replaced", "boolean", r => r.Returned is { IsReplaced: true })
        .Add("reference", "text", r => r.Reference)
        .Add("notes", "text", r => r.Returned?.Reason)
        .Add("occurred_at", "timestamptz", r => r.Returned?.OccurredAt ?? r.Received!.OccurredAt)
        .Add("created_by", "uuid", r => r.Change.UserId())
        .Add("created_at", "timestamptz", r => r.Change.RecordedAt());

    public void Write(IReadOnlyList<Change> changes, IRowWriter rows) => rows.Write(Table, [.. changes.SelectMany(Rows)]);

    private static IEnumerable<Row> Rows(Change change) =>
        (
            change.Event.Data switch
            {
                PurchaseOrderReceived received => received.Lines,
                PurchaseOrderReturned returned => returned.Lines,
                _ => [],
            }
        ).Select((_, i) => new Row(change, i));
}
