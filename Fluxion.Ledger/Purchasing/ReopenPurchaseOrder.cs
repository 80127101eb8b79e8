using Fluxion.Ledger.Catalog;

namespace Fluxion.Ledger.Purchasing;

public static class ReopenPurchaseOrderEndpoint
{
    /// <param name="history">Events of the order.</param>
    /// <param name="parties">Store, supplier and products of the order. Those of the missing goods must be active.</param>
    public static Decision Decide(PurchaseOrder order, IReadOnlyList<object> history, OrderParties parties)
    {
        if (PurchaseOrderRefusals.WrongState(order, "reopen") is { } wrongState)
            return wrongState;
        if (Reopened(order, history) is not { } reopened)
            return PurchaseOrderRefusals.NothingMissing(order);
        var missing = PurchaseOrder.Fold(order.Id, order, reopened).Lines.Where(line => line.Missing > 0);
        if (parties.RefuseInactive(missing) is { } inactive)
            return inactive;
        return Decision.Accept(DocumentEvents.Of<PurchaseOrder>(order.Id, reopened));
    }

    /// <summary>The event that reopens an order; null when no goods are missing.</summary>
    /// <param name="history">Events of the order. The last one of a cancelled order is its cancellation.</param>
    private static PurchaseOrderReopened? Reopened(PurchaseOrder order, IEnumerable<object> history)
    {
        if (order.Status == PurchaseOrderStatus.Cancelled)
            return new PurchaseOrderReopened(
                history.SkipLast(1).Aggregate((PurchaseOrder?)null, (state, e) => PurchaseOrder.Fold(order.Id, state, e))!.Status
            );
        return order.Lines.All(line => line.Received >= line.Quantity)
            ? null
            : new PurchaseOrderReopened(
                order.Lines.Any(line => line.Received > 0) ? PurchaseOrderStatus.Partial : PurchaseOrderStatus.Confirmed
            );
    }

    [
        WolverinePost("/api/{tenant}/purchase-orders/{id}/reopen", Name = "Reopen purchase order"),
        Authorize(Roles.Manager),
        Tags("Purchasing"),
        MovesStockOrMoney
    ]
    [EndpointSummary("Reopen a purchase order that was closed or cancelled too early")]
    [EndpointDescription(
        "The missing goods are on order again. "
            + "A closed order becomes partial, or confirmed when all its goods went back. "
            + "A cancelled order returns to its earlier state. "
            + "Refused with 404: an unknown order; 403: a store that is not yours; "
            + "409: every other state, no missing goods, or a deactivated store, supplier or product."
    )]
    [ProducesResponseType<PurchaseOrderReceipt>(200)]
    public static Task<IResult> Post([Example("OC-1002")] string id, [NotBody] LedgerSession ledger, HttpContext http) =>
        ledger.Run(
            http,
            id,
            async ct =>
            {
                await Deactivation.AcquireSharedLock(ledger, ct);
                var (order, problem) = await PurchaseOrders.Lock(ledger, id, ct);
                if (order is null)
                    return problem!;
                var history = await ledger.History(order.Id, ct);
                var decision = Decide(order, history, await OrderParties.Find(ledger, order, ct));
                return ledger.Append(decision, _ => Reply.Ok(PurchaseOrderReceipt.From(ledger, order.Id)));
            }
        );
}
