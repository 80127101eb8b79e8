using Fluxion.Ledger.Access;
using Fluxion.Ledger.Http;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Wolverine.Http;

namespace Fluxion.Ledger.Purchasing;

public static class CancelPurchaseOrderEndpoint
{
    public static Decision Decide(PurchaseOrder order) =>
        PurchaseOrderRefusals.WrongState(order, "cancel") is { } wrongState
            ? wrongState
            : Decision.Accept(DocumentEvents.Of<PurchaseOrder>(order.Id, new PurchaseOrderCancelled()));

    [
        WolverinePost("/api/{tenant}/purchase-orders/{id}/cancel", Name = "Cancel purchase order"),
        Authorize(Roles.Manager),
        Tags("Purchasing"),
        MovesStockOrMoney
    ]
    [EndpointSummary("Cancel an order of which nothing was received")]
    [EndpointDescription(
        "From draft, sent or confirmed. When its goods arrive after all it is reopened. Refused: 409 in every other state (close an order of which something was received), 404 when the order does not exist, 403 for a store that is not yours."
    )]
    [ProducesResponseType<PurchaseOrderReceipt>(200)]
    public static Task<IResult> Post([Example("OC-1001")] string id, [NotBody] LedgerSession ledger, HttpContext http) =>
        ledger.Run(http, id, ct => PurchaseOrders.Apply(ledger, id, Decide, ct));
}
