using System.Text.Json.Serialization;
using Fluxion.Ledger.Sales;
using Fluxion.Ledger.Session;
using Fluxion.Ledger.Validation;

namespace Fluxion.Ledger.Purchasing;

/// <summary>What is ordered of one product.</summary>
/// <param name="Id">The line keeps it as long as the order names the product.</param>
/// <param name="UnitCost">As agreed with the supplier, before tax.</param>
/// <param name="TaxRate">Percent: that of the product when it was ordered.</param>
public sealed record OrderedLine(Guid Id, Guid ProductId, string Sku, decimal Quantity, decimal UnitCost, decimal TaxRate);

/// <param name="OrderedBy">Null when the system orders.</param>
public sealed record PurchaseOrderDrafted(string OrderNumber, Guid StoreId, Guid SupplierId, DateOnly OrderDate, DateOnly? ExpectedDate, string? Notes,
    Guid? OrderedBy, IReadOnlyList<OrderedLine> Lines);

/// <summary>All that may change of a draft.</summary>
public sealed record PurchaseOrderChanged(Guid SupplierId, DateOnly? ExpectedDate, string? Notes, IReadOnlyList<OrderedLine> Lines);

public sealed record PurchaseOrderSent;

public sealed record PurchaseOrderConfirmed;

public sealed record PurchaseOrderCancelled;

/// <summary>A line of a delivery.</summary>
/// <param name="Quantity">What came in, greater than 0.</param>
/// <param name="UnitCost">What one unit cost in the end.</param>
public sealed record DeliveredLine(Guid LineId, decimal Quantity, decimal UnitCost);

/// <summary>A delivery of some of the goods, all of them, or a little more.</summary>
/// <param name="DeliveryId">The document of the movements that it made.</param>
/// <param name="ReceivedOn">The day in the store's time zone; null in events from before stores had one, whose days are those of UTC.</param>
/// <param name="Reference">The number of the delivery note; null also in events from before it was kept here.</param>
public sealed record PurchaseOrderReceived(Guid DeliveryId, DateTimeOffset OccurredAt, IReadOnlyList<DeliveredLine> Lines,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] DateOnly? ReceivedOn = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Reference = null);

/// <summary>Goods of a delivery went back to the supplier.</summary>
/// <param name="ReturnId">The document of the movements that it made.</param>
/// <param name="Lines">What went back, at what it came with.</param>
/// <param name="IsReplaced">True: the supplier sends them again. False: their lines are settled without them.</param>
public sealed record PurchaseOrderReturned(Guid ReturnId, Guid DeliveryId, IReadOnlyList<DeliveredLine> Lines, bool IsReplaced, string? Reference,
    string? Reason, DateTimeOffset OccurredAt);

/// <summary>The rest will not come.</summary>
public sealed record PurchaseOrderClosed;

/// <summary>What is missing will come after all, of an order that was closed or cancelled too early.</summary>
/// <param name="Status">The state that the order is in again.</param>
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

/// <param name="Received">What came in so far and did not go back.</param>
/// <param name="Cancelled">
/// What will not come any more: it went back and is not replaced, or the order had been closed without it when something else went back.
/// </param>
public sealed record PurchaseOrderLine(Guid Id, Guid ProductId, string Sku, decimal Quantity, decimal UnitCost, decimal TaxRate, decimal Received,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] decimal Cancelled = 0)
{
    /// <summary>What is still to come.</summary>
    [JsonIgnore]
    public decimal Missing => Math.Max(0, Quantity - Received - Cancelled);

    /// <summary>Before tax.</summary>
    [JsonIgnore]
    public decimal Total => Quantities.Round(Quantity * UnitCost, 2);
}

