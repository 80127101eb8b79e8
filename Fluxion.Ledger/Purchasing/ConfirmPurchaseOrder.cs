namespace Fluxion.Ledger.Purchasing;

public static class ConfirmPurchaseOrderEndpoint
{
    public static Decision Decide(PurchaseOrder order) =>
        PurchaseOrderRefusals.WrongState(order, "confirm") is { } wrongState
            ? wrongState
            : Decision.Accept(DocumentEvents.Of<PurchaseOrder>(order.Id, new PurchaseOrderConfirmed()));

    [
        WolverinePost("/api/{tenant}/purchase-orders/{id}/confirm", Name = "Confirm purchase order"),
        Authorize(Roles.Manager),
        Tags("Purchasing"),
        MovesStockOrMoney
    ]
    [EndpointSummary("Record that the supplier confirmed a purchase order")]
    [EndpointDescription(
        "From sent to confirmed. Refused with 404: an unknown order; 403: a store that is not yours; 409: every other state."
    )]
    [ProducesResponseType<PurchaseOrderReceipt>(200)]
    public static Task<IResult> Post([Example("OC-1001")] string id, [NotBody] LedgerSession ledger, HttpContext http) =>
        ledger.Run(http, id, ct => PurchaseOrders.Apply(ledger, id, Decide, ct));
}
