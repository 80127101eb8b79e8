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
    [EndpointSummary("Cancel a purchase order")]
    [EndpointDescription(
        "From draft, sent or confirmed. Close an order with received goods instead. "
            + "Reopen a cancelled order when its goods arrive after all. "
            + "Refused with 404: an unknown order; 403: a store that is not yours; 409: every other state."
    )]
    [ProducesResponseType<PurchaseOrderReceipt>(200)]
    public static Task<IResult> Post([Example("OC-1001")] string id, [NotBody] LedgerSession ledger, HttpContext http) =>
        ledger.Run(http, id, ct => PurchaseOrders.Apply(ledger, id, Decide, ct));
}
