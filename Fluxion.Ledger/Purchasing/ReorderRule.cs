namespace Fluxion.Ledger.Purchasing;

/// <summary>When and how much of a product a store orders: up to a level, whenever it is below the reorder point, in whole packs.</summary>
/// <param name="Point">Order when less than this is available or coming.</param>
/// <param name="MaxLevel">Order what packs fit under this; null: up to twice the point, or to the point and what goes in the lead time where that is more.</param>
/// <param name="LeadTimeDays">From the order to the goods.</param>
/// <param name="PackSize">What one pack holds, greater than 0.</param>
public sealed record ReorderRule(decimal Point, decimal? MaxLevel, int LeadTimeDays, decimal PackSize)
{
    /// <summary>
    /// What to order at an inventory position (Silver, Pyke and Thomas 2017: on hand + on order + in transit − reserved): the policy (s, S), in
    /// packs: as many as fit under the maximum, so that an order that is followed makes no overstock, but as many as reach the reorder point; without a maximum, rounded up.
    /// </summary>
    /// <param name="ratePerDay">What goes a day.</param>
    public decimal Quantity(decimal position, decimal ratePerDay)
    {
        if (position >= Point) return 0;
        decimal Reaching(decimal level) => decimal.Ceiling((level - position) / PackSize);
        var packs = MaxLevel is { } max ? Math.Max(decimal.Floor((max - position) / PackSize), Reaching(Point)) : Reaching(Point + Math.Max(Point, ratePerDay * LeadTimeDays));
        return packs * PackSize;
    }
}
