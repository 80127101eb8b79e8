namespace Fluxion.Ledger.Alerts;

/// <summary>
/// What becomes of the alert of one type, product and store when somebody looks again. Deciding twice on its own result yields no event.
/// </summary>
public static class AlertDecider
{
    /// <summary>Why an alert was dismissed without anybody having done so.</summary>
    public const string DeactivatedReason = "product or store deactivated";

    /// <param name="latest">The latest alert of its type, product and store; null when there was none.</param>
    /// <param name="isKept">Whether product and store are active.</param>
    /// <param name="finding">What is wrong now; null when nothing is.</param>
    /// <param name="reopenWithin">
    /// How long after it resolved by itself an alert is reopened in place of a new one: stock that swings around its threshold has one alert
    /// with a history, not one a swing.
    /// </param>
    /// <returns>The event, or null when there is nothing to say; an <see cref="AlertRaised"/> begins an alert of its own.</returns>
    public static object? Decide(string type, Guid productId, Guid storeId, Alert? latest, bool isKept, AlertContent? finding, string rule,
        DateTimeOffset now, TimeSpan reopenWithin)
    {
        if (latest is { IsOpen: true })
        {
            return !isKept ? new AlertDismissed(null, now, DeactivatedReason)
                : finding is null ? new AlertResolved(null, now)
                : IsNews(latest, finding) ? new AlertUpdated(finding.Priority, finding.Title, finding.Description, finding.Data) : null;
        }
        if (!isKept) finding = null;
        if (latest is { IsCleared: false }) return finding is null ? new AlertCleared(now) : null; // somebody has closed it, and it is still so
        if (finding is null) return null;
        return latest is { Status: Alert.Resolved, ResolvedBy: null } && latest.ResolvedAt > now - reopenWithin
            ? new AlertReopened(finding.Priority, finding.Title, finding.Description, finding.Data)
            : new AlertRaised(type, finding.Priority, finding.Title, finding.Description, productId, storeId, null, finding.Data, rule);
    }

    /// <summary>Whether something has changed that people act on: a level that went by a tenth of its threshold, and not every sale.</summary>
    private static bool IsNews(Alert alert, AlertContent finding)
    {
        var (before, after) = (alert.Data, finding.Data);
        return alert.Priority != finding.Priority || before.Threshold != after.Threshold || before.OnOrder != after.OnOrder || before.InTransit != after.InTransit
            || (before.SuggestedQuantity > 0) != (after.SuggestedQuantity > 0)
            || !(before.Reservations ?? []).Select(r => r.Id).SequenceEqual((after.Reservations ?? []).Select(r => r.Id))
            || Math.Abs(before.Level - after.Level) >= Math.Max(after.Threshold / 10, 1);
    }
}
