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
public sealed record LockedStock(Store Store, Product Product, StockItem? Item, StockHistory Later)
{
    public LockedStock(Store store, Product product, StockItem? item) : this(store, product, item, StockHistory.None) { }

    public Guid ItemId { get; } = StockItem.IdOf(Store.Id, Product.Id);

    /// <summary>What <paramref name="item"/> had on hand as of the moment of the command.</summary>
    public decimal OnHandAtOccurrence(StockItem? item) => (item?.OnHand ?? 0) - Later.Change;

    /// <summary>The cost of one unit that leaves: the moving average, or the product's cost price before anything has moved.</summary>
    public decimal CostOf(StockItem? item) => item?.LastMovementAt is null ? Product.Details.CostPrice : item.UnitCost;
}

/// <summary>What was asked of an item and what it has, both in the product's unit: available, or on hand where that is what was too little.</summary>
public sealed record Shortage(string Store, string Sku, decimal Requested, decimal Available);

/// <summary>One step of a command: what happens to an item, as the steps before it left the item.</summary>
public sealed record StockStep(LockedStock Stock, Func<StockItem?, StockEvent> Event);

/// <summary>An item of which less is on hand than is reserved, after something has happened to the goods.</summary>
/// <param name="By">Reserved less on hand, greater than 0.</param>
public sealed record ShortItem(LockedStock Stock, decimal By);

/// <summary>What a command decided on, in the order of its steps; with a shortage none of it happens.</summary>
/// <param name="ShortItems">Of which reservations can no longer be kept.</param>
public sealed record StockDecision(
    IReadOnlyList<(Guid ItemId, StockEvent Event)> Events, IReadOnlyList<Shortage> Shortages, IReadOnlyList<ShortItem> ShortItems);

/// <summary>
/// The ledger's law for one command, unless the product allows backorder: nobody takes more than is available, and on hand never goes below
/// zero. What has happened to the goods (<see cref="StockMovement.IsFact"/>) is taken although more is reserved: then available is below zero.
/// What occurred before a count does not change what was counted. All steps or none.
/// </summary>
public static class StockDecider
{
    public static StockDecision Decide(IEnumerable<StockStep> steps)
    {
        var items = new Dictionary<Guid, Tally>();
        var events = new List<(Guid, StockEvent)>();
        foreach (var (locked, apply) in steps)
        {
            if (!items.TryGetValue(locked.ItemId, out var tally)) items[locked.ItemId] = tally = new Tally(locked);
            var happened = apply(tally.Item);
            Apply(happened);
            if (happened is StockMovement movement && locked.Later.CountAfter(movement.Document.OccurredAt) is { } count)
            {
                Apply(new StockCountCorrected(movement.StoreId, movement.ProductId, -movement.Change(), movement.Document.Id, count)
                {
                    UnitCost = movement.UnitCost,
                });
            }
            else if (happened is StockMovement fact && fact.IsFact())
            {
                tally.Facts += fact.Change();
            }
            if (happened is StockReleased released) tally.Released += released.Quantity;

            void Apply(StockEvent e)
            {
                events.Add((locked.ItemId, e));
                tally.Item = StockItem.Fold(locked.ItemId, tally.Item, e);
            }
        }
        return new StockDecision(events, [.. items.Values.Select(tally => tally.Shortage).OfType<Shortage>()],
            [.. items.Values.Where(tally => tally.IsShort).Select(tally => new ShortItem(tally.Stock, -tally.Item!.Available))]);
    }

    /// <summary>What the steps of a command do to one item.</summary>
    private sealed class Tally(LockedStock locked)
    {
        public LockedStock Stock => locked;

        /// <summary>As the steps so far left it.</summary>
        public StockItem? Item { get; set; } = locked.Item;

        /// <summary>What reservations gave back, to be taken by the same command.</summary>
        public decimal Released { get; set; }

        /// <summary>What has happened to the goods: what it added to on hand.</summary>
        public decimal Facts { get; set; }

        public bool IsShort => Facts < 0 && Item!.Available < 0 && !locked.Product.AllowsBackorder;

        public Shortage? Shortage
        {
            get
            {
                if (locked.Product.AllowsBackorder) return null;
                var (onHand, available) = (locked.Item?.OnHand ?? 0, (locked.Item?.Available ?? 0) + Facts);
                var wanted = available - Item!.Available;
                if (Item.Available < 0 && wanted > 0)
                    return new Shortage(locked.Store.Code, locked.Product.Code, wanted + Released, available + Released);
                return Item.OnHand < 0 && Item.OnHand < onHand
                    ? new Shortage(locked.Store.Code, locked.Product.Code, onHand - Item.OnHand, onHand) : null;
            }
        }
    }

    /// <summary>The same of one step for each line.</summary>
    public static StockDecision Decide<TLine>(
        IReadOnlyList<LockedStock> lockedStock, IReadOnlyList<TLine> lines, Func<LockedStock, TLine, StockItem?, StockEvent> apply) =>
        Decide(Steps(lockedStock, lines, apply));

    /// <summary>A step for each line.</summary>
    public static IEnumerable<StockStep> Steps<TLine>(
        IReadOnlyList<LockedStock> lockedStock, IReadOnlyList<TLine> lines, Func<LockedStock, TLine, StockItem?, StockEvent> apply) =>
        lockedStock.Zip(lines, (locked, line) => new StockStep(locked, item => apply(locked, line, item)));
}
