using System.Text.Json.Serialization;
using Fluxion.Ledger.Sales;

namespace Fluxion.Ledger.Purchasing;

/// <summary>An ordered product with its quantity and cost.</summary>
/// <param name="Id">Id of the line, which stays the same as long as the order names the product.</param>
/// <param name="UnitCost">Cost agreed with the supplier, before tax.</param>
/// <param name="TaxRate">Tax rate of the product when it was ordered, in percent.</param>
public sealed record OrderedLine(Guid Id, Guid ProductId, string Sku, decimal Quantity, decimal UnitCost, decimal TaxRate);

/// <param name="OrderedBy">The user who orders; null when the system does.</param>
public sealed record PurchaseOrderDrafted(
    string OrderNumber,
    Guid StoreId,
    Guid SupplierId,
    DateOnly OrderDate,
    DateOnly? ExpectedDate,
    string? Notes,
    Guid? OrderedBy,
    IReadOnlyList<OrderedLine> Lines
);

/// <summary>A draft changed: these are all its fields that may change.</summary>
public sealed record PurchaseOrderChanged(Guid SupplierId, DateOnly? ExpectedDate, string? Notes, IReadOnlyList<OrderedLine> Lines);

public sealed record PurchaseOrderSent;

public sealed record PurchaseOrderConfirmed;

public sealed record PurchaseOrderCancelled;

/// <summary>A line of a delivery.</summary>
/// <param name="Quantity">Quantity of goods, greater than 0.</param>
/// <param name="UnitCost">Final cost of one unit.</param>
public sealed record DeliveredLine(Guid LineId, decimal Quantity, decimal UnitCost);

/// <summary>A delivery of some of the goods, all of them, or more within the tolerance.</summary>
/// <param name="DeliveryId">Id of the document of its movements.</param>
/// <param name="ReceivedOn">
/// The day in the store's time zone. Null in events from before stores had a time zone: their days are in UTC.
/// </param>
/// <param name="Reference">The number of the delivery note; null also in events from before it was stored here.</param>
public sealed record PurchaseOrderReceived(
    Guid DeliveryId,
    DateTimeOffset OccurredAt,
    IReadOnlyList<DeliveredLine> Lines,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] DateOnly? ReceivedOn = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Reference = null
);

/// <summary>Goods of a delivery went back to the supplier.</summary>
/// <param name="ReturnId">Id of the document of its movements.</param>
/// <param name="Lines">Goods that went back, at the cost of their delivery.</param>
/// <param name="IsReplaced">True: the supplier sends the goods again. False: their lines are settled without them.</param>
public sealed record PurchaseOrderReturned(
    Guid ReturnId,
    Guid DeliveryId,
    IReadOnlyList<DeliveredLine> Lines,
    bool IsReplaced,
    string? Reference,
    string? Reason,
    DateTimeOffset OccurredAt
);

/// <summary>The order was closed: the missing goods will not come.</summary>
public sealed record PurchaseOrderClosed;

/// <summary>An order that was closed or cancelled too early was reopened: the missing goods will come after all.</summary>
/// <param name="Status">New status of the order.</param>
public sealed record PurchaseOrderReopened(string Status);

public static class PurchaseOrderStatus
{
    public const string Draft = "draft";
    public const string Sent = "sent";
    public const string Confirmed = "confirmed";
    public const string Partial = "partial";
    public const string Received = "received";
    public const string Cancelled = "cancelled";

    public static readonly string[] All = [Draft, Sent, Confirmed, Partial, Received, Cancelled];
}

/// <param name="Received">Quantity received so far, less returns.</param>
/// <param name="Cancelled">
/// Quantity that will not come any more. It went back without replacement, or it was missing from a closed order when other goods went
/// back.
/// </param>
public sealed record PurchaseOrderLine(
    Guid Id,
    Guid ProductId,
    string Sku,
    decimal Quantity,
    decimal UnitCost,
    decimal TaxRate,
    decimal Received,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] decimal Cancelled = 0
)
{
    /// <summary>Quantity still to come.</summary>
    [JsonIgnore]
    public decimal Missing => Math.Max(0, Quantity - Received - Cancelled);

    /// <summary>Amount of the line before tax.</summary>
    [JsonIgnore]
    public decimal Total => Quantities.Round(Quantity * UnitCost, 2);
}

