using Fluxion.Ledger.Access;
using Fluxion.Ledger.Http;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Wolverine.Http;

namespace Fluxion.Ledger.Purchasing;

public static class ClosePurchaseOrderEndpoint
{
    public static Decision Decide(PurchaseOrder order) =>
        PurchaseOrderRefusals.WrongState(order, "close") is { } wrongState
            ? wrongState
            : Decision.Accept(DocumentEvents.Of<PurchaseOrder>(order.Id, new PurchaseOrderClosed()));

    [
        WolverinePost("/api/{tenant}/purchase-orders/{id}/close", Name = "Close purchase order"),
        Authorize(Roles.Manager),
        Tags("Purchasing"),
        MovesStockOrMoney
    ]
    [EndpointSummary("Close an order whose rest will not come")]
    [EndpointDescription(
        "From partial to received; what is missing is no longer on order. Closed too early it is reopened. Refused: 409 in every other state, 404 when the order does not exist, 403 for a store that is not yours."
    )]
    [ProducesResponseType<PurchaseOrderReceipt>(200)]
    public static Task<IResult> Post([Example("OC-1002")] string id, [NotBody] LedgerSession ledger, HttpContext http) =>
        ledger.Run(http, id, ct => PurchaseOrders.Apply(ledger, id, Decide, ct));
}
