namespace Fluxion.Ledger.Stock;

/// <summary>The decision of a command on stock. With a shortage the command is refused.</summary>
/// <param name="Events">The events in the order of the steps.</param>
/// <param name="Changed">The stock items that the events change, each once.</param>
/// <param name="ShortItems">Stock items that no longer cover their reservations.</param>
public sealed record StockDecision(
    IReadOnlyList<(Guid ItemId, StockEvent Event)> Events,
    IReadOnlyList<ChangedStock> Changed,
    IReadOnlyList<Shortage> Shortages,
    IReadOnlyList<ShortItem> ShortItems
)
{
    /// <summary>The decision of a command that moves no stock.</summary>
    public static readonly StockDecision Nothing = new([], [], [], []);

    /// <summary>The refusal of a shortage; null when there is none.</summary>
    public Refusal? Refusal => Shortages.Count > 0 ? StockRefusals.NotEnough(Shortages) : null;

    /// <summary>The changed stock items as a client sees them.</summary>
    public IReadOnlyList<StockLevel> Levels => [.. Changed.Select(changed => StockLevel.From(changed.Locked, changed.After))];

    /// <summary>Corrections by count, by stock item and count. Empty when every movement changes today's stock.</summary>
    public IReadOnlyList<CountCorrection> CorrectedByCount
    {
        get
        {
            var corrections = Events.Select(e => e.Event).OfType<StockCountCorrected>();
            var locked = Changed.ToDictionary(changed => changed.Locked.ItemId, changed => changed.Locked);
            return
            [
                .. corrections
                    .GroupBy(correction => (StockItem.IdOf(correction.StoreId, correction.ProductId), correction.Document.Id))
                    .Select(seen => CountCorrection.From(locked[seen.Key.Item1], [.. seen])),
            ];
        }
    }

    /// <summary>Refuses a shortage; else accepts, with the events of documents after those of stock.</summary>
    public Decision With(params IReadOnlyList<DocumentEvents> documents) =>
        Refusal is { } refusal ? refusal : new Decision.Accepted(this, documents);

    public static implicit operator Decision(StockDecision decision) => decision.With();
}
