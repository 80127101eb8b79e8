using Fluxion.Ledger.Access;
using Fluxion.Ledger.Http;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Wolverine.Http;

namespace Fluxion.Ledger.Alerts;

public static class AcknowledgeAlertEndpoint
{
    [WolverinePost("/api/{tenant}/alerts/{id}/acknowledge", Name = "Acknowledge alert"), Authorize(Roles.User), Tags("Alerts")]
    [EndpointSummary("Take notice of an alert: it stays open, and others see who is at it")]
    [EndpointDescription(
        "From active to acknowledged. Refused: 409 in every other state, 404 when the alert does not exist, 403 when it is about a store that is not yours."
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
