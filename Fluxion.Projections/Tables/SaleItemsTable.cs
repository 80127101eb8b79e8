using Fluxion.Ledger.Sales;
using Fluxion.Projections.Writing;

namespace Fluxion.Projections.Tables;

/// <summary>The table sale_items: the lines of invoices. Only returned goods change them.</summary>
public sealed class SaleItemsTable : IReadModel
{
    private sealed record Row(Sale Sale, LineAmount Amount, int Index)
    {
        public SaleLine Line => Sale.Lines[Index];
    }

    private static readonly Table<Row> Table = new Table<Row>("sale_items", "id")
        .Add("id", "uuid", r => r.Line.Id)
        .Add("sale_id", "uuid", r => r.Sale.Id)
        .Add("line_number", "integer", r => r.Index + 1)
        .Add("product_id", "uuid", r => r.Line.ProductId)
        .Add("quantity", "numeric", r => r.Line.Quantity)
        .Add("unit_price", "numeric", r => r.Line.UnitPrice)
        .Add("discount", "numeric", r => r.Line.Discount)
        .Add("tax_rate", "numeric", r => r.Line.TaxRate)
        .Add("net_amount", "numeric", r => r.Amount.Net)
        .Add("tax_amount", "numeric", r => r.Amount.Tax)
        .Add("cost_per_unit", "numeric", r => r.Line.UnitCost)
        .Add("quantity_returned", "numeric", r => r.Sale.Returned[r.Index])
        .AddOnce("created_at", "timestamptz", r => r.Sale.OccurredAt);

    public void Write(IReadOnlyList<Change> changes, IRowWriter rows) =>
        rows.Write(
            Table,
            [
                .. changes
                    .Where(c => c.Event.Data is SaleRecorded or GoodsReturned)
                    .SelectMany(c => ((Sale)c.After).Amounts().Select((amount, i) => new Row((Sale)c.After, amount, i))),
            ],
            r => r.Line.Id
        );
}
