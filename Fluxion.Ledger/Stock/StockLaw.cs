using Fluxion.Ledger.Catalog;

namespace Fluxion.Ledger.Stock;

/// <summary>A product in a store, and its stock item as this command found it under its lock; null before the first movement.</summary>
public sealed record StockSlot(Store Store, Product Product, StockItem? Item)
{
    public Guid ItemId { get; } = StockItem.IdOf(Store.Id, Product.Id);
}

/// <summary>What was asked of an item and what it has: both in the product's unit.</summary>
public sealed record Shortage(string Store, string Sku, decimal Requested, decimal Available);

/// <summary>The movements that a command decided on, in line order; with a shortage none of them happens.</summary>
public sealed record StockDecision(IReadOnlyList<(Guid ItemId, StockMovement Movement)> Movements, IReadOnlyList<Shortage> Shortages);

/// <summary>The ledger's law for one command: available never goes below zero, unless the product allows backorder. All lines or none.</summary>
public static class StockLaw
{
    /// <param name="slots">The slot of each line.</param>
    /// <param name="move">The movement that a line makes of its item, as the lines before it left the item.</param>
    public static StockDecision Decide<TLine>(
        IReadOnlyList<StockSlot> slots, IReadOnlyList<TLine> lines, Func<StockSlot, TLine, StockItem?, StockMovement> move)
    {
        var items = new Dictionary<Guid, (StockSlot Slot, StockItem? Item)>();
        var movements = new List<(Guid, StockMovement)>();
        foreach (var (slot, line) in slots.Zip(lines))
        {
            var item = items.TryGetValue(slot.ItemId, out var known) ? known.Item : slot.Item;
            var movement = move(slot, line, item);
            movements.Add((slot.ItemId, movement));
            items[slot.ItemId] = (slot, StockItem.Fold(slot.ItemId, item, movement));
        }
        var shortages = items.Values
            .Select(entry => (entry.Slot, Before: entry.Slot.Item?.Available ?? 0, After: entry.Item!.Available))
            .Where(entry => entry.After < 0 && entry.After < entry.Before && !entry.Slot.Product.AllowsBackorder)
            .Select(entry => new Shortage(entry.Slot.Store.Code, entry.Slot.Product.Code, entry.Before - entry.After, entry.Before))
            .ToList();
        return new StockDecision(movements, shortages);
    }
}
