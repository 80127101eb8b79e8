namespace Fluxion.Ledger.Purchasing;

/// <summary>When and how much of a product a store orders: up to a level, whenever it is below the reorder point, in whole packs.</summary>
/// <param name="Point">Order when less than this is available or coming.</param>
/// <param name="MaxLevel">Order up to this; null: up to twice the point, or to the point and what goes in the lead time where that is more.</param>
/// <param name="LeadTimeDays">From the order to the goods.</param>
/// <param name="PackSize">What one pack holds, greater than 0.</param>
public sealed record ReorderRule(decimal Point, decimal? MaxLevel, int LeadTimeDays, decimal PackSize)
{
    /// <summary>
    /// What to order at an inventory position (Silver, Pyke and Thomas 2017: on hand + on order + in transit − reserved): the policy (s, S), rounded
    /// up to packs, by which the level may be passed.
    /// </summary>
    /// <param name="ratePerDay">What goes a day.</param>
    public decimal Quantity(decimal position, decimal ratePerDay)
    {
        if (position >= Point) return 0;
        var upTo = MaxLevel ?? Point + Math.Max(Point, ratePerDay * LeadTimeDays);
        return Math.Max(0, decimal.Ceiling((Math.Max(upTo, Point) - position) / PackSize) * PackSize);
    }
}
