using Fluxion.Ledger.Catalog;
using Fluxion.Ledger.Commands;
using Fluxion.Ledger.Stock;

namespace Fluxion.Ledger.Imports;

/// <summary>What a row of stock says, once it is read.</summary>
public interface IStockRow
{
    string Store { get; }
    string Sku { get; }
    decimal Quantity { get; }
}

/// <summary>The way of rows through the door to stock: as for the lines of a command, but everything that is wrong is said of its row.</summary>
internal static class StockRows
{
    /// <summary>Each row with the slot that it names, locked; empty when something is wrong with any of them.</summary>
    /// <param name="quantity">The column of the quantity.</param>
    /// <param name="counting">True when rows say what is there: then each item has one.</param>
    public static async Task<IReadOnlyList<(TRow Row, StockSlot Slot)>> Open<TRow>(LedgerSession ledger, CsvFile file, string quantity,
        IReadOnlyList<(CsvRow Row, TRow Read)> rows, DateTimeOffset occurredAt, bool counting, CancellationToken ct) where TRow : IStockRow
    {
        var stores = await ledger.Find<Store>(rows.Select(r => r.Read.Store), ct);
        var products = await ledger.Find<Product>(rows.Select(r => r.Read.Sku), ct);
        var (slots, lines) = (new List<StockSlot>(), new Dictionary<Guid, int>());
        foreach (var (row, read) in rows)
        {
            if (!stores.TryGetValue(read.Store, out var store)) row.Wrong("store", Unknown.Says("store", read.Store));
            else if (!ledger.Caller.MayUse(store.Id)) row.Forbidden("store", StockDoor.NotYours(read.Store));
            else if (!store.IsActive) row.Wrong("store", StockDoor.Deactivated(read.Store));
            if (!products.TryGetValue(read.Sku, out var product)) row.Wrong("sku", Unknown.Says("product", read.Sku));
            else if (product.ObjectionTo(read.Quantity) is { } objection) row.Wrong(quantity, objection);
            if (store is null || product is null) continue;
            var slot = new StockSlot(store, product, null);
            slots.Add(slot);
            if (!lines.TryAdd(slot.ItemId, row.Line) && counting) row.Wrong("sku", $"{product.Code} of {store.Code} is in line {lines[slot.ItemId]} already");
        }
        if (file.Wrongs > 0) return [];
        var open = await StockDoor.Lock(ledger, slots, occurredAt, counting, ct);
        return [.. rows.Zip(open, (row, slot) => (row.Read, slot))];
    }
}
