namespace Fluxion.Ledger.Stock;

/// <summary>
/// The stock rules for one command. Unless the product allows backorder, a command takes at most the available quantity, and on hand never
/// goes below zero. A fact (<see cref="StockMovement.IsFact"/>) may also take reserved stock: then available is below zero. A movement that
/// occurred before a count does not change the counted quantity. All steps apply, or none.
/// </summary>
public static class StockDecider
{
    /// <summary>Decides on the steps of a command, in their order.</summary>
    /// <param name="lockedStock">The stock items of the steps. The decision lists them in this order.</param>
    public static StockDecision Decide(IEnumerable<LockedStock> lockedStock, IEnumerable<StockStep> steps)
    {
        var items = lockedStock.DistinctBy(locked => locked.ItemId).ToDictionary(locked => locked.ItemId, locked => new Tally(locked));
        var events = new List<(Guid, StockEvent)>();
        foreach (var (locked, apply) in steps)
        {
            var tally = items[locked.ItemId];
            var happened = apply(tally.Item);
            Apply(happened);
            if (happened is StockMovement movement && locked.Later.CountAfter(movement.Document.OccurredAt) is { } count)
            {
                Apply(
                    new StockCountCorrected(movement.StoreId, movement.ProductId, -movement.QuantityChange(), movement.Document.Id, count)
                    {
                        UnitCost = movement.UnitCost,
                    }
                );
            }
            else if (happened is StockMovement fact && fact.IsFact())
            {
                tally.Facts += fact.QuantityChange();
            }
            if (happened is StockReleased released)
                tally.Released += released.Quantity;

            void Apply(StockEvent e)
            {
                events.Add((locked.ItemId, e));
                tally.Item = StockItem.Fold(locked.ItemId, tally.Item, e);
                tally.IsChanged = true;
            }
        }
        var changed = items.Values.Where(tally => tally.IsChanged).ToList();
        return new StockDecision(
            events,
            [.. changed.Select(tally => new ChangedStock(tally.Stock, tally.Item!))],
            [.. changed.Select(tally => tally.Shortage).OfType<Shortage>()],
            [.. changed.Where(tally => tally.IsShort).Select(tally => new ShortItem(tally.Stock, -tally.Item!.Available))]
        );
    }

    /// <summary>The effect of a command's steps on one stock item.</summary>
    private sealed class Tally(LockedStock locked)
    {
        public LockedStock Stock => locked;

        /// <summary>State after the steps so far.</summary>
        public StockItem? Item { get; set; } = locked.Item;

        public bool IsChanged { get; set; }

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
    ) => Decide(lockedStock, Steps(lockedStock, lines, apply));

    /// <summary>Makes one step for each line.</summary>
    public static IEnumerable<StockStep> Steps<TLine>(
        IReadOnlyList<LockedStock> lockedStock,
        IReadOnlyList<TLine> lines,
        Func<LockedStock, TLine, StockItem?, StockEvent> apply
    ) => lockedStock.Zip(lines, (locked, line) => new StockStep(locked, item => apply(locked, line, item)));
}
