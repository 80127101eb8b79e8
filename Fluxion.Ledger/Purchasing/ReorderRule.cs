namespace Fluxion.Ledger.Purchasing;

/// <summary>
/// When and how much of a product a store orders. An order is due below the reorder point. It raises the stock to a level, in full packs.
/// </summary>
/// <param name="Point">Reorder point: an order is due when the inventory position is below it.</param>
/// <param name="MaxLevel">
/// Maximum level: an order has as many packs as fit under it. Null: the order reaches the reorder point plus the demand of the lead time,
/// but at least 2 × the reorder point.
/// </param>
/// <param name="LeadTimeDays">Days from the order to its goods.</param>
/// <param name="PackSize">Quantity in one pack, greater than 0.</param>
public sealed record ReorderRule(decimal Point, decimal? MaxLevel, int LeadTimeDays, decimal PackSize)
{
    /// <summary>
    /// The quantity to order at an inventory position (Silver, Pyke and Thomas 2017: on hand + on order + in transit − reserved). It
    /// follows the (s, S) policy, in packs. With a maximum level it is the most packs that fit under it, but at least enough to reach the
    /// reorder point. So the order causes no overstock. Without a maximum level, packs are rounded up.
    /// </summary>
    /// <param name="ratePerDay">Demand: quantity that leaves per day.</param>
    public decimal Quantity(decimal position, decimal ratePerDay)
    {
        if (position >= Point)
            return 0;
        decimal Reaching(decimal level) => decimal.Ceiling((level - position) / PackSize);
        var packs = MaxLevel is { } max
            ? Math.Max(decimal.Floor((max - position) / PackSize), Reaching(Point))
            : Reaching(Point + Math.Max(Point, ratePerDay * LeadTimeDays));
        return packs * PackSize;
    }
}
