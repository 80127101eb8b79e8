using Fluxion.Ledger.Catalog;
using Fluxion.Ledger.Stock;
using Fluxion.Ledger.Tenancy;
using Fluxion.Ledger.Time;

namespace Fluxion.Ledger.Purchasing;

/// <summary>Goods of a delivery go back to the supplier: damaged, wrong, or booked in error.</summary>
[Example("""{"lines":[{"sku":"CRE001","quantity":1}],"reason":"Damaged on arrival","reference":"ND-4711"}""")]
public sealed record ReturnPurchaseOrder(
    IReadOnlyList<SupplierReturnLine> Lines,
    [property: Description("Id of the delivery, as in its receipt and in the order. Required only when the order has several")]
        Guid? Delivery = null,
    [property: Description(
        "True: the supplier sends the goods again; they are on order, and the order is open for them. "
            + "False: the lines are settled without them. Default: true"
    )]
        bool Replacement = true,
    [property: Description(Reasons.Description)] string? Reason = null,
    [property: Description(
        "Number of the return or debit note, as users know it; "
            + "unique among the returns of the order (see uniqueReferences in the settings)"
    )]
        string? Reference = null,
    [property: Description("Time when the goods left, with offset from UTC; not before the delivery. Default: now")]
        DateTimeOffset? OccurredAt = null,
    [property: Description(Occurrence.SentAtDescription)] DateTimeOffset? SentAt = null
) : IOccurrence, IProductLines<ReturnPurchaseOrder, SupplierReturnLine>
{
    public ReturnPurchaseOrder With(IReadOnlyList<SupplierReturnLine> lines) => this with { Lines = lines };

    public sealed class Validator : AbstractValidator<ReturnPurchaseOrder>
    {
        public Validator(TimeProvider clock)
        {
            this.Lines(c => c.Lines, SupplierReturnLine.Rules);
            RuleFor(c => c.Reason).SingleLine(200);
            RuleFor(c => c.Reference).SingleLine(100);
            this.Occurrence(clock);
        }
    }
}

/// <summary>All that the decision on a return reads.</summary>
/// <param name="History">Events of the order.</param>
/// <param name="Goods">The delivered goods of each line.</param>
/// <param name="Parties">Store, supplier and products of the order; null for a return without replacement.</param>
/// <param name="Stock">One for each line.</param>
public sealed record ReturnContext(
    PurchaseOrder Order,
    IReadOnlyList<object> History,
    ReturnPurchaseOrderEndpoint.Delivery Delivery,
    IReadOnlyList<DeliveredGoods> Goods,
    OrderParties? Parties,
    TenantSettings? Settings,
    Guid ReturnId,
    Occurrence Occurred,
    DateTimeOffset At,
    IReadOnlyList<LockedStock> Stock
);

public static class ReturnPurchaseOrderEndpoint
{
    /// <summary>Goods leave at the cost of their delivery.</summary>
    public static Decision Decide(ReturnPurchaseOrder command, ReturnContext context)
    {
        var (order, goods, delivery) = (context.Order, context.Goods, context.Delivery);
        if (PurchaseOrderRefusals.WrongState(order, "return") is { } wrongState)
            return wrongState;
        var replaced = order.Lines.Where(line => goods.Any(g => g.ProductId == line.ProductId));
        if (context.Parties?.RefuseInactive(replaced) is { } inactive)
            return inactive;
        if (context.Stock[0].Store is { IsActive: false } store)
            return StockRefusals.StoreDeactivated(store.Code);
        var taken = UniqueReference.Refuse(
            context.Settings,
            command.Reference,
            context.History.OfType<PurchaseOrderReturned>().Select(e => (e.Reference, e.ReturnId)),
            wanted => $"The purchase order {order.Code} already has a return with the reference '{wanted}'."
        );
        if (taken is not null)
            return taken;
        if (context.Occurred.IsTooEarly)
            return Refusal.BeforeCause("the delivery", delivery.OccurredAt);

        var document = new StockDocument(context.ReturnId, command.Reference, command.Reason, context.At);
        var lines = goods.Zip(
            command.Lines,
            (g, line) => new DeliveredLine(order.Lines.First(ordered => ordered.ProductId == g.ProductId).Id, line.Quantity, g.UnitCost)
        );
        return SupplierReturn
            .Decide(context.Stock, command.Lines, goods, document, delivery.Id, order.Id)
            .With(
                DocumentEvents.Of<PurchaseOrder>(
                    order.Id,
                    new PurchaseOrderReturned(
                        context.ReturnId,
                        delivery.Id,
                        [.. lines],
                        command.Replacement,
                        command.Reference,
                        command.Reason,
                        context.At
                    )
                )
            );
    }

