namespace Fluxion.Ledger.Alerts;

public static class AcknowledgeAlertEndpoint
{
    [WolverinePost("/api/{tenant}/alerts/{id}/acknowledge", Name = "Acknowledge alert"), Authorize(Roles.User), Tags("Alerts")]
    [EndpointSummary("Acknowledge an alert")]
    [EndpointDescription(
        "From active to acknowledged. The alert stays open, and others see who handles it. " + AlertCommands.RefusalDescription
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
            ct => AlertCommands.Apply(ledger, notifications, id, "acknowledge", (user, at) => new AlertAcknowledged(user, at), ct)
        );
}
