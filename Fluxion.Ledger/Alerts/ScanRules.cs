using System.Globalization;
using Fluxion.Ledger.Validation;

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
    public static AlertContent? Find(StockPosition item, AlertCandidate candidate, IReadOnlyList<Guid> events)
    {
        if (candidate.Level is not { } level) return null;
        var (name, text) = candidate.Type switch
        {
            AlertTypes.Overstock => ("Overstock", $"{Format(level)} of {item.Sku} on hand in {item.Store}; at most {Format(candidate.Threshold)} should be."),
            AlertTypes.SlowMoving => ("Slow moving", $"{Format(item.OnHand)} of {item.Sku} on hand in {item.Store}, and none issued for {Format(level)} days."),
            AlertTypes.DemandSpike => ("Demand spike", $"{Format(level)} of {item.Sku} issued in {item.Store} in a day, usually {Format(candidate.Median ?? 0)}."),
            _ => throw new ArgumentOutOfRangeException(nameof(candidate), candidate.Type, "must be a type that scans find"),
        };
        var isMore = candidate.Type == AlertTypes.DemandSpike ? item.Available < level * item.Reorder.LeadTimeDays : level >= 2 * candidate.Threshold;
        var priority = (candidate.Type == AlertTypes.DemandSpike, isMore) switch
        {
            (true, true) => AlertPriorities.High,
            (true, false) or (false, true) => AlertPriorities.Medium,
            _ => AlertPriorities.Low,
        };
        return new AlertContent(priority, $"{name}: {item.Product}", text, new AlertData(Quantities.Normalize(level), Quantities.Normalize(candidate.Threshold),
            Quantities.Normalize(item.OnHand), RatePerDay: Quantities.Normalize(Quantities.Round(item.RatePerDay, 3)), Score: candidate.Score, Median: candidate.Median, Events: events));
    }

    private static string Format(decimal value) => Quantities.Normalize(value).ToString(CultureInfo.InvariantCulture);
}
