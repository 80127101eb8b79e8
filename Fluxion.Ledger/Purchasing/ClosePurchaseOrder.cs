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
    [EndpointSummary("Close a purchase order whose missing goods will not come")]
    [EndpointDescription(
        "From partial to received. The missing goods are no longer on order. "
            + "Reopen an order that was closed too early. "
            + "Refused with 404: an unknown order; 403: a store that is not yours; 409: every other state."
    )]
    [ProducesResponseType<PurchaseOrderReceipt>(200)]
    public static Task<IResult> Post([Example("OC-1002")] string id, [NotBody] LedgerSession ledger, HttpContext http) =>
        ledger.Run(http, id, ct => PurchaseOrders.Apply(ledger, id, Decide, ct));
}
