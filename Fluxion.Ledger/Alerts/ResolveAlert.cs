using Fluxion.Ledger.Access;
using Fluxion.Ledger.Http;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Wolverine.Http;

namespace Fluxion.Ledger.Alerts;

public static class ResolveAlertEndpoint
{
    [WolverinePost("/api/{tenant}/alerts/{id}/resolve", Name = "Resolve alert"), Authorize(Roles.User), Tags("Alerts")]
    [EndpointSummary("Close an alert that has been dealt with")]
    [EndpointDescription(
        "From active or acknowledged to resolved. While its cause is still there, nothing is raised of it; once it is gone and comes back, that is a new alert. Most alerts resolve by themselves. Refused: 409 in every other state, 404 when the alert does not exist, 403 when it is about a store that is not yours."
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
