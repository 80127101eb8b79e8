using Fluxion.Ledger.Access;
using Fluxion.Ledger.Decisions;
using Fluxion.Ledger.Session;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Wolverine.Http;

namespace Fluxion.Ledger.Alerts;

/// <summary>The receipt of a command on an alert.</summary>
/// <param name="Status">active, acknowledged, resolved or dismissed.</param>
/// <param name="Version">The version of the alert, which grows with every change.</param>
public sealed record AlertReceipt(Guid Id, string Type, string Priority, string Status, long Version);

public static class AlertCommands
{
    /// <summary>The advisory lock that every writer of alerts acquires.</summary>
    public const string LockName = "alerts";

    /// <summary>
    /// Appends one event when the alert is in a state in which <paramref name="command"/> is allowed. The event is created after the lock
    /// is acquired, so that it bears the time of that moment.
    /// </summary>
    public static async Task<Reply> Apply(
        LedgerSession ledger,
        AlertNotifications notifications,
        string id,
        string command,
        Func<object> happens,
        CancellationToken ct
    )
    {
        await ledger.AcquireLock(LockName, ct);
        if (!Guid.TryParse(id, out var guid) || await ledger.Lock<Alert>(guid, ct) is not { } alert)
            return Refusal.NotFound("alert", "id", id);
        if (ledger.Caller.Stores is not null && (alert.StoreId is not { } store || !ledger.Caller.MayUse(store)))
            return Refusal.Forbidden("The alert is about a store that is not yours.");
        if (Refusal.WrongState("alert", alert.Status, command, Alert.Allowed) is { } wrong)
            return wrong;
        alert = ledger.Append<Alert>(guid, happens());
        notifications.SendAfterCommit(ledger);
        return Reply.Ok(new AlertReceipt(alert.Id, alert.Type, alert.Priority, alert.Status, ledger.VersionOf(guid)));
    }
}

public static class AlertEndpoints
{
    [WolverinePost("/api/{tenant}/alerts/{id}/acknowledge", Name = "Acknowledge alert"), Authorize(Roles.User), Tags("Alerts")]
    [EndpointSummary("Take notice of an alert: it stays open, and others see who is at it")]
    [EndpointDescription(
        "From active to acknowledged. Refused: 409 in every other state, 404 when the alert does not exist, 403 when it is about a store that is not yours."
    )]
    [ProducesResponseType<AlertReceipt>(200)]
    public static Task<IResult> Acknowledge(
        string id,
        [NotBody] LedgerSession ledger,
        [NotBody] AlertNotifications notifications,
        HttpContext http
    ) =>
        ledger.Run(
            http,
            id,
            ct =>
                AlertCommands.Apply(
                    ledger,
                    notifications,
                    id,
                    "acknowledge",
                    () => new AlertAcknowledged(ledger.Caller.UserId, ledger.Now),
                    ct
                )
        );

    [WolverinePost("/api/{tenant}/alerts/{id}/resolve", Name = "Resolve alert"), Authorize(Roles.User), Tags("Alerts")]
    [EndpointSummary("Close an alert that has been dealt with")]
    [EndpointDescription(
        "From active or acknowledged to resolved. While its cause is still there, nothing is raised of it; once it is gone and comes back, that is a new alert. Most alerts resolve by themselves. Refused: 409 in every other state, 404 when the alert does not exist, 403 when it is about a store that is not yours."
    )]
    [ProducesResponseType<AlertReceipt>(200)]
    public static Task<IResult> Resolve(
        string id,
        [NotBody] LedgerSession ledger,
        [NotBody] AlertNotifications notifications,
        HttpContext http
    ) =>
        ledger.Run(
            http,
            id,
            ct => AlertCommands.Apply(ledger, notifications, id, "resolve", () => new AlertResolved(ledger.Caller.UserId, ledger.Now), ct)
        );

    [WolverinePost("/api/{tenant}/alerts/{id}/dismiss", Name = "Dismiss alert"), Authorize(Roles.User), Tags("Alerts")]
    [EndpointSummary("Close an alert that nobody need look at")]
    [EndpointDescription(
        "From active or acknowledged to dismissed. While its cause is still there, nothing is raised of it; once it is gone and comes back, that is a new alert. Refused: 409 in every other state, 404 when the alert does not exist, 403 when it is about a store that is not yours."
    )]
    [ProducesResponseType<AlertReceipt>(200)]
    public static Task<IResult> Dismiss(
        string id,
        [NotBody] LedgerSession ledger,
        [NotBody] AlertNotifications notifications,
        HttpContext http
    ) =>
        ledger.Run(
            http,
            id,
            ct => AlertCommands.Apply(ledger, notifications, id, "dismiss", () => new AlertDismissed(ledger.Caller.UserId, ledger.Now), ct)
        );
}
