using Fluxion.Ledger.Access;
using Fluxion.Ledger.Catalog;
using Fluxion.Ledger.Commands;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Wolverine.Http;

namespace Fluxion.Ledger.Purchasing;

/// <summary>How a command comes by its order.</summary>
public static class PurchaseOrders
{
    /// <summary>The order that <paramref name="reference"/> names, its stream locked; or why <paramref name="command"/> cannot be.</summary>
    public static async Task<(PurchaseOrder? Order, ProblemDetails? Problem)> Lock(
        LedgerSession ledger, string reference, string command, CancellationToken ct)
    {
        if (await ledger.Find<PurchaseOrder>(reference, ct) is not { } found) return (null, Unknown.Of("purchase order", "id", reference));
        if (!ledger.Caller.MayUse(found.StoreId)) return (null, Problems.Forbidden("The purchase order is for a store that is not yours."));
        var order = await ledger.Lock<PurchaseOrder>(found.Id, ct);
        return Problems.WrongState("purchase order", order!.Status, command, PurchaseOrder.Allowed) is { } problem ? (null, problem) : (order, null);
    }

    /// <summary>Appends one event in the states in which <paramref name="command"/> is allowed.</summary>
    public static async Task<Reply> Apply(LedgerSession ledger, string reference, string command, object happened, CancellationToken ct)
    {
        var (order, problem) = await Lock(ledger, reference, command, ct);
        return order is null ? problem! : Reply.Ok(PurchaseOrderReceipt.Of(ledger, ledger.Append<PurchaseOrder>(order.Id, happened)));
    }
}

public static class PurchaseOrderStatusEndpoints
{
    [WolverinePost("/api/{tenant}/purchase-orders/{id}/send", Name = "Send purchase order"), Authorize(Roles.Manager), Tags("Purchasing"), MovesStockOrMoney]
    [EndpointSummary("Note that an order went to its supplier: its goods are on order from now on")]
    [EndpointDescription("From draft to sent. Refused: 409 in every other state, 404 when the order does not exist, 403 for a store that is not yours.")]
    [ProducesResponseType<PurchaseOrderReceipt>(200)]
    public static Task<IResult> Send([Example("OC-1001")] string id, [NotBody] LedgerSession ledger, HttpContext http) =>
        ledger.Run(http, id, ct => PurchaseOrders.Apply(ledger, id, "send", new PurchaseOrderSent(), ct));

    [WolverinePost("/api/{tenant}/purchase-orders/{id}/confirm", Name = "Confirm purchase order"), Authorize(Roles.Manager), Tags("Purchasing"), MovesStockOrMoney]
    [EndpointSummary("Note that the supplier confirmed an order")]
    [EndpointDescription("From sent to confirmed. Refused: 409 in every other state, 404 when the order does not exist, 403 for a store that is not yours.")]
    [ProducesResponseType<PurchaseOrderReceipt>(200)]
    public static Task<IResult> Confirm([Example("OC-1001")] string id, [NotBody] LedgerSession ledger, HttpContext http) =>
        ledger.Run(http, id, ct => PurchaseOrders.Apply(ledger, id, "confirm", new PurchaseOrderConfirmed(), ct));

    [WolverinePost("/api/{tenant}/purchase-orders/{id}/cancel", Name = "Cancel purchase order"), Authorize(Roles.Manager), Tags("Purchasing"), MovesStockOrMoney]
    [EndpointSummary("Cancel an order of which nothing was received")]
    [EndpointDescription("From draft, sent or confirmed. Refused: 409 in every other state (close an order of which something was received), 404 when the order does not exist, 403 for a store that is not yours.")]
    [ProducesResponseType<PurchaseOrderReceipt>(200)]
    public static Task<IResult> Cancel([Example("OC-1001")] string id, [NotBody] LedgerSession ledger, HttpContext http) =>
        ledger.Run(http, id, ct => PurchaseOrders.Apply(ledger, id, "cancel", new PurchaseOrderCancelled(), ct));

    [WolverinePost("/api/{tenant}/purchase-orders/{id}/close", Name = "Close purchase order"), Authorize(Roles.Manager), Tags("Purchasing"), MovesStockOrMoney]
    [EndpointSummary("Close an order whose rest will not come")]
    [EndpointDescription("From partial to received; what is missing is no longer on order. Refused: 409 in every other state, 404 when the order does not exist, 403 for a store that is not yours.")]
    [ProducesResponseType<PurchaseOrderReceipt>(200)]
    public static Task<IResult> Close([Example("OC-1002")] string id, [NotBody] LedgerSession ledger, HttpContext http) =>
        ledger.Run(http, id, ct => PurchaseOrders.Apply(ledger, id, "close", new PurchaseOrderClosed(), ct));
}
