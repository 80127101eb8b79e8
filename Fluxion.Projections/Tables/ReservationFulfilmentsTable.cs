using Fluxion.Ledger.Stock;
using Fluxion.Projections.Writing;

namespace Fluxion.Projections.Tables;

/// <summary>The table reservation_fulfilments: the quantity that each sale took from a reservation, line by line.</summary>
public sealed class ReservationFulfilmentsTable : IReadModel
{
    private sealed record Row(Change Change, TakenLine Taken)
    {
        public ReservationFulfilled Event => (ReservationFulfilled)Change.Event.Data;
    }

    private static readonly Table<Row> Table = new Table<Row>("reservation_fulfilments")
        .Add("id", "uuid", r => r.Change.Event.Id)
        .Add("line_number", "integer", r => r.Taken.Line + 1)
        .Add("reservation_id", "uuid", r => r.Change.Event.StreamId)
        .Add("sale_id", "uuid", r => r.Event.SaleId)
        .Add("quantity", "numeric", r => r.Taken.Quantity)
        .Add("created_at", "timestamptz", r => r.Change.RecordedAt());

    public void Write(IReadOnlyList<Change> changes, IRowWriter rows) => rows.Write(Table, [.. changes.SelectMany(Rows)]);

    // the first events of this type do not say what was taken: it was everything that was left
    private static IEnumerable<Row> Rows(Change change) =>
        change.Event.Data is not ReservationFulfilled e
            ? []
            : (e.Taken ?? ((Reservation)change.Before!).Rest(e.StoreId)).Select(taken => new Row(change, taken));
}
