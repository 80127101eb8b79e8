using Fluxion.Ledger.Catalog;

namespace Fluxion.Ledger.Stock;

/// <summary>What happened to a stock item after the moment that a command is about; all lines of a command share one.</summary>
/// <param name="Change">What those movements added to on hand; known when the command counts.</param>
/// <param name="Counts">The counts among them by when they occurred, those of one moment in the order recorded.</param>
public sealed record StockHistory(decimal Change, IReadOnlyList<StockDocument> Counts)
{
    public static readonly StockHistory None = new(0, []);

    /// <summary>The first count after <paramref name="occurredAt"/>: it saw whatever occurred then.</summary>
    public StockDocument? CountAfter(DateTimeOffset occurredAt)
    {
        var (low, high) = (0, Counts.Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (Counts[middle].OccurredAt > occurredAt) high = middle;
            else low = middle + 1;
        }
        return low < Counts.Count ? Counts[low] : null;
    }
}

/// <summary>A product in a store, and its stock item as this command found it under its lock; null before its first event.</summary>
/// <param name="Later">Known when the command is about the past and the item was counted since, or when it counts.</param>
public sealed record StockSlot(Store Store, Product Product, StockItem? Item, StockHistory Later)
{
    public StockSlot(Store store, Product product, StockItem? item) : this(store, product, item, StockHistory.None) { }

    public Guid ItemId { get; } = StockItem.IdOf(Store.Id, Product.Id);

    /// <summary>What <paramref name="item"/> had on hand as of the moment of the command.</summary>
    public decimal OnHandThen(StockItem? item) => (item?.OnHand ?? 0) - Later.Change;

    /// <summary>The cost of one unit that leaves: the moving average, or the product's cost price before anything has moved.</summary>
    public decimal CostOf(StockItem? item) => item?.LastMovementAt is null ? Product.Details.CostPrice : item.UnitCost;
}

/// <summary>What was asked of an item and what it has: both in the product's unit.</summary>
public sealed record Shortage(string Store, string Sku, decimal Requested, decimal Available);

/// <summary>One step of a command: what happens to an item, as the steps before it left the item.</summary>
public sealed record StockStep(StockSlot Slot, Func<StockItem?, StockEvent> Event);

/// <summary>What a command decided on, in the order of its steps; with a shortage none of it happens.</summary>
public sealed record StockDecision(IReadOnlyList<(Guid ItemId, StockEvent Event)> Events, IReadOnlyList<Shortage> Shortages);

/// <summary>
/// The ledger's law for one command: available never goes below zero, unless the product allows backorder; and what occurred before a
/// count does not change what was counted. All steps or none.
/// </summary>
public static class StockLaw
{
    public static StockDecision Decide(IEnumerable<StockStep> steps)
    {
        var items = new Dictionary<Guid, (StockSlot Slot, decimal Released, StockItem? Item)>();
        var events = new List<(Guid, StockEvent)>();
        foreach (var (slot, happen) in steps)
        {
            var known = items.TryGetValue(slot.ItemId, out var before) ? before : (Slot: slot, Released: 0, slot.Item);
            var item = known.Item;
            var happened = happen(item);
            events.Add((slot.ItemId, happened));
            item = StockItem.Fold(slot.ItemId, item, happened);
            if (happened is StockMovement movement && slot.Later.CountAfter(movement.Document.OccurredAt) is { } count)
            {
                var correction = new StockCountCorrected(movement.StoreId, movement.ProductId, -movement.Change(), movement.Document.Id, count)
                {
                    UnitCost = movement.UnitCost,
                };
                events.Add((slot.ItemId, correction));
                item = StockItem.Fold(slot.ItemId, item, correction);
            }
            items[slot.ItemId] = (slot, known.Released + (happened is StockReleased released ? released.Quantity : 0), item);
        }
        var shortages = items.Values
            .Select(entry => (entry.Slot, Before: (entry.Slot.Item?.Available ?? 0) + entry.Released, After: entry.Item!.Available))
            .Where(entry => entry.After < 0 && entry.After < entry.Before && !entry.Slot.Product.AllowsBackorder)
            .Select(entry => new Shortage(entry.Slot.Store.Code, entry.Slot.Product.Code, entry.Before - entry.After, entry.Before))
            .ToList();
        return new StockDecision(events, shortages);
    }

    /// <summary>The same of one step for each line.</summary>
    public static StockDecision Decide<TLine>(
        IReadOnlyList<StockSlot> slots, IReadOnlyList<TLine> lines, Func<StockSlot, TLine, StockItem?, StockEvent> happen) =>
        Decide(Steps(slots, lines, happen));

    /// <summary>A step for each line.</summary>
    public static IEnumerable<StockStep> Steps<TLine>(
        IReadOnlyList<StockSlot> slots, IReadOnlyList<TLine> lines, Func<StockSlot, TLine, StockItem?, StockEvent> happen) =>
        slots.Zip(lines, (slot, line) => new StockStep(slot, item => happen(slot, line, item)));
}