    [
        WolverinePost("/api/{tenant}/purchase-orders/{id}/returns", Name = "Return purchase order"),
        Authorize(Roles.User),
        Tags("Purchasing"),
        MovesStockOrMoney
    ]
    [EndpointSummary("Return goods of a delivery to the supplier")]
    [EndpointDescription(
        "All lines or none, from partial or received. The goods leave at the cost that they came with. "
            + "The moving average of the rest is as it would be without them. "
            + "By default the goods are on order again, and the order is partial, "
            + "or confirmed when all of its goods went back. "
            + "In a closed order, only the goods of this return are on order. "
            + "With replacement false, nothing more is to come for them. "
            + "A return of all its goods undoes a delivery that was booked in error. "
            + "Refused with 404: an unknown order or delivery, or a sku that the delivery does not have; "
            + "403: a store that is not yours; "
            + "409: every other state, more than was delivered and has not gone back yet, "
            + "a reference that another return of the order has (see existing), "
            + "too little of a product available (see shortages), a deactivated store, or, with replacement, "
            + "a deactivated supplier or product; "
            + "400: a time before the delivery, a unitCost that the goods did not come with, "
            + "or a fraction of a counted product."
    )]
    [ProducesResponseType<PurchaseOrderReturn>(200)]
    public static Task<IResult> Post([Example("OC-1003")] string id, ReturnPurchaseOrder command, LedgerSession ledger, HttpContext http) =>
        ledger.Run(
            http,
            command,
            async (command, ct) =>
            {
                if (command.Replacement)
                    await Deactivation.AcquireSharedLock(ledger, ct);
                var (order, problem) = await PurchaseOrders.Lock(ledger, id, ct);
                if (order is null)
                    return problem!;
                (var context, problem) = await Load(ledger, order, command, ct);
                if (context is null)
                    return problem!;
                return ledger.Append(
                    Decide(command, context),
                    stock => Reply.Ok(PurchaseOrderReturn.From(ledger, order.Id, context.Delivery.Id, context.ReturnId, stock, context.At))
                );
            }
        );

    private static async Task<(ReturnContext? Context, Refusal? Problem)> Load(
        LedgerSession ledger,
        PurchaseOrder order,
        ReturnPurchaseOrder command,
        CancellationToken ct
    )
    {
        // an order in another state may have no delivery: say that rather than "no such delivery"
        if (PurchaseOrderRefusals.WrongState(order, "return") is { } wrongState)
            return (null, wrongState);
        var history = await ledger.History(order.Id, ct);
        var (delivery, problem) = DeliveryOf(order, command.Delivery, history);
        if (delivery is null)
            return (null, problem);
        (var goods, problem) = SupplierReturn.FindGoods(command.Lines, delivery.Goods);
        if (problem is not null)
            return (null, problem);
        var parties = command.Replacement ? await OrderParties.Find(ledger, order, ct) : null;
        var settings = command.Reference is null ? null : await ledger.Read<TenantSettings>(ledger.Tenant.Id, ct);
        var occurred = ledger.ResolveOccurrence(command.OccurredAt, delivery.OccurredAt);
        var requests = goods.Select(
            (g, i) =>
                StockRequest.ForLine(
                    i,
                    order.StoreId.ToString(),
                    g.ProductId.ToString(),
                    command.Lines[i].Quantity,
                    requiresActiveProduct: false,
                    "id",
                    allowsInactive: true // the decision refuses what is inactive, all of it at once
                )
        );
        (var stock, var at, problem) = await StockLedger.ResolveAndLock(ledger, [.. requests], occurred, ct);
        return problem is not null
            ? (null, problem)
            : (new ReturnContext(order, history, delivery, goods, parties, settings, Guid.CreateVersion7(at), occurred, at, stock), null);
    }

    /// <summary>A delivery with its goods and the quantities that went back.</summary>
    public sealed record Delivery(Guid Id, DateTimeOffset OccurredAt, IReadOnlyList<DeliveredGoods> Goods);

    /// <summary>The delivery with this id, or the only one of the order when no id is given. Else a refusal.</summary>
    /// <param name="history">The events of the order.</param>
    public static (Delivery? Delivery, Refusal? Problem) DeliveryOf(PurchaseOrder order, Guid? deliveryId, IReadOnlyList<object> history)
    {
        var deliveries = history.OfType<PurchaseOrderReceived>().ToList();
        if (deliveryId is null && deliveries.Count > 1)
        {
            var all = deliveries.Select(d =>
                FormattableString.Invariant($"{d.DeliveryId} of {d.OccurredAt.UtcDateTime:yyyy-MM-dd HH:mm}Z")
            );
            return (null, PurchaseOrderRefusals.DeliveryRequired(order, all.Take(MaxNamed)));
        }
        if (deliveries.FirstOrDefault(d => deliveryId is null || d.DeliveryId == deliveryId) is not { } delivery)
            return (null, Refusal.NotFound("delivery", "delivery", deliveryId?.ToString() ?? ""));
        var returned = history
            .OfType<PurchaseOrderReturned>()
            .Where(r => r.DeliveryId == delivery.DeliveryId)
            .SelectMany(r => r.Lines)
            .ToLookup(line => (line.LineId, line.UnitCost), line => line.Quantity);
        return (
            new Delivery(
                delivery.DeliveryId,
                delivery.OccurredAt,
                [
                    .. delivery
                        .Lines.GroupBy(line => (line.LineId, line.UnitCost), line => line.Quantity)
                        .Select(g => (Goods: g, Line: order.Lines.Single(line => line.Id == g.Key.LineId)))
                        .Select(g => new DeliveredGoods(
                            order.StoreId,
                            g.Line.ProductId,
                            g.Line.Sku,
                            g.Goods.Key.UnitCost,
                            g.Goods.Sum(),
                            returned[g.Goods.Key].Sum(),
                            delivery.OccurredAt
                        )),
                ]
            ),
            null
        );
    }

    /// <summary>Maximum number of deliveries that a refusal names.</summary>
    private const int MaxNamed = 10;
}
