using Fluxion.Ledger.Stock;
using Fluxion.Projections.Writing;

namespace Fluxion.Projections.Tables;

/// <summary>
/// The table transfer_items: the lines of transfers, with the quantities in transit, received, lost, damaged and returned.
/// </summary>
public sealed class TransferItemsTable : IReadModel
{
    private sealed record Row(Transfer Transfer, Change Last, int Index)
    {
        public TransferLine Line => Transfer.Lines[Index];
    }

    private static readonly Table<Row> Table = new Table<Row>("transfer_items", "transfer_id", "line_number")
        .Add("transfer_id", "uuid", r => r.Transfer.Id)
        .Add("line_number", "integer", r => r.Index + 1)
        .Add("product_id", "uuid", r => r.Line.ProductId)
        .Add("quantity_sent", "numeric", r => r.Line.Quantity)
        .Add("quantity_received", "numeric", r => r.Line.Received)
        .Add("quantity_lost", "numeric", r => r.Line.Lost)
        .Add("quantity_damaged", "numeric", r => r.Line.Damaged)
        .Add("quantity_returned", "numeric", r => r.Line.Returned)
        .Add("quantity_in_transit", "numeric", r => r.Line.InTransit)
        .Add("cost_per_unit", "numeric", r => r.Line.UnitCost)
        .AddOnce("created_at", "timestamptz", r => r.Last.RecordedAt())
        .Add("updated_at", "timestamptz", r => r.Last.RecordedAt());

    public void Write(IReadOnlyList<Change> changes, IRowWriter rows) =>
        rows.Write(Table, [.. changes.Latest<Transfer>().SelectMany(t => t.State.Lines.Select((_, i) => new Row(t.State, t.Last, i)))]);
}
