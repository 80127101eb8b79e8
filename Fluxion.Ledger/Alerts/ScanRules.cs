using System.Globalization;

namespace Fluxion.Ledger.Alerts;

/// <summary>The rules for the candidates that a scan finds.</summary>
public static class ScanRules
{
    /// <summary>The value of generated_by in alerts of scans.</summary>
    public const string Rule = "stock_scan";

    /// <summary>
    /// The priority of overstock and slow moving is low, and medium from 2 × threshold. A demand spike is medium. It is high when less is
    /// available than the lead time consumes at that day's rate.
    /// </summary>
    /// <returns>The finding; null when nothing is found.</returns>
    public static AlertContent? Find(StockPosition item, AlertCandidate candidate, IReadOnlyList<Guid> events)
    {
        if (candidate.Level is not { } level)
            return null;
        var (name, text) = candidate.Type switch
        {
            AlertTypes.Overstock => (
                "Overstock",
                $"{Format(level)} of {item.Sku} on hand in {item.Store}; the maximum is {Format(candidate.Threshold)}."
            ),
            AlertTypes.SlowMoving => (
                "Slow moving",
                $"{Format(item.OnHand)} of {item.Sku} on hand in {item.Store}, and none issued for {Format(level)} days."
            ),
            AlertTypes.DemandSpike => (
                "Demand spike",
                $"{Format(level)} of {item.Sku} issued in {item.Store} in a day, usually {Format(candidate.Median ?? 0)}."
            ),
            _ => throw new ArgumentOutOfRangeException(nameof(candidate), candidate.Type, "must be a type that scans find"),
        };
        var isMore =
            candidate.Type == AlertTypes.DemandSpike
                ? item.Available < level * item.Reorder.LeadTimeDays
                : level >= 2 * candidate.Threshold;
        var priority = (candidate.Type == AlertTypes.DemandSpike, isMore) switch
        {
            (true, true) => AlertPriorities.High,
            (true, false) or (false, true) => AlertPriorities.Medium,
            _ => AlertPriorities.Low,
        };
        return new AlertContent(
            priority,
            $"{name}: {item.Product}",
            text,
            new AlertData(
                Quantities.Normalize(level),
                Quantities.Normalize(candidate.Threshold),
                Quantities.Normalize(item.OnHand),
                RatePerDay: Quantities.Normalize(Quantities.Round(item.RatePerDay, 3)),
                Score: candidate.Score,
                Median: candidate.Median,
                Events: events
            )
        );
    }

    private static string Format(decimal value) => Quantities.Normalize(value).ToString(CultureInfo.InvariantCulture);
}
