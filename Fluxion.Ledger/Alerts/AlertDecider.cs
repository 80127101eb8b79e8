namespace Fluxion.Ledger.Alerts;

/// <summary>
/// Decides the change of the alert of one type, product and store at a review. Deciding again on the result yields no event.
/// </summary>
public static class AlertDecider
{
    /// <summary>The reason of a dismissal that no user requested.</summary>
    public const string DeactivatedReason = "product or store deactivated";

    /// <param name="latest">The latest alert of its type, product and store; null when there was none.</param>
    /// <param name="isKept">Whether alerts of this type are kept for the item: by default while product and store are active.</param>
    /// <param name="finding">The current finding; null when nothing is wrong.</param>
    /// <param name="reopenWithin">
    /// The time after an alert resolved by itself in which it is reopened instead of a new one raised. Stock that fluctuates around its
    /// threshold then has one alert with a history instead of one alert for each swing.
    /// </param>
    /// <returns>The event, or null when nothing changes. An <see cref="AlertRaised"/> starts a new stream.</returns>
    public static object? Decide(
        string type,
        Guid productId,
        Guid storeId,
        Alert? latest,
        bool isKept,
        AlertContent? finding,
        string rule,
        DateTimeOffset now,
        TimeSpan reopenWithin
    )
    {
        if (latest is { IsOpen: true })
        {
            return !isKept ? new AlertDismissed(null, now, DeactivatedReason)
                : finding is null ? new AlertResolved(null, now)
                : IsNews(latest, finding) ? new AlertUpdated(finding.Priority, finding.Title, finding.Description, finding.Data)
                : null;
        }
        if (!isKept)
            finding = null;
        if (latest is { IsCleared: false })
            return finding is null ? new AlertCleared(now) : null; // closed by a user; the cause persists
        if (finding is null)
            return null;
        return latest is { Status: Alert.Resolved, ResolvedBy: null } && latest.ResolvedAt > now - reopenWithin
            ? new AlertReopened(finding.Priority, finding.Title, finding.Description, finding.Data)
            : new AlertRaised(type, finding.Priority, finding.Title, finding.Description, productId, storeId, null, finding.Data, rule);
    }

    /// <summary>
    /// Whether something relevant to users changed. A level must move by a tenth of its threshold, and by at least 1: not every sale
    /// updates the alert.
    /// </summary>
    private static bool IsNews(Alert alert, AlertContent finding)
    {
        var (before, after) = (alert.Data, finding.Data);
        return alert.Priority != finding.Priority
            || before.Threshold != after.Threshold
            || before.OnOrder != after.OnOrder
            || before.InTransit != after.InTransit
            || (before.SuggestedQuantity > 0) != (after.SuggestedQuantity > 0)
            || !(before.Reservations ?? []).Select(r => r.Id).SequenceEqual((after.Reservations ?? []).Select(r => r.Id))
            || Math.Abs(before.Level - after.Level) >= Math.Max(after.Threshold / 10, 1);
    }
}
