using Fluxion.Ledger.Access;
using Fluxion.Ledger.Catalog;
using Fluxion.Ledger.Http;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Wolverine.Http;

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
    [EndpointSummary("Note that an order went to its supplier: its goods are on order from now on")]
    [EndpointDescription(
        "From draft to sent. Refused: 409 in every other state, 404 when the order does not exist, 403 for a store that is not yours, 409 when "
            + "store, supplier or a product is deactivated."
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
