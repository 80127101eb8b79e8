using System.Globalization;

namespace Fluxion.Ledger.Alerts;

/// <summary>The low_stock_alert_trigger of the data model: the available quantity is less than the reorder point.</summary>
public static class LowStock
{
    /// <summary>The value of generated_by in alerts of this rule.</summary>
    public const string Rule = "low_stock_rule";

    /// <summary>
    /// The stock status of an item. A change of status requests a review of its alerts. Very low is less than half of the reorder point.
    /// Without a reorder point the status is always Enough.
    /// </summary>
    public enum StockStatus
    {
        Enough,
        Low,
        VeryLow,
        Out,
    }

    public static StockStatus StatusOf(decimal available, decimal reorderPoint) =>
        reorderPoint <= 0 || available >= reorderPoint ? StockStatus.Enough
        : available <= 0 ? StockStatus.Out
        : available < reorderPoint / 2 ? StockStatus.VeryLow
        : StockStatus.Low;

    /// <summary>
    /// The priority is critical when nothing is available. It is high when less than half of the reorder point is available. It is also
    /// high when the stock runs out before an order placed now arrives (rate × lead time). Otherwise it is medium. High and medium are one
    /// lower when the quantities on order and in transit raise the item to its reorder point.
    /// </summary>
    /// <param name="events">The events that caused the finding.</param>
    /// <returns>The finding; null when enough is available.</returns>
    public static AlertContent? Find(StockPosition item, IReadOnlyList<Guid> events)
    {
        var standing = StatusOf(item.Available, item.Reorder.Point);
        if (standing == StockStatus.Enough)
            return null;
        var urgent = standing == StockStatus.VeryLow || item.Available < item.RatePerDay * item.Reorder.LeadTimeDays;
        var isComing = item.Available + item.OnOrder + item.InTransit >= item.Reorder.Point;
        var priority =
            standing == StockStatus.Out ? AlertPriorities.Critical
            : urgent && !isComing ? AlertPriorities.High
            : urgent || !isComing ? AlertPriorities.Medium
            : AlertPriorities.Low;
        return new AlertContent(
            priority,
            $"{(standing == StockStatus.Out ? "Out of stock" : "Low stock")}: {item.Product}",
            $"{Format(item.Available)} of {item.Sku} available in {item.Store}; the reorder point is {Format(item.Reorder.Point)}.",
            new AlertData(
                Quantities.Normalize(item.Available),
                Quantities.Normalize(item.Reorder.Point),
                Quantities.Normalize(item.OnHand),
                Quantities.Normalize(item.OnOrder),
                Quantities.Normalize(item.InTransit),
                Quantities.Normalize(Quantities.Round(item.RatePerDay, 3)),
                item.RatePerDay > 0 ? Quantities.Normalize(Quantities.Round(Math.Max(item.Available, 0) / item.RatePerDay, 1)) : null,
                Quantities.Normalize(item.SuggestedQuantity),
                Events: events
            )
        );
    }

    private static string Format(decimal value) => Quantities.Normalize(value).ToString(CultureInfo.InvariantCulture);
}
