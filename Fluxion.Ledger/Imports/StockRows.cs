using Fluxion.Ledger.Catalog;
using Fluxion.Ledger.Stock;
using Fluxion.Ledger.Time;

namespace Fluxion.Ledger.Imports;

/// <summary>A row of a file that changes stock, after it was read.</summary>
public interface IStockRow
{
    string Store { get; }
    string Sku { get; }
    decimal Quantity { get; }

    /// <summary>Whether the row may be the first event of a stock item.</summary>
    bool CanBegin { get; }
}

/// <summary>Resolves and locks rows as the lines of a command that moves stock, and reports every error on its row.</summary>
internal static class StockRows
{
    /// <summary>The rows without errors, each with its locked stock item.</summary>
    /// <param name="quantity">The name of the quantity's column.</param>
    /// <param name="occurredAt">The time of the earliest row; null: the time of recording.</param>
    /// <param name="counting">True when the rows are counts. Each item may then have only one row.</param>
    public static async Task<IReadOnlyList<(CsvRow Row, TRow Read, LockedStock Locked)>> ResolveAndLock<TRow>(
        LedgerSession ledger,
        IReadOnlyList<(CsvRow Row, TRow Read)> rows,
        string quantity,
        DateTimeOffset? occurredAt,
        bool counting,
        CancellationToken ct
    )
        where TRow : IStockRow
    {
        var stores = await ledger.Find<Store>(rows.Select(r => r.Read.Store), ct);
        var products = await ledger.Find<Product>(rows.Select(r => r.Read.Sku), ct);
        var (named, lines, ifThere) = (
            new List<(CsvRow Row, TRow Read, LockedStock Locked)>(),
            new Dictionary<Guid, int>(),
            new HashSet<Guid>()
        );
        foreach (var (row, read) in rows)
        {
            var errors = row.File.ErrorCount;
            if (!stores.TryGetValue(read.Store, out var store))
                row.AddError("store", Refusal.NotFoundMessage("store", read.Store));
            else if (!ledger.Caller.MayUse(store.Id))
                row.AddForbidden("store", StockRefusals.StoreNotAllowedMessage(read.Store));
            if (!products.TryGetValue(read.Sku, out var product))
                row.AddError("sku", Refusal.NotFoundMessage("product", read.Sku));
            else if (product.QuantityError(read.Quantity) is { } error)
                row.AddError(quantity, error);
            if (store is null || product is null)
                continue;
            var locked = new LockedStock(store, product, null);
            if (!lines.TryAdd(locked.ItemId, row.Line) && counting)
                row.AddError("sku", $"appears more than once: {product.Code} of {store.Code} is in line {lines[locked.ItemId]} too");
            if (row.File.ErrorCount > errors)
                continue;
            named.Add((row, read, locked));
            if (!read.CanBegin)
                ifThere.Add(locked.ItemId);
        }
        var (open, _) = await StockLedger.Lock(ledger, [.. named.Select(n => n.Locked)], new Occurrence(occurredAt), counting, ct, ifThere);
        return [.. named.Zip(open, (n, locked) => (n.Row, n.Read, locked))];
    }

    /// <summary>Adds an error to a row that moves stock of a deactivated store.</summary>
    /// <param name="store">The store as the row names it.</param>
    public static void CheckMove(CsvRow row, LockedStock locked, string store)
    {
        if (!locked.Store.IsActive)
            row.AddError("store", StockRefusals.StoreDeactivatedMessage(store));
    }
}
