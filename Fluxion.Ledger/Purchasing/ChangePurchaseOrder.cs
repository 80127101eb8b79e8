using Fluxion.Ledger.Catalog;

namespace Fluxion.Ledger.Purchasing;

/// <summary>Replaces supplier, lines, expected date and notes of a draft. Number, store and order date stay.</summary>
[Example(
    """
        {
          "supplier": "POLAR", "expectedDate": "2026-12-18",
          "lines": [{"sku":"HAR001","quantity":240,"unitCost":0.93},{"sku":"ARR001","quantity":100}]
        }
        """
)]
public sealed record ChangePurchaseOrder(
    [property: Description("Code or id of the supplier")] string Supplier,
    IReadOnlyList<DraftPurchaseOrder.Line> Lines,
    [property: Description("Day on which the supplier should deliver; not before the order date")] DateOnly? ExpectedDate = null,
    string? Notes = null,
    [property: Description(Refusal.VersionDescription)] long? Version = null
) : IProductLines<ChangePurchaseOrder, DraftPurchaseOrder.Line>
{
    public ChangePurchaseOrder With(IReadOnlyList<DraftPurchaseOrder.Line> lines) => this with { Lines = lines };

    public sealed class Validator : AbstractValidator<ChangePurchaseOrder>
    {
        public Validator()
        {
            RuleFor(c => c.Supplier).Reference();
            this.OrderLines(c => c.Lines);
            RuleFor(c => c.ExpectedDate).Day();
            RuleFor(c => c.Notes).MaxLength(1000);
        }
    }
}

public static class ChangePurchaseOrderEndpoint
{
    /// <param name="version">Version of the order.</param>
    /// <param name="products">Products by the references of the lines.</param>
    /// <param name="newIds">An id for each line, used when the order has no line of its product yet.</param>
    public static Decision Decide(
        ChangePurchaseOrder command,
        PurchaseOrder order,
        long version,
        Supplier supplier,
        IReadOnlyDictionary<string, Product> products,
        IReadOnlyList<Guid> newIds
    )
    {
        if (PurchaseOrderRefusals.WrongState(order, "change") is { } wrongState)
            return wrongState;
        if (command.Version is not null && command.Version != version)
            return Refusal.ChangedMeanwhile($"The purchase order {order.Code}", version, command.Version.Value);
        if (!supplier.IsActive)
            return PurchaseOrderRefusals.SupplierDeactivated(supplier);
        if (command.ExpectedDate < order.OrderDate)
            return PurchaseOrderRefusals.ExpectedBeforeOrdered(order.OrderDate);
        var known = order.Lines.ToDictionary(line => line.ProductId, line => line.Id);
        var (lines, problem) = PurchaseOrderRules.ResolveLines(command.Lines, products, known, newIds);
        if (problem is not null)
            return problem;
        var changed = new PurchaseOrderChanged(supplier.Id, command.ExpectedDate, command.Notes, lines);
        var isEqual = CatalogEntry.AreEqual(PurchaseOrder.Fold(order.Id, order, changed), order);
        return Decision.Accept(DocumentEvents.Of<PurchaseOrder>(order.Id, isEqual ? [] : [changed]));
    }

    [WolverinePut("/api/{tenant}/purchase-orders/{id}", Name = "Change purchase order"), Authorize(Roles.User), Tags("Purchasing")]
    [EndpointSummary("Change the supplier and lines of a draft purchase order")]
    [EndpointDescription(
        "Replaces supplier, lines, expected date and notes: a field that is left out is emptied. "
            + "Refused with 404: an unknown order, supplier or sku; 403: a store that is not yours; "
            + "409: an order that is not a draft, a version that is no longer current, "
            + "or a deactivated supplier or product; 400: a fraction of a counted product, or a product on two lines."
    )]
    [ProducesResponseType<PurchaseOrderReceipt>(200)]
    public static Task<IResult> Put([Example("OC-1001")] string id, ChangePurchaseOrder command, LedgerSession ledger, HttpContext http) =>
        ledger.Run(
            http,
            command,
            async (command, ct) =>
            {
                await Deactivation.AcquireSharedLock(ledger, ct);
                var (order, problem) = await PurchaseOrders.Lock(ledger, id, ct);
                if (order is null)
                    return problem!;
                if (await ledger.Find<Supplier>(command.Supplier, ct) is not { } supplier)
                    return Refusal.NotFound("supplier", "supplier", command.Supplier);
                var products = await ledger.Find<Product>(command.Lines.Select(line => line.Sku), ct);
                Guid[] newIds = [.. command.Lines.Select(_ => Guid.CreateVersion7(ledger.Now))];
                return ledger.Append(
                    Decide(command, order, ledger.VersionOf(order.Id), supplier, products, newIds),
                    _ => Reply.Ok(PurchaseOrderReceipt.From(ledger, order.Id))
                );
            }
        );
}
