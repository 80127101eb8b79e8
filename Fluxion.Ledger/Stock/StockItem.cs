using System.Text.Json.Serialization;
using UUIDNext;

namespace Fluxion.Ledger.Stock;

/// <summary>One product in one store.</summary>
/// <param name="OnHand">The sum of its movements.</param>
/// <param name="Reserved">The sum of its open reservations.</param>
/// <param name="UnitCost">
/// The moving average in the order recorded, to 4 decimals. A receipt of q at cost c sets it to
/// (on hand × average + q × c) / (on hand + q), or to c when on hand was 0 or less. Sale returns and transfer arrivals count as
/// receipts. The first movement of any other kind sets it to its unit cost. A return of q to the supplier at its receipt cost c sets it
/// to (on hand × average − q × c) / (on hand − q), so the rest keeps its own cost. It stays unchanged when nothing is left, or when the
/// value of the rest would be below 0. After the first movement, no other goods that leave change it, nor do goods lost or damaged in
/// transit. A movement from before the latest count does not change it: the opposite correction follows. Both together leave today's
/// stock and its value unchanged.
/// </param>
/// <param name="LastMovementAt">The latest OccurredAt; null before the first movement.</param>
/// <param name="CountedAt">The OccurredAt of the latest count; null before the first.</param>
public sealed record StockItem(
    Guid Id,
    Guid StoreId,
    Guid ProductId,
    decimal OnHand,
    decimal Reserved,
    decimal UnitCost,
    DateTimeOffset? LastMovementAt,
    DateTimeOffset? CountedAt = null
) : IAggregate<StockItem>
{
    private static readonly Guid Namespace = Guid.Parse("6f1d2a1e-9f0b-5c57-8a55-0d6f1e7a4c11");

    [JsonIgnore]
    public decimal Available => OnHand - Reserved;

    /// <summary>UUIDv5 of store and product. The two ids alone identify the stream.</summary>
    public static Guid IdOf(Guid storeId, Guid productId) => Uuid.NewNameBased(Namespace, $"{storeId:D}/{productId:D}");

    public static StockItem Fold(Guid id, StockItem? item, object @event)
    {
        if (@event is not StockEvent happened)
            throw new UnknownEventException(typeof(StockItem), @event);
        item ??= new StockItem(id, happened.StoreId, happened.ProductId, 0, 0, 0, null);
        return happened switch
        {
            StockReserved e => item with { Reserved = item.Reserved + e.Quantity },
            StockReleased e => item with { Reserved = item.Reserved - e.Quantity },
            StockMovement e => item with
            {
                OnHand = item.OnHand + e.QuantityChange(),
                UnitCost = MovingAverage(item, e),
                LastMovementAt = Latest(item.LastMovementAt, e.Document.OccurredAt),
                CountedAt = e is StockCounted ? Latest(item.CountedAt, e.Document.OccurredAt) : item.CountedAt,
            },
            _ => throw new UnknownEventException(typeof(StockItem), @event),
        };
    }

    private static decimal MovingAverage(StockItem item, StockMovement movement)
    {
        var valued = item.CountedAt > movement.Document.OccurredAt ? 0 : movement.CostedQuantity();
        if (valued == 0 && item.LastMovementAt is not null)
            return item.UnitCost;
        if (valued < 0)
            return WithoutReturned(item, -valued, movement.UnitCost);
        return item.OnHand <= 0
            ? movement.UnitCost
            : Quantities.Round(((item.OnHand * item.UnitCost) + (valued * movement.UnitCost)) / (item.OnHand + valued), 4);
    }

    /// <summary>
    /// The moving average without goods that go back to a supplier. It stays unchanged when nothing is left, or when the
    /// value of the rest would be below 0.
    /// </summary>
    private static decimal WithoutReturned(StockItem item, decimal quantity, decimal unitCost)
    {
        var (left, value) = (item.OnHand - quantity, (item.OnHand * item.UnitCost) - (quantity * unitCost));
        return left <= 0 || value < 0 ? item.UnitCost : Quantities.Round(value / left, 4);
    }

    private static DateTimeOffset Latest(DateTimeOffset? one, DateTimeOffset other) => one > other ? one.Value : other;
}
