using Fluxion.Ledger.Sales;
using Fluxion.Ledger.Validation;
using Fluxion.Projections.Writing;

namespace Fluxion.Projections.Tables;

/// <summary>The table sale_returns: returned goods of invoices and their credits, on the day of the return.</summary>
public sealed class SaleReturnsTable : IReadModel
{
    private const string Return = "return";
    private const string Cancellation = "cancellation";

    private sealed record Row(
        Change Change,
        string Kind,
        int Index,
        decimal Quantity,
        LineAmount Credit,
        decimal Cost,
        string? Reason,
        DateTimeOffset OccurredAt
    )
    {
        public SaleLine Line => ((Sale)Change.After).Lines[Index];

        /// <summary>One row for each line with returned goods.</summary>
        public static IEnumerable<Row> From(Change change)
        {
            if (change.Before is not Sale before)
                return [];
            var sale = (Sale)change.After;
            return change.Event.Data switch
            {
                // The cost is rounded for each line of the command, like the movements of the return.
                GoodsReturned e => Rows(
                    sale.Returned,
                    Return,
                    i => e.Lines.Where(line => line.Line == i).Sum(line => CostOf(i, line.Quantity)),
                    e.Reason,
                    e.OccurredAt
                ),
                SaleCancelled e => Rows(
                    [.. sale.Lines.Select(line => line.Quantity)],
                    Cancellation,
                    i => CostOf(i, sale.Lines[i].Quantity - before.Returned[i]),
                    e.Reason,
                    e.OccurredAt
                ),
                _ => [],
            };

            decimal CostOf(int i, decimal quantity) => Quantities.Round(quantity * sale.Lines[i].UnitCost, 2);

            IEnumerable<Row> Rows(
                IReadOnlyList<decimal> after,
                string kind,
                Func<int, decimal> cost,
                string? reason,
                DateTimeOffset occurredAt
            ) =>
                sale.Credit(before.Returned, after)
                    .Select((credit, i) => new Row(change, kind, i, after[i] - before.Returned[i], credit, cost(i), reason, occurredAt))
                    .Where(row => row.Quantity > 0);
        }
    }

    private static readonly Table<Row> Table = new Table<Row>("sale_returns")
        .Add("id", "uuid", r => r.Change.Event.Id)
        .Add("line_number", "integer", r => r.Index + 1)
        .Add("sale_id", "uuid", r => r.Change.Event.StreamId)
        .Add("product_id", "uuid", r => r.Line.ProductId)
        .Add("kind", "text", r => r.Kind)
        .Add("quantity", "numeric", r => r.Quantity)
        .Add("net_amount", "numeric", r => r.Credit.Net)
        .Add("tax_amount", "numeric", r => r.Credit.Tax)
        .Add("cost_of_goods", "numeric", r => r.Cost)
        .Add("reason", "text", r => r.Reason)
        .Add("created_by", "uuid", r => r.Change.UserId())
        .Add("created_at", "timestamptz", r => r.OccurredAt)
        .Add("recorded_at", "timestamptz", r => r.Change.RecordedAt());

    public void Write(IReadOnlyList<Change> changes, IRowWriter rows) => rows.Write(Table, [.. changes.SelectMany(Row.From)]);
}
