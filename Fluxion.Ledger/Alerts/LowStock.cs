using System.Globalization;
using Fluxion.Ledger.Commands;

namespace Fluxion.Ledger.Alerts;

/// <summary>low_stock_alert_trigger of the data model: less is available than the reorder point.</summary>
public static class LowStock
{
    /// <summary>generated_by of its alerts.</summary>
    public const string Rule = "low_stock_rule";

    /// <summary>Where an item stands; a step from one to another is what alerts are looked at again for. Very low is below half of the reorder point. Without a reorder point enough is always available.</summary>
    public enum Standing { Enough, Low, VeryLow, Out }

    public static Standing Of(decimal available, decimal reorderPoint) => reorderPoint <= 0 || available >= reorderPoint ? Standing.Enough
        : available <= 0 ? Standing.Out
        : available < reorderPoint / 2 ? Standing.VeryLow : Standing.Low;

    /// <summary>
    /// Critical when nothing is available; high when less than half of the reorder point is, or it runs out before an order placed now comes in
    /// (rate × lead time); else medium. High and medium are one lower where what is on order and in transit brings it to the reorder point.
    /// </summary>
    /// <param name="events">What caused it.</param>
    /// <returns>Null when enough is available.</returns>
    public static Finding? Find(ItemOutlook item, IReadOnlyList<Guid> events)
    {
        var standing = Of(item.Available, item.Reorder.Point);
        if (standing == Standing.Enough) return null;
        var urgent = standing == Standing.VeryLow || item.Available < item.RatePerDay * item.Reorder.LeadTimeDays;
        var isComing = item.Available + item.OnOrder + item.InTransit >= item.Reorder.Point;
        var priority = standing == Standing.Out ? AlertPriorities.Critical
            : urgent && !isComing ? AlertPriorities.High
            : urgent || !isComing ? AlertPriorities.Medium : AlertPriorities.Low;
        return new Finding(priority, $"{(standing == Standing.Out ? "Out of stock" : "Low stock")}: {item.Product}",
            $"{Plain(item.Available)} of {item.Sku} available in {item.Store}; the reorder point is {Plain(item.Reorder.Point)}.",
            new AlertData(Quantities.Plain(item.Available), Quantities.Plain(item.Reorder.Point), Quantities.Plain(item.OnHand), Quantities.Plain(item.OnOrder),
                Quantities.Plain(item.InTransit), Quantities.Plain(Quantities.Round(item.RatePerDay, 3)),
                item.RatePerDay > 0 ? Quantities.Plain(Quantities.Round(Math.Max(item.Available, 0) / item.RatePerDay, 1)) : null,
                Quantities.Plain(item.SuggestedQuantity), Events: events));
    }

    private static string Plain(decimal value) => Quantities.Plain(value).ToString(CultureInfo.InvariantCulture);
}
