namespace Fluxion.Ledger.Stock;

/// <summary>
/// The history of a stock item after the moment of a command, or after the earliest of its moments. All lines on the item share it.
/// </summary>
/// <param name="Change">Sum of the later changes of on hand; read only for a count.</param>
/// <param name="Counts">The later counts in the order in which they occurred; counts of one moment in the order recorded.</param>
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
