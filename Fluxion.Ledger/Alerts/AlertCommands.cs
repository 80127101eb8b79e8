namespace Fluxion.Ledger.Alerts;

/// <summary>The commands of users on alerts.</summary>
public static class AlertCommands
{
    public const string RefusalDescription =
        "Refused with 404: an unknown alert; 403: an alert about a store that is not yours; 409: every other state.";

    /// <summary>The advisory lock that every writer of alerts acquires.</summary>
    public const string LockName = "alerts";

    /// <summary>One event, when the alert is in a state in which <paramref name="command"/> is allowed.</summary>
    /// <param name="now">The ledger's time after the lock, so that steps of an alert have the order of their times.</param>
    public static Decision Decide(
        Alert alert,
        string command,
        Caller caller,
        Func<Guid, DateTimeOffset, object> happened,
        DateTimeOffset now
    )
    {
        if (caller.Stores is not null && (alert.StoreId is not { } store || !caller.MayUse(store)))
            return Refusal.Forbidden("The alert is about a store that is not yours.");
        if (Refusal.WrongState("alert", alert.Status, command, Alert.Allowed) is { } wrongState)
            return wrongState;
        return Decision.Accept(DocumentEvents.Of<Alert>(alert.Id, happened(caller.UserId, now)));
    }

    public static async Task<Reply> Apply(
        LedgerSession ledger,
        AlertNotifications notifications,
        string id,
        string command,
        Func<Guid, DateTimeOffset, object> happened,
        CancellationToken ct
    )
    {
        await ledger.AcquireLock(LockName, ct);
        if (!Guid.TryParse(id, out var guid) || await ledger.Lock<Alert>(guid, ct) is not { } alert)
            return Refusal.NotFound("alert", "id", id);
        return ledger.Append(
            Decide(alert, command, ledger.Caller, happened, ledger.Now),
            _ =>
            {
                notifications.SendAfterCommit(ledger);
                alert = ledger.State<Alert>(guid);
                return Reply.Ok(new AlertReceipt(guid, alert.Type, alert.Priority, alert.Status, ledger.VersionOf(guid)));
            }
        );
    }
}
