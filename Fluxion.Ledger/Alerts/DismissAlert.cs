namespace Fluxion.Ledger.Alerts;

public static class DismissAlertEndpoint
{
    [WolverinePost("/api/{tenant}/alerts/{id}/dismiss", Name = "Dismiss alert"), Authorize(Roles.User), Tags("Alerts")]
    [EndpointSummary("Dismiss an alert that needs no action")]
    [EndpointDescription(
        "From active or acknowledged to dismissed. While its cause persists, no new alert is raised. "
            + "When the cause is gone and comes back, a new alert is raised. "
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
            ct => AlertCommands.Apply(ledger, notifications, id, "dismiss", (user, at) => new AlertDismissed(user, at), ct)
        );
}
