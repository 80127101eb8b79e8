using Fluxion.Ledger.Stock;
using Fluxion.Ledger.Time;

namespace Fluxion.Ledger.Sales;

/// <summary>Sold goods come back into stock, at the cost that they left with.</summary>
public static class SaleRestocking
{
    /// <param name="stock">Stock of the goods, in their order.</param>
    public static StockDecision Decide(
        Sale sale,
        IReadOnlyList<ReturnedLine> goods,
        IReadOnlyList<LockedStock> stock,
        string? reason,
        DateTimeOffset at
    )
    {
        var document = new StockDocument(sale.Id, sale.InvoiceNumber, reason, at);
        return StockDecider.Decide(
            stock,
            goods,
            (locked, line, _) =>
                new StockReturned(locked.Store.Id, locked.Product.Id, line.Quantity, document) { UnitCost = sale.Lines[line.Line].UnitCost }
        );
    }

    /// <summary>Locks the stock of the goods, or returns the refusal. Store and product may be inactive by now.</summary>
    public static async Task<(IReadOnlyList<LockedStock> Stock, Refusal? Problem)> Lock(
        LedgerSession ledger,
        Sale sale,
        IReadOnlyList<ReturnedLine> goods,
        Occurrence occurred,
        CancellationToken ct
    )
    {
        var requests = goods.Select(
            (line, i) =>
                StockRequest.ForLine(
                    i,
                    sale.StoreId.ToString(),
                    sale.Lines[line.Line].ProductId.ToString(),
                    line.Quantity,
                    requiresActiveProduct: false,
                    allowsInactive: true
                )
        );
        var (stock, _, problem) = await StockLedger.ResolveAndLock(ledger, [.. requests], occurred, ct);
        return (stock, problem);
    }
}
