namespace Fluxion.Ledger.Stock;

/// <summary>A count as a client sees it: id, document number and moment.</summary>
public sealed record CountReference(Guid Id, string? Reference, DateTimeOffset OccurredAt);

/// <summary>
/// Late movements of a command: they occurred before a count and were recorded after it. The count had seen them, so they changed the
/// history and not today's stock.
/// </summary>
/// <param name="Movements">Number of late movements in the command.</param>
/// <param name="Quantity">Quantity that they would have added to on hand; below 0 when goods left.</param>
/// <param name="Count">The first count after them.</param>
public sealed record CountCorrection(string Store, string Sku, int Movements, decimal Quantity, CountReference Count)
{
    /// <param name="seen">The corrections of one stock item by one count.</param>
    public static CountCorrection From(LockedStock locked, IReadOnlyList<StockCountCorrected> seen)
    {
        var count = seen[0].Document;
        return new CountCorrection(
            locked.Store.Code,
            locked.Product.Code,
            seen.Count,
            -seen.Sum(correction => correction.Quantity),
            new CountReference(count.Id, count.Reference, count.OccurredAt)
        );
    }
}