/// <summary>An order to a supplier, to be delivered to one store.</summary>
/// <param name="Code">The order number.</param>
/// <param name="LastReceivedAt">The latest OccurredAt of its deliveries; null before the first.</param>
/// <param name="LastReceivedOn">The day of that delivery in the store's time zone; null if its event has none.</param>
public sealed record PurchaseOrder(
    Guid Id,
    string Code,
    string Status,
    Guid StoreId,
    Guid SupplierId,
    DateOnly OrderDate,
    DateOnly? ExpectedDate,
    string? Notes,
    Guid? OrderedBy,
    DateTimeOffset? LastReceivedAt,
    IReadOnlyList<PurchaseOrderLine> Lines,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] DateOnly? LastReceivedOn = null
) : IAggregate<PurchaseOrder>, ICoded
{
    /// <summary>The largest total before tax: it leaves room for the tax in numeric(18,2).</summary>
    public const decimal MaxTotal = 1_000_000_000_000_000m;

    /// <summary>The states from which each command is allowed.</summary>
    public static readonly IReadOnlyDictionary<string, string[]> Allowed = new Dictionary<string, string[]>
    {
        ["change"] = [PurchaseOrderStatus.Draft],
        ["send"] = [PurchaseOrderStatus.Draft],
        ["confirm"] = [PurchaseOrderStatus.Sent],
        ["receive"] = [PurchaseOrderStatus.Sent, PurchaseOrderStatus.Confirmed, PurchaseOrderStatus.Partial],
        ["return"] = [PurchaseOrderStatus.Partial, PurchaseOrderStatus.Received],
        ["close"] = [PurchaseOrderStatus.Partial],
        ["reopen"] = [PurchaseOrderStatus.Received, PurchaseOrderStatus.Cancelled],
        ["cancel"] = [PurchaseOrderStatus.Draft, PurchaseOrderStatus.Sent, PurchaseOrderStatus.Confirmed],
    };

    [JsonIgnore]
    public decimal Subtotal => Lines.Sum(line => line.Total);

    [JsonIgnore]
    public decimal TaxAmount => Taxes.Total(Lines.Select(line => (line.Total, line.TaxRate)));

    [JsonIgnore]
    public decimal TotalAmount => Subtotal + TaxAmount;

    /// <summary>The day of the latest delivery once the status is received; null before.</summary>
    [JsonIgnore]
    public DateOnly? ReceivedDate =>
        Status == PurchaseOrderStatus.Received && LastReceivedAt is { } at ? LastReceivedOn ?? DateOnly.FromDateTime(at.UtcDateTime) : null;

    public static PurchaseOrder Fold(Guid id, PurchaseOrder? order, object @event) =>
        @event switch
        {
            PurchaseOrderDrafted e => new PurchaseOrder(
                id,
                e.OrderNumber,
                PurchaseOrderStatus.Draft,
                e.StoreId,
                e.SupplierId,
                e.OrderDate,
                e.ExpectedDate,
                e.Notes,
                e.OrderedBy,
                null,
                Unreceived(e.Lines)
            ),
            PurchaseOrderChanged e => order! with
            {
                SupplierId = e.SupplierId,
                ExpectedDate = e.ExpectedDate,
                Notes = e.Notes,
                Lines = Unreceived(e.Lines),
            },
            PurchaseOrderSent => order! with { Status = PurchaseOrderStatus.Sent },
            PurchaseOrderConfirmed => order! with { Status = PurchaseOrderStatus.Confirmed },
            PurchaseOrderCancelled => order! with { Status = PurchaseOrderStatus.Cancelled },
            PurchaseOrderReceived e => Receive(order!, e),
            PurchaseOrderReturned e => Return(order!, e),
            PurchaseOrderClosed => order! with { Status = PurchaseOrderStatus.Received },
            // a cancelled order has its earlier status again; a closed order is open for all missing goods
            PurchaseOrderReopened e when order!.Status == PurchaseOrderStatus.Cancelled => order with { Status = e.Status },
            PurchaseOrderReopened e => order! with
            {
                Status = e.Status,
                Lines = [.. order.Lines.Select(line => line with { Cancelled = 0 })],
            },
            _ => throw new UnknownEventException(typeof(PurchaseOrder), @event),
        };

    private static PurchaseOrder Receive(PurchaseOrder order, PurchaseOrderReceived delivery)
    {
        var delivered = delivery.Lines.ToLookup(line => line.LineId, line => line.Quantity);
        PurchaseOrderLine[] lines = [.. order.Lines.Select(line => line with { Received = line.Received + delivered[line.Id].Sum() })];
        var isLatest = !(order.LastReceivedAt > delivery.OccurredAt);
        return order with
        {
            Status = StatusOf(lines),
            LastReceivedAt = isLatest ? delivery.OccurredAt : order.LastReceivedAt,
            LastReceivedOn = isLatest ? delivery.ReceivedOn : order.LastReceivedOn,
            Lines = lines,
        };
    }

    private static PurchaseOrder Return(PurchaseOrder order, PurchaseOrderReturned returned)
    {
        var quantities = returned.Lines.ToLookup(line => line.LineId, line => line.Quantity);
        PurchaseOrderLine[] lines =
        [
            .. order.Lines.Select(line =>
            {
                // a received order expects no more goods: only those that go back now can be replaced
                var (quantity, missing) = (quantities[line.Id].Sum(), order.Status == PurchaseOrderStatus.Received ? line.Missing : 0);
                var left = line with { Received = line.Received - quantity, Cancelled = line.Cancelled + missing };
                return returned.IsReplaced ? left : left with { Cancelled = left.Cancelled + Math.Min(quantity, left.Missing) };
            }),
        ];
        return order with { Status = StatusOf(lines), Lines = lines };
    }

    /// <summary>
    /// The status of an order that had a delivery. If all goods went back it is confirmed, because a supplier who delivers has confirmed.
    /// </summary>
    private static string StatusOf(IReadOnlyList<PurchaseOrderLine> lines) =>
        lines.All(line => line.Missing == 0) ? PurchaseOrderStatus.Received
        : lines.Any(line => line.Received > 0) ? PurchaseOrderStatus.Partial
        : PurchaseOrderStatus.Confirmed;

    private static PurchaseOrderLine[] Unreceived(IReadOnlyList<OrderedLine> lines) =>
        [.. lines.Select(line => new PurchaseOrderLine(line.Id, line.ProductId, line.Sku, line.Quantity, line.UnitCost, line.TaxRate, 0))];
}
