using System.Globalization;
using Fluxion.Ledger.Commands;

namespace Fluxion.Ledger.Alerts;

/// <summary>What scans say of what they found.</summary>
public static class ScanRules
{
    /// <summary>generated_by of their alerts.</summary>
    public const string Rule = "stock_scan";

    /// <summary>
    /// Overstock and slow moving are low, and medium from twice the threshold on. A demand spike is medium, and high when at that day's rate less is
    /// available than goes in the lead time.
    /// </summary>
    /// <returns>Null when nothing is wrong.</returns>
    public static Finding? Find(ItemOutlook item, Doubt doubt, IReadOnlyList<Guid> events)
    {
        if (doubt.Level is not { } level) return null;
        var (name, text) = doubt.Type switch
        {
            AlertTypes.Overstock => ("Overstock", $"{Plain(level)} of {item.Sku} on hand in {item.Store}; at most {Plain(doubt.Threshold)} should be."),
            AlertTypes.SlowMoving => ("Slow moving", $"{Plain(item.OnHand)} of {item.Sku} on hand in {item.Store}, and none issued for {Plain(level)} days."),
            AlertTypes.DemandSpike => ("Demand spike", $"{Plain(level)} of {item.Sku} issued in {item.Store} in a day, usually {Plain(doubt.Median ?? 0)}."),
            _ => throw new ArgumentOutOfRangeException(nameof(doubt), doubt.Type, "is no type that scans find"),
        };
        var isMore = doubt.Type == AlertTypes.DemandSpike ? item.Available < level * item.Reorder.LeadTimeDays : level >= 2 * doubt.Threshold;
        var priority = (doubt.Type == AlertTypes.DemandSpike, isMore) switch
        {
            (true, true) => AlertPriorities.High,
            (true, false) or (false, true) => AlertPriorities.Medium,
            _ => AlertPriorities.Low,
        };
        return new Finding(priority, $"{name}: {item.Product}", text, new AlertData(Quantities.Plain(level), Quantities.Plain(doubt.Threshold),
            Quantities.Plain(item.OnHand), RatePerDay: Quantities.Plain(Quantities.Round(item.RatePerDay, 3)), Score: doubt.Score, Median: doubt.Median, Events: events));
    }

    private static string Plain(decimal value) => Quantities.Plain(value).ToString(CultureInfo.InvariantCulture);
}
