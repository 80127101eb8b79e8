using Fluxion.Ledger.Catalog;

namespace Fluxion.Ledger.Stock;

/// <summary>
/// The history of a stock item after the moment of a command, or after the earliest of its moments. All lines on the item share it.
/// </summary>
/// <param name="Change">Sum of the later changes of on hand; read only for a count.</param>
/// <param name="Counts">The later counts by when they occurred; counts of one moment in the order recorded.</param>
public sealed record StockHistory(decimal Change, IReadOnlyList<StockDocument> Counts)
{
    public static readonly StockHistory None = new(0, []);

    /// <summary>The first count after <paramref name="occurredAt"/>. It had seen the movements of that moment.</summary>
    public StockDocument? CountAfter(DateTimeOffset occurredAt)
    {
        var (low, high) = (0, Counts.Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (Counts[middle].OccurredAt > occurredAt)
                high = middle;
            else
                low = middle + 1;
        }
        return low < Counts.Count ? Counts[low] : null;
    }
}

/// <summary>A product in a store, with its stock item as this command locked it. The item is null before its first event.</summary>
/// <param name="Later">Read for a count, and for a command about the past if the item was counted since.</param>
public sealed record LockedStock(Store Store, Product Product, StockItem? Item, StockHistory Later)
{
    public LockedStock(Store store, Product product, StockItem? item)
        : this(store, product, item, StockHistory.None) { }

    public Guid ItemId { get; } = StockItem.IdOf(Store.Id, Product.Id);

    /// <summary>On hand of <paramref name="item"/> as of the moment of the command.</summary>
    public decimal OnHandAtOccurrence(StockItem? item) => (item?.OnHand ?? 0) - Later.Change;

    /// <summary>Unit cost of goods that leave: the moving average, or the product's cost price before the first movement.</summary>
    public decimal CostOf(StockItem? item) => item?.LastMovementAt is null ? Product.Details.CostPrice : item.UnitCost;
}

/// <summary>
/// A stock item that has less than a command needs. Both quantities are in the product's unit. Available is the quantity available, or
/// on hand where on hand is insufficient.
/// </summary>
public sealed record Shortage(string Store, string Sku, decimal Requested, decimal Available);

/// <summary>One step of a command: the event of a stock item, given its state after the previous steps.</summary>
public sealed record StockStep(LockedStock Stock, Func<StockItem?, StockEvent> Event);

/// <summary>A stock item that has less on hand than reserved after a fact.</summary>
/// <param name="By">Reserved less on hand, greater than 0.</param>
public sealed record ShortItem(LockedStock Stock, decimal By);

/// <summary>The decision of a command, with its events in the order of the steps. With a shortage nothing is appended.</summary>
/// <param name="ShortItems">Stock items that no longer cover their reservations.</param>
public sealed record StockDecision(
    IReadOnlyList<(Guid ItemId, StockEvent Event)> Events,
    IReadOnlyList<Shortage> Shortages,
    IReadOnlyList<ShortItem> ShortItems
);

/// <summary>
/// The stock rules for one command. Unless the product allows backorder, a command takes at most what is available, and on hand never goes
/// below zero. A fact (<see cref="StockMovement.IsFact"/>) may also take reserved stock: then available is below zero. A movement that
/// occurred before a count does not change the counted quantity. All steps apply, or none.
/// </summary>
public static class StockDecider
{
    public static StockDecision Decide(IEnumerable<StockStep> steps)
    {
        var items = new Dictionary<Guid, Tally>();
        var events = new List<(Guid, StockEvent)>();
        foreach (var (locked, apply) in steps)
        {
            if (!items.TryGetValue(locked.ItemId, out var tally))
                items[locked.ItemId] = tally = new Tally(locked);
            var happened = apply(tally.Item);
            Apply(happened);
            if (happened is StockMovement movement && locked.Later.CountAfter(movement.Document.OccurredAt) is { } count)
            {
                Apply(
                    new StockCountCorrected(movement.StoreId, movement.ProductId, -movement.Change(), movement.Document.Id, count)
                    {
                        UnitCost = movement.UnitCost,
                    }
                );
            }
            else if (happened is StockMovement fact && fact.IsFact())
            {
                tally.Facts += fact.Change();
            }
            if (happened is StockReleased released)
                tally.Released += released.Quantity;

            void Apply(StockEvent e)
            {
                events.Add((locked.ItemId, e));
                tally.Item = StockItem.Fold(locked.ItemId, tally.Item, e);
            }
        }
        return new StockDecision(
            events,
            [.. items.Values.Select(tally => tally.Shortage).OfType<Shortage>()],
            [.. items.Values.Where(tally => tally.IsShort).Select(tally => new ShortItem(tally.Stock, -tally.Item!.Available))]
        );
    }

    /// <summary>The effect of a command's steps on one stock item.</summary>
    private sealed class Tally(LockedStock locked)
    {
        public LockedStock Stock => locked;

        /// <summary>State after the steps so far.</summary>
        public StockItem? Item { get; set; } = locked.Item;

        /// <summary>Quantity that reservations released, for the same command to take.</summary>
        public decimal Released { get; set; }

        /// <summary>Change of on hand by facts.</summary>
        public decimal Facts { get; set; }

        public bool IsShort => Facts < 0 && Item!.Available < 0 && !locked.Product.AllowsBackorder;

        public Shortage? Shortage
        {
            get
            {
                if (locked.Product.AllowsBackorder)
                    return null;
                var (onHand, available) = (locked.Item?.OnHand ?? 0, (locked.Item?.Available ?? 0) + Facts);
                var wanted = available - Item!.Available;
                if (Item.Available < 0 && wanted > 0)
                    return new Shortage(locked.Store.Code, locked.Product.Code, wanted + Released, available + Released);
                return Item.OnHand < 0 && Item.OnHand < onHand
                    ? new Shortage(locked.Store.Code, locked.Product.Code, onHand - Item.OnHand, onHand)
                    : null;
            }
        }
    }

    /// <summary>Decides as above, with one step for each line.</summary>
    public static StockDecision Decide<TLine>(
        IReadOnlyList<LockedStock> lockedStock,
        IReadOnlyList<TLine> lines,
        Func<LockedStock, TLine, StockItem?, StockEvent> apply
    ) => Decide(Steps(lockedStock, lines, apply));

    /// <summary>Makes one step for each line.</summary>
    public static IEnumerable<StockStep> Steps<TLine>(
        IReadOnlyList<LockedStock> lockedStock,
        IReadOnlyList<TLine> lines,
        Func<LockedStock, TLine, StockItem?, StockEvent> apply
    ) => lockedStock.Zip(lines, (locked, line) => new StockStep(locked, item => apply(locked, line, item)));
}
