namespace Fluxion.Ledger.Alerts;

public static class ResolveAlertEndpoint
{
    [WolverinePost("/api/{tenant}/alerts/{id}/resolve", Name = "Resolve alert"), Authorize(Roles.User), Tags("Alerts")]
    [EndpointSummary("Resolve an alert that has been dealt with")]
    [EndpointDescription(
        "From active or acknowledged to resolved. While its cause persists, no new alert is raised. "
            + "When the cause is gone and comes back, a new alert is raised. Most alerts resolve by themselves. "
            + AlertCommands.RefusalDescription
    )]
    [ProducesResponseType<AlertReceipt>(200)]
    public static Task<IResult> Post(
        string id,
        [NotBody] LedgerSession ledger,
        [NotBody] AlertNotifications notifications,
        HttpContext http
    ) =>
        ledger.Run(
            http,
            id,
            ct => AlertCommands.Apply(ledger, notifications, id, "resolve", (user, at) => new AlertResolved(user, at), ct)
        );
}
