using Fluxion.Ledger.Catalog;

namespace Fluxion.Ledger.Purchasing;

public static class SendPurchaseOrderEndpoint
{
    /// <param name="parties">Store, supplier and products of the order: all must be active.</param>
    public static Decision Decide(PurchaseOrder order, OrderParties parties)
    {
        if (PurchaseOrderRefusals.WrongState(order, "send") is { } wrongState)
            return wrongState;
        if (parties.RefuseInactive(order.Lines) is { } inactive)
            return inactive;
        return Decision.Accept(DocumentEvents.Of<PurchaseOrder>(order.Id, new PurchaseOrderSent()));
    }

    [
        WolverinePost("/api/{tenant}/purchase-orders/{id}/send", Name = "Send purchase order"),
        Authorize(Roles.Manager),
        Tags("Purchasing"),
        MovesStockOrMoney
    ]
    [EndpointSummary("Record that a purchase order was sent to its supplier")]
    [EndpointDescription(
        "From draft to sent. The goods are on order from now on. "
            + "Refused with 404: an unknown order; 403: a store that is not yours; "
            + "409: every other state, or a deactivated store, supplier or product."
    )]
    [ProducesResponseType<PurchaseOrderReceipt>(200)]
    public static Task<IResult> Post([Example("OC-1001")] string id, [NotBody] LedgerSession ledger, HttpContext http) =>
        ledger.Run(
            http,
            id,
            async ct =>
            {
                await Deactivation.AcquireSharedLock(ledger, ct);
                var (order, problem) = await PurchaseOrders.Lock(ledger, id, ct);
                if (order is null)
                    return problem!;
                var decision = Decide(order, await OrderParties.Find(ledger, order, ct));
                return ledger.Append(decision, _ => Reply.Ok(PurchaseOrderReceipt.From(ledger, order.Id)));
            }
        );
}
