using Fluxion.Ledger.Catalog;
using Fluxion.Ledger.Stock;
using Fluxion.Ledger.Tenancy;
using Fluxion.Ledger.Time;

namespace Fluxion.Ledger.Purchasing;

/// <summary>A delivery of ordered goods: all lines or some of them, in full or in part.</summary>
[Example("""{"reference":"NE-4711","lines":[{"sku":"LAC001","quantity":12},{"sku":"MAL001","quantity":24,"unitCost":1.4750}]}""")]
public sealed record ReceivePurchaseOrder(
    IReadOnlyList<ReceivePurchaseOrder.Line> Lines,
    [property: Description(
        "Number of the delivery note, as users know it; "
            + "unique among the deliveries of the order (see uniqueReferences in the settings)"
    )]
        string? Reference = null,
    [property: Description(Occurrence.MovementDescription)] DateTimeOffset? OccurredAt = null,
    string? Notes = null,
    [property: Description(Occurrence.SentAtDescription)] DateTimeOffset? SentAt = null
) : IOccurrence, IProductLines<ReceivePurchaseOrder, ReceivePurchaseOrder.Line>
{
    public sealed record Line(
        [property: Description("Sku or id of a product of the order. Required unless barcode is given")] string Sku,
        [property: Description(ProductLines.QuantityDescription)] decimal Quantity,
        [property: Description("Cost of one unit of the product, never of a pack; at most 4 decimals. Default: the cost in the order")]
            decimal? UnitCost = null,
        [property: TextFormat(ProductBarcode.Format), Description(ProductLines.BarcodeDescription)] string? Barcode = null
    ) : IStockLine, IProductLine<Line>
    {
        public Line InUnits(string sku, decimal packQuantity) =>
            this with
            {
                Sku = sku,
                Barcode = null,
                Quantity = Quantity * packQuantity,
            };
    }

    public ReceivePurchaseOrder With(IReadOnlyList<Line> lines) => this with { Lines = lines };

    public sealed class Validator : AbstractValidator<ReceivePurchaseOrder>
    {
        public Validator(TimeProvider clock)
        {
            this.Lines(
                c => c.Lines,
                line =>
                {
                    line.Product();
                    line.RuleFor(l => l.Quantity).Positive();
                    line.RuleFor(l => l.UnitCost).UnitPrice();
                }
            );
            RuleFor(c => c.Reference).SingleLine(100);
            RuleFor(c => c.Notes).MaxLength(1000);
            this.Occurrence(clock);
        }
    }
}

/// <summary>All that the decision on a delivery reads.</summary>
/// <param name="Zone">Time zone of the store.</param>
/// <param name="Deliveries">References of the deliveries that the order has, with the ids of the deliveries.</param>
/// <param name="Stock">One for each line; not read when the order does not have one of the lines.</param>
public sealed record DeliveryContext(
    PurchaseOrder Order,
    Guid DeliveryId,
    DateTimeOffset At,
    Zone Zone,
    TenantSettings? Settings,
    IReadOnlyList<(string? Reference, Guid Id)> Deliveries,
    IReadOnlyList<LockedStock> Stock
);

public static class ReceivePurchaseOrderEndpoint
{
    public static Decision Decide(ReceivePurchaseOrder command, DeliveryContext context)
    {
        var order = context.Order;
        if (PurchaseOrderRefusals.WrongState(order, "receive") is { } wrongState)
            return wrongState;
        var percent = context.Settings?.OverReceiptPercent ?? 0;
        var (received, problem) = Receive(order, command, percent, context.DeliveryId, context.At, context.Zone);
        if (received is null)
            return problem!;
        var taken = UniqueReference.Refuse(
            context.Settings,
            command.Reference,
            context.Deliveries,
            wanted => $"The purchase order {order.Code} already has a delivery with the reference '{wanted}'."
        );
        if (taken is not null)
            return taken;
        var document = new StockDocument(context.DeliveryId, command.Reference, command.Notes, context.At);
        return StockDecider
            .Decide(
                context.Stock,
                received.Lines,
                (locked, line, _) =>
                    new StockReceived(locked.Store.Id, locked.Product.Id, line.Quantity, document, order.Id) { UnitCost = line.UnitCost }
            )
            .With(DocumentEvents.Of<PurchaseOrder>(order.Id, received));
    }

