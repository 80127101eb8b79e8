using Fluxion.Ledger.Access;
using Fluxion.Ledger.Catalog;
using Fluxion.Ledger.Decisions;
using Fluxion.Ledger.Http;
using Fluxion.Ledger.Session;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Wolverine.Http;

namespace Fluxion.Ledger.Purchasing;

/// <summary>Steps that commands on purchase orders share.</summary>
public static class PurchaseOrders
{
    /// <summary>Locks the order named by <paramref name="reference"/>, or returns the refusal of <paramref name="command"/>.</summary>
    public static async Task<(PurchaseOrder? Order, Refusal? Problem)> Lock(
        LedgerSession ledger,
        string reference,
        string command,
        CancellationToken ct
    )
    {
        if (await ledger.Find<PurchaseOrder>(reference, ct) is not { } found)
            return (null, Refusal.NotFound("purchase order", "id", reference));
        if (!ledger.Caller.MayUse(found.StoreId))
            return (null, Refusal.Forbidden("The purchase order is for a store that is not yours."));
        var order = await ledger.Lock<PurchaseOrder>(found.Id, ct);
        return Refusal.WrongState("purchase order", order!.Status, command, PurchaseOrder.Allowed) is { } problem
            ? (null, problem)
            : (order, null);
    }

    /// <summary>409 when store, supplier or a product of the order is deactivated: nothing new may be ordered for it.</summary>
    /// <param name="lines">The lines that are to be delivered.</param>
    public static async Task<Refusal?> RefuseDeactivated(
        LedgerSession ledger,
        PurchaseOrder order,
        IEnumerable<PurchaseOrderLine> lines,
        CancellationToken ct
    )
    {
        var store = await ledger.Read<Store>(order.StoreId, ct);
        var supplier = await ledger.Read<Supplier>(order.SupplierId, ct);
        var products = await ledger.Find<Product>(lines.Select(line => line.ProductId.ToString()), ct);
        string[] inactive =
        [
            .. store!.IsActive ? (string[])[] : [$"the store {store.Code}"],
            .. supplier!.IsActive ? (string[])[] : [$"the supplier {supplier.Code}"],
            .. products.Values.Where(product => !product.IsActive).Select(product => $"the product {product.Code}"),
        ];
        return inactive.Length == 0
            ? null
            : Refusal.Conflict("Deactivated", $"Nothing new is ordered, because this is deactivated: {string.Join(", ", inactive)}.");
    }

    /// <summary>Appends one event if the order's status allows <paramref name="command"/>.</summary>
    public static async Task<Reply> Apply(LedgerSession ledger, string reference, string command, object happened, CancellationToken ct)
    {
        var (order, problem) = await Lock(ledger, reference, command, ct);
        return order is null ? problem! : Reply.Ok(PurchaseOrderReceipt.From(ledger, ledger.Append<PurchaseOrder>(order.Id, happened)));
    }
}

public static class PurchaseOrderStatusEndpoints
{
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
    public static Task<IResult> Send([Example("OC-1001")] string id, [NotBody] LedgerSession ledger, HttpContext http) =>
        ledger.Run(
            http,
            id,
            async ct =>
            {
                await Deactivation.AcquireSharedLock(ledger, ct);
                var (order, problem) = await PurchaseOrders.Lock(ledger, id, "send", ct);
                problem ??= await PurchaseOrders.RefuseDeactivated(ledger, order!, order!.Lines, ct);
                return problem is not null
                    ? problem
                    : Reply.Ok(PurchaseOrderReceipt.From(ledger, ledger.Append<PurchaseOrder>(order!.Id, new PurchaseOrderSent())));
            }
        );

    [
        WolverinePost("/api/{tenant}/purchase-orders/{id}/confirm", Name = "Confirm purchase order"),
        Authorize(Roles.Manager),
        Tags("Purchasing"),
        MovesStockOrMoney
    ]
    [EndpointSummary("Note that the supplier confirmed an order")]
    [EndpointDescription(
        "From sent to confirmed. Refused: 409 in every other state, 404 when the order does not exist, 403 for a store that is not yours."
    )]
    [ProducesResponseType<PurchaseOrderReceipt>(200)]
    public static Task<IResult> Confirm([Example("OC-1001")] string id, [NotBody] LedgerSession ledger, HttpContext http) =>
        ledger.Run(http, id, ct => PurchaseOrders.Apply(ledger, id, "confirm", new PurchaseOrderConfirmed(), ct));

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
    public static Task<IResult> Cancel([Example("OC-1001")] string id, [NotBody] LedgerSession ledger, HttpContext http) =>
        ledger.Run(http, id, ct => PurchaseOrders.Apply(ledger, id, "cancel", new PurchaseOrderCancelled(), ct));

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
    public static Task<IResult> Close([Example("OC-1002")] string id, [NotBody] LedgerSession ledger, HttpContext http) =>
        ledger.Run(http, id, ct => PurchaseOrders.Apply(ledger, id, "close", new PurchaseOrderClosed(), ct));

    [
        WolverinePost("/api/{tenant}/purchase-orders/{id}/reopen", Name = "Reopen purchase order"),
        Authorize(Roles.Manager),
        Tags("Purchasing"),
        MovesStockOrMoney
    ]
    [EndpointSummary("Take up an order again that was closed or cancelled too early")]
    [EndpointDescription(
        "What is missing is on order again. An order that was closed is partial afterwards, or confirmed when all of it went back; one that was "
            + "cancelled is what it was before. Refused: 409 in every other state and when nothing is missing, 404 when the order does not exist, 403 for a store "
            + "that is not yours, 409 when store, supplier or a product is deactivated."
    )]
    [ProducesResponseType<PurchaseOrderReceipt>(200)]
    public static Task<IResult> Reopen([Example("OC-1002")] string id, [NotBody] LedgerSession ledger, HttpContext http) =>
        ledger.Run(
            http,
            id,
            async ct =>
            {
                await Deactivation.AcquireSharedLock(ledger, ct);
                var (order, problem) = await PurchaseOrders.Lock(ledger, id, "reopen", ct);
                if (order is null)
                    return problem!;
                var reopened = Reopened(order, await ledger.History(order.Id, ct));
                if (reopened is null)
                    return Refusal.Conflict("Nothing is missing", $"All that was ordered with {order.Code} has come in.");
                var missing = PurchaseOrder.Fold(order.Id, order, reopened).Lines.Where(line => line.Missing > 0);
                problem = await PurchaseOrders.RefuseDeactivated(ledger, order, missing, ct);
                return problem is not null
                    ? problem
                    : Reply.Ok(PurchaseOrderReceipt.From(ledger, ledger.Append<PurchaseOrder>(order.Id, reopened)));
            }
        );

    /// <summary>The event that reopens an order; null when no goods are missing.</summary>
    /// <param name="history">Events of the order. The last one of a cancelled order is its cancellation.</param>
    public static PurchaseOrderReopened? Reopened(PurchaseOrder order, IEnumerable<object> history)
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
}
