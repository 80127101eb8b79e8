namespace Fluxion.Ledger.Purchasing;

/// <summary>Steps that commands on purchase orders share.</summary>
public static class PurchaseOrders
{
    /// <summary>
    /// Locks the order named by <paramref name="reference"/>. Returns the refusal when it does not exist or the caller may not use its
    /// store.
    /// </summary>
    public static async Task<(PurchaseOrder? Order, Refusal? Problem)> Lock(LedgerSession ledger, string reference, CancellationToken ct)
    {
        if (await ledger.Find<PurchaseOrder>(reference, ct) is not { } found)
            return (null, Refusal.NotFound("purchase order", "id", reference));
        return ledger.Caller.MayUse(found.StoreId)
            ? (await ledger.Lock<PurchaseOrder>(found.Id, ct), null)
            : (null, PurchaseOrderRefusals.NotYours);
    }

    /// <summary>Handles a command that changes the status of an order and needs nothing else.</summary>
    public static async Task<Reply> Apply(
        LedgerSession ledger,
        string reference,
        Func<PurchaseOrder, Decision> decide,
        CancellationToken ct
    )
    {
        var (order, problem) = await Lock(ledger, reference, ct);
        return order is null ? problem! : ledger.Append(decide(order), _ => Reply.Ok(PurchaseOrderReceipt.From(ledger, order.Id)));
    }

    public static string UrlOf(LedgerSession ledger, Guid order) => $"/api/{ledger.Tenant.Slug}/purchase-orders/{order}";

    /// <summary>An order as a refusal names it; null unless the caller may use its store.</summary>
    public static ExistingDocument? Existing(LedgerSession ledger, PurchaseOrder? order) =>
        order is not null && ledger.Caller.MayUse(order.StoreId) ? new ExistingDocument(order.Id, UrlOf(ledger, order.Id)) : null;
}