    /// <summary>The event of a delivery. Refuses products that were not ordered, and more than may be received.</summary>
    /// <param name="overReceiptPercent">Percentage of each line that may be received beyond the order.</param>
    /// <param name="zone">Time zone of the store.</param>
    public static (PurchaseOrderReceived? Received, Refusal? Problem) Receive(
        PurchaseOrder order,
        ReceivePurchaseOrder command,
        decimal overReceiptPercent,
        Guid deliveryId,
        DateTimeOffset occurredAt,
        Zone zone
    )
    {
        var strange = new Dictionary<string, string[]>();
        var delivered = new List<DeliveredLine>();
        foreach (var (i, line) in command.Lines.Index())
        {
            if (LineOf(order, line.Sku) is { } ordered)
                delivered.Add(new DeliveredLine(ordered.Id, line.Quantity, line.UnitCost ?? ordered.UnitCost));
            else
                strange[$"lines[{i}].sku"] = [$"The purchase order {order.Code} has no product '{Refusal.Shorten(line.Sku)}'."];
        }
        if (strange.Count > 0)
            return (null, PurchaseOrderRefusals.NotOrdered(strange));
        var receivedOn = zone.DateOf(occurredAt);
        if (receivedOn < order.OrderDate)
            return (null, PurchaseOrderRefusals.ReceivedBeforeOrdered(order));

        var coming = delivered.ToLookup(line => line.LineId, line => line.Quantity);
        var over = order
            .Lines.Where(line =>
                coming[line.Id].Any()
                && line.Received + coming[line.Id].Sum() > (line.Quantity - line.Cancelled) * (1 + (overReceiptPercent / 100))
            )
            .Select(line =>
                $"{Quantities.Format(line.Quantity)} of {line.Sku} were ordered and {Quantities.Format(line.Received)} received, "
                + (line.Cancelled > 0 ? $"{Quantities.Format(line.Cancelled)} will not come any more, " : "")
                + $"so {Quantities.Format(coming[line.Id].Sum())} more are too many"
            )
            .ToList();
        return over.Count > 0
            ? (null, PurchaseOrderRefusals.MoreThanOrdered(over, overReceiptPercent))
            : (new PurchaseOrderReceived(deliveryId, occurredAt, delivered, receivedOn, command.Reference), null);
    }

    [
        WolverinePost("/api/{tenant}/purchase-orders/{id}/receipts", Name = "Receive purchase order"),
        Authorize(Roles.User),
        Tags("Purchasing"),
        MovesStockOrMoney
    ]
    [EndpointSummary("Receive goods of a purchase order into its store")]
    [EndpointDescription(
        "All lines or none. From sent, confirmed or partial to partial, or to received when nothing is missing. "
            + "Refused with 404: an unknown order, or a sku that the order does not have; 403: a store that is not yours; "
            + "409: every other state, more than was ordered beyond the tolerance in the settings, "
            + "a reference that another delivery of the order has (see existing), or a deactivated store or product; "
            + "400: a fraction of a counted product, or a time before the order date."
    )]
    [ProducesResponseType<PurchaseOrderDelivery>(200)]
    public static Task<IResult> Post(
        [Example("OC-1002")] string id,
        ReceivePurchaseOrder command,
        LedgerSession ledger,
        HttpContext http
    ) => ledger.Run(http, command, (command, ct) => Handle(id, command, ledger, ct));

    public static async Task<Reply> Handle(string id, ReceivePurchaseOrder command, LedgerSession ledger, CancellationToken ct)
    {
        var (order, problem) = await PurchaseOrders.Lock(ledger, id, ct);
        if (order is null)
            return problem!;
        (var context, problem) = await Load(ledger, order, command, ct);
        if (context is null)
            return problem!;
        return ledger.Append(
            Decide(command, context),
            stock => Reply.Ok(PurchaseOrderDelivery.From(ledger, order.Id, context.DeliveryId, stock, context.At))
        );
    }

    private static async Task<(DeliveryContext? Context, Refusal? Problem)> Load(
        LedgerSession ledger,
        PurchaseOrder order,
        ReceivePurchaseOrder command,
        CancellationToken ct
    )
    {
        var settings = await ledger.Read<TenantSettings>(ledger.Tenant.Id, ct);
        var zone = Zone.For(await ledger.Read<Store>(order.StoreId, ct), settings);
        var deliveries = ledger.EventsWithNextLock(order.Id, typeof(PurchaseOrderReceived));
        var (stock, at, problem) = await StockLedger.ResolveAndLock(
            ledger,
            Requests(order, command),
            ledger.ResolveOccurrence(command.OccurredAt),
            ct
        );
        return problem is not null
            ? (null, problem)
            : (
                new DeliveryContext(
                    order,
                    Guid.CreateVersion7(ledger.Now),
                    at,
                    zone,
                    settings,
                    [.. deliveries.Value.Select(e => (PurchaseOrderReceived)e.Data).Select(e => (e.Reference, e.DeliveryId))],
                    stock
                ),
                null
            );
    }

    /// <summary>One for each line; none when the order does not have one of the lines.</summary>
    private static IReadOnlyList<StockRequest> Requests(PurchaseOrder order, ReceivePurchaseOrder command) =>
        command.Lines.Any(line => LineOf(order, line.Sku) is null)
            ? []
            :
            [
                .. command.Lines.Select(
                    (line, i) =>
                        StockRequest.ForLine(
                            i,
                            order.StoreId.ToString(),
                            LineOf(order, line.Sku)!.ProductId.ToString(),
                            line.Quantity,
                            requiresActiveProduct: true,
                            "id",
                            allowsInactive: true
                        )
                ),
            ];

    private static PurchaseOrderLine? LineOf(PurchaseOrder order, string reference) =>
        order.Lines.FirstOrDefault(line => Codes.Spellings(reference).Contains(line.Sku))
        ?? (Guid.TryParse(reference, out var id) ? order.Lines.FirstOrDefault(line => line.ProductId == id) : null);
}
