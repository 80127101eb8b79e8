using Fluxion.Ledger.Stock;
using Fluxion.Projections.Writing;

namespace Fluxion.Projections.Tables;

/// <summary>The table reservation_items: the lines of reservations, with the quantities held and fulfilled, and their status.</summary>
public sealed class ReservationItemsTable : IReadModel
{
    private sealed record Row(Reservation Reservation, Change Change, int Index)
    {
        public ReservationLine Line => Reservation.Lines[Index];
    }

    private static readonly Table<Row> Table = new Table<Row>("reservation_items", "reservation_id", "line_number")
        .Add("reservation_id", "uuid", r => r.Reservation.Id)
        .Add("line_number", "integer", r => r.Index + 1)
        .Add("store_id", "uuid", r => r.Line.StoreId)
        .Add("product_id", "uuid", r => r.Line.ProductId)
        .Add("quantity", "numeric", r => r.Line.Quantity)
        .Add("quantity_fulfilled", "numeric", r => r.Line.Sold)
        .Add("quantity_held", "numeric", r => r.Line.Held)
        .Add("status", "text", r => r.Line.Status)
        .AddOnce("created_at", "timestamptz", r => r.Change.RecordedAt())
        .Add("updated_at", "timestamptz", r => r.Change.RecordedAt());

    // Each change gets a row: a line may be added later, and its created_at is the time of that change.
    public void Write(IReadOnlyList<Change> changes, IRowWriter rows) =>
        rows.Write(
            Table,
            [
                .. changes
                    .Where(change => change.After is Reservation)
                    .SelectMany(change =>
                        ((Reservation)change.After).Lines.Select((_, i) => new Row((Reservation)change.After, change, i))
                    ),
            ],
            row => (row.Reservation.Id, row.Index)
        );
}
