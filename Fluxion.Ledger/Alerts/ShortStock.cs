using System.Globalization;

namespace Fluxion.Ledger.Alerts;

/// <summary>Less is on hand than is reserved: damage, theft or a count removed reserved stock.</summary>
public static class ShortStock
{
    /// <summary>The value of generated_by in alerts of this rule.</summary>
    public const string Rule = "reservation_rule";

    /// <summary>The maximum number of reservations that an alert names.</summary>
    public const int MaxNamed = 20;

    /// <summary>
    /// The priority is high, and critical when nothing is on hand. The alert resolves when the stock is back or is no longer reserved.
    /// </summary>
    /// <param name="events">The events that caused the finding.</param>
    /// <returns>The finding; null when every reservation can be fulfilled.</returns>
    public static AlertContent? Find(StockPosition item, IReadOnlyList<Guid> events)
    {
        if (item.ShortReservations.Count == 0)
            return null;
        var missing = Quantities.Normalize(-item.Available);
        var named = string.Join(", ", item.ShortReservations.Select(r => $"{r.Reference} by {Format(r.ShortBy)}"));
        return new AlertContent(
            item.OnHand <= 0 ? AlertPriorities.Critical : AlertPriorities.High,
            $"Reservations short: {item.Product}",
            $"{Format(missing)} of {Format(item.OnHand - item.Available)} reserved of {item.Sku} in {item.Store} are missing. "
                + $"Short are {named}.",
            new AlertData(
                missing,
                0,
                Quantities.Normalize(item.OnHand),
                Quantities.Normalize(item.OnOrder),
                Quantities.Normalize(item.InTransit),
                Events: events,
                Reservations: item.ShortReservations
            )
        );
    }

    private static string Format(decimal value) => Quantities.Normalize(value).ToString(CultureInfo.InvariantCulture);
}
