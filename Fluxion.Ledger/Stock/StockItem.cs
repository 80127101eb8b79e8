using System.Text.Json.Serialization;
using Fluxion.Ledger.Commands;
using UUIDNext;

namespace Fluxion.Ledger.Stock;

/// <summary>The document that a movement belongs to.</summary>
/// <param name="Id">The id of the receipt, issue, …: reference_id of its movements.</param>
/// <param name="Reference">Its number as people know it.</param>
/// <param name="OccurredAt">When it happened in the shop; an event's own timestamp is when the ledger learned of it.</param>
public sealed record StockDocument(Guid Id, string? Reference, string? Notes, DateTimeOffset OccurredAt);

/// <summary>A movement of one stock item: one line of a document that moves stock.</summary>
public abstract record StockMovement(Guid StoreId, Guid ProductId, StockDocument Document)
{
    /// <summary>What the movement adds to on hand; negative when goods leave.</summary>
    public abstract decimal Change();

    /// <summary>The cost of one unit: as paid for what comes in, the moving average at that moment for what leaves.</summary>
    public required decimal UnitCost { get; init; }
}

/// <param name="Quantity">What came in, greater than 0.</param>
public sealed record StockReceived(Guid StoreId, Guid ProductId, decimal Quantity, StockDocument Document)
    : StockMovement(StoreId, ProductId, Document)
{
    public override decimal Change() => Quantity;
}

/// <param name="Quantity">What left, greater than 0.</param>
/// <param name="Reason">One of <see cref="Reasons.OfIssues"/>.</param>
public sealed record StockIssued(Guid StoreId, Guid ProductId, decimal Quantity, string Reason, StockDocument Document)
    : StockMovement(StoreId, ProductId, Document)
{
    public override decimal Change() => -Quantity;
}

/// <param name="Quantity">The correction, signed.</param>
/// <param name="Reason">One of <see cref="Reasons.OfAdjustments"/>.</param>
public sealed record StockAdjusted(Guid StoreId, Guid ProductId, decimal Quantity, string Reason, StockDocument Document)
    : StockMovement(StoreId, ProductId, Document)
{
    public override decimal Change() => Quantity;
}

/// <summary>Why stock moved without a sale or a purchase.</summary>
public static class Reasons
{
    public static readonly string[] OfIssues = ["damage", "expired", "theft", "loss", "internal_use", "sample", "donation", "return_to_supplier", "other"];
    public static readonly string[] OfAdjustments = ["correction", "found", "damage", "expired", "theft", "loss", "opening_balance", "other"];
}

/// <summary>One product in one store.</summary>
/// <param name="OnHand">The sum of its movements.</param>
/// <param name="Reserved">The sum of its open reservations.</param>
/// <param name="UnitCost">
/// The moving average in the order recorded: after a receipt of q at cost c, (on hand × average + q × c) / (on hand + q), to 4 decimals;
/// c alone when nothing was on hand. What leaves does not change it.
/// </param>
/// <param name="LastMovementAt">The latest OccurredAt.</param>
public sealed record StockItem(
    Guid Id, Guid StoreId, Guid ProductId, decimal OnHand, decimal Reserved, decimal UnitCost, DateTimeOffset LastMovementAt) : IAggregate<StockItem>
{
    private static readonly Guid Namespace = Guid.Parse("6f1d2a1e-9f0b-5c57-8a55-0d6f1e7a4c11");

    [JsonIgnore]
    public decimal Available => OnHand - Reserved;

    /// <summary>UUIDv5 of store and product: whoever knows both knows the stream.</summary>
    public static Guid IdOf(Guid storeId, Guid productId) => Uuid.NewNameBased(Namespace, $"{storeId:D}/{productId:D}");

    public static StockItem Fold(Guid id, StockItem? item, object @event)
    {
        if (@event is not StockMovement movement) throw new UnknownEventException(typeof(StockItem), @event);
        var at = movement.Document.OccurredAt;
        item ??= new StockItem(id, movement.StoreId, movement.ProductId, 0, 0, movement.UnitCost, at);
        return item with
        {
            OnHand = item.OnHand + movement.Change(),
            UnitCost = movement is StockReceived received ? MovingAverage(item, received) : item.UnitCost,
            LastMovementAt = at > item.LastMovementAt ? at : item.LastMovementAt,
        };
    }

    private static decimal MovingAverage(StockItem item, StockReceived received) => item.OnHand <= 0
        ? received.UnitCost
        : Quantities.Round(((item.OnHand * item.UnitCost) + (received.Quantity * received.UnitCost)) / (item.OnHand + received.Quantity), 4);
}