/// <summary>An order to a supplier, to be delivered to one store.</summary>
/// <param name="Code">The order number.</param>
/// <param name="LastReceivedAt">The latest OccurredAt of its deliveries; null before the first.</param>
/// <param name="LastReceivedOn">The day of that delivery in the store's time zone; null where its event says none.</param>
public sealed record PurchaseOrder(Guid Id, string Code, string Status, Guid StoreId, Guid SupplierId, DateOnly OrderDate, DateOnly? ExpectedDate,
    string? Notes, Guid? OrderedBy, DateTimeOffset? LastReceivedAt, IReadOnlyList<PurchaseOrderLine> Lines,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] DateOnly? LastReceivedOn = null) : IAggregate<PurchaseOrder>, ICoded
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

    /// <summary>The day on which the last of the goods arrived; null before.</summary>
    [JsonIgnore]
    public DateOnly? ReceivedDate =>
        Status == PurchaseOrderStatus.Received && LastReceivedAt is { } at ? LastReceivedOn ?? DateOnly.FromDateTime(at.UtcDateTime) : null;

    public static PurchaseOrder Fold(Guid id, PurchaseOrder? order, object @event) => @event switch
    {
        PurchaseOrderDrafted e => new PurchaseOrder(id, e.OrderNumber, PurchaseOrderStatus.Draft, e.StoreId, e.SupplierId, e.OrderDate, e.ExpectedDate,
            e.Notes, e.OrderedBy, null, Unreceived(e.Lines)),
        PurchaseOrderChanged e => order! with { SupplierId = e.SupplierId, ExpectedDate = e.ExpectedDate, Notes = e.Notes, Lines = Unreceived(e.Lines) },
        PurchaseOrderSent => order! with { Status = PurchaseOrderStatus.Sent },
        PurchaseOrderConfirmed => order! with { Status = PurchaseOrderStatus.Confirmed },
        PurchaseOrderCancelled => order! with { Status = PurchaseOrderStatus.Cancelled },
        PurchaseOrderReceived e => Receive(order!, e),
        PurchaseOrderReturned e => Return(order!, e),
        PurchaseOrderClosed => order! with { Status = PurchaseOrderStatus.Received },
        // one that was closed is open for all that is missing; one that was cancelled is what it was
        PurchaseOrderReopened e when order!.Status == PurchaseOrderStatus.Cancelled => order with { Status = e.Status },
        PurchaseOrderReopened e => order! with { Status = e.Status, Lines = [.. order.Lines.Select(line => line with { Cancelled = 0 })] },
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
        PurchaseOrderLine[] lines = [.. order.Lines.Select(line =>
        {
            // nothing was to come any more of an order that was received: only what goes back now is replaced
            var (quantity, missing) = (quantities[line.Id].Sum(), order.Status == PurchaseOrderStatus.Received ? line.Missing : 0);
            var left = line with { Received = line.Received - quantity, Cancelled = line.Cancelled + missing };
            return returned.IsReplaced ? left : left with { Cancelled = left.Cancelled + Math.Min(quantity, left.Missing) };
        })];
        return order with { Status = StatusOf(lines), Lines = lines };
    }

    /// <summary>The state of an order of which something has been delivered. A supplier who has delivered has confirmed.</summary>
    private static string StatusOf(IReadOnlyList<PurchaseOrderLine> lines) => lines.All(line => line.Missing == 0) ? PurchaseOrderStatus.Received
        : lines.Any(line => line.Received > 0) ? PurchaseOrderStatus.Partial : PurchaseOrderStatus.Confirmed;

    private static PurchaseOrderLine[] Unreceived(IReadOnlyList<OrderedLine> lines) =>
        [.. lines.Select(line => new PurchaseOrderLine(line.Id, line.ProductId, line.Sku, line.Quantity, line.UnitCost, line.TaxRate, 0))];
}

/// <summary>The receipt of a command on a purchase order.</summary>
/// <param name="Version">Grows with every change.</param>
public record PurchaseOrderReceipt(Guid Id, string OrderNumber, string Status, decimal Subtotal, decimal TaxAmount, decimal TotalAmount, long Version)
{
    public static PurchaseOrderReceipt From(LedgerSession ledger, PurchaseOrder order) =>
        new(order.Id, order.Code, order.Status, order.Subtotal, order.TaxAmount, order.TotalAmount, ledger.VersionOf(order.Id));
}
