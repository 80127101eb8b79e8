using System.ComponentModel;
using FluentValidation;
using Fluxion.Ledger.Access;
using Fluxion.Ledger.Catalog;
using Fluxion.Ledger.Decisions;
using Fluxion.Ledger.Http;
using Fluxion.Ledger.Session;
using Fluxion.Ledger.Validation;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Wolverine.Http;

namespace Fluxion.Ledger.Purchasing;

/// <summary>Replaces supplier, lines, expected date and notes of a draft. Number, store and order date stay.</summary>
[Example(
    """{"supplier":"POLAR","expectedDate":"2026-12-18","lines":[{"sku":"HAR001","quantity":240,"unitCost":0.93},{"sku":"ARR001","quantity":100}]}"""
)]
public sealed record ChangePurchaseOrder(
    [property: Description("Code or id of the supplier")] string Supplier,
    IReadOnlyList<DraftPurchaseOrder.Line> Lines,
    [property: Description("When the supplier should deliver; not before the order date")] DateOnly? ExpectedDate = null,
    string? Notes = null,
    [property: Description("The version that was read; when it is given and no longer current, 409")] long? Version = null
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
    [WolverinePut("/api/{tenant}/purchase-orders/{id}", Name = "Change purchase order"), Authorize(Roles.User), Tags("Purchasing")]
    [EndpointSummary("Set supplier and lines of a draft anew")]
    [EndpointDescription(
        "What is left out is emptied. Refused: 409 when the order is no draft any more or version is no longer current, 404 when the order, supplier or a sku does not exist, 403 for a store that is not yours, 409 when a product is deactivated, 400 for a fraction of what is counted and for a product on two lines."
    )]
    [ProducesResponseType<PurchaseOrderReceipt>(200)]
    public static Task<IResult> Put([Example("OC-1001")] string id, ChangePurchaseOrder command, LedgerSession ledger, HttpContext http) =>
        ledger.Run(http, command, (command, ct) => Handle(id, command, ledger, ct));

    private static async Task<Reply> Handle(string id, ChangePurchaseOrder command, LedgerSession ledger, CancellationToken ct)
    {
        await Deactivation.AcquireSharedLock(ledger, ct);
        var (order, problem) = await PurchaseOrders.Lock(ledger, id, "change", ct);
        if (order is null)
            return problem!;
        var current = ledger.VersionOf(order.Id);
        if (command.Version is not null && command.Version != current)
            return Refusal.Conflict(
                "Changed meanwhile",
                $"The purchase order {order.Code} is at version {current}, not {command.Version}. Read it again and decide anew."
            );
        (var supplier, problem) = await PurchaseOrderRules.FindSupplier(ledger, command.Supplier, ct);
        if (problem is not null)
            return problem;
        if (PurchaseOrderRules.RefuseDates(order.OrderDate, command.ExpectedDate) is { } wrong)
            return wrong;
        (var lines, problem) = await PurchaseOrderRules.Resolve(ledger, command.Lines, order.Lines, ct);
        if (problem is not null)
            return problem;

        var changed = new PurchaseOrderChanged(supplier!.Id, command.ExpectedDate, command.Notes, lines);
        if (!CatalogEntry.AreEqual(PurchaseOrder.Fold(order.Id, order, changed), order))
            order = ledger.Append<PurchaseOrder>(order.Id, changed);
        return Reply.Ok(PurchaseOrderReceipt.From(ledger, order));
    }
}
