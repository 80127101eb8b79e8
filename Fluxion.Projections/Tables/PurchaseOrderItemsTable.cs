using Fluxion.Ledger.Purchasing;
using Fluxion.Projections.Writing;

namespace Fluxion.Projections.Tables;

/// <summary>
/// The table purchase_order_items: the lines of purchase orders. A line removed from a draft is marked; no row is deleted.
/// </summary>
public sealed class PurchaseOrderItemsTable : IReadModel
{
    private sealed record Row(Guid OrderId, PurchaseOrderLine Line, bool IsRemoved, Change Change);

    private static readonly Table<Row> Table = new Table<Row>("purchase_order_items", "id")
        .Add("id", "uuid", r => r.Line.Id)
        .Add("purchase_order_id", "uuid", r => r.OrderId)
        .Add("product_id", "uuid", r => r.Line.ProductId)
        .Add("quantity_ordered", "numeric", r => r.Line.Quantity)
        .Add("quantity_received", "numeric", r => r.Line.Received)
        .Add("quantity_cancelled", "numeric", r => r.Line.Cancelled)
        .Add("unit_cost", "numeric", r => r.Line.UnitCost)
        .Add("is_removed", "boolean", r => r.IsRemoved)
        .AddOnce("created_at", "timestamptz", r => r.Change.RecordedAt())
        .Add("updated_at", "timestamptz", r => r.Change.RecordedAt());

    public void Write(IReadOnlyList<Change> changes, IRowWriter rows) =>
        rows.Write(Table, [.. changes.SelectMany(Rows)], row => row.Line.Id);

    private static IEnumerable<Row> Rows(Change change)
    {
        if (change.After is not PurchaseOrder order)
            yield break;
        var before = (change.Before as PurchaseOrder)?.Lines ?? [];
        foreach (var line in before.ExceptBy(order.Lines.Select(l => l.Id), l => l.Id))
            yield return new Row(order.Id, line, true, change);
        // lines are records: those that are equal to an earlier one have not changed
        foreach (var line in order.Lines.Except(before))
            yield return new Row(order.Id, line, false, change);
    }
}
