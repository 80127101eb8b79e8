using Fluxion.Ledger.Catalog;
using Fluxion.Ledger.Purchasing;
using Fluxion.Ledger.Session;
using Fluxion.Ledger.Stock;

namespace Fluxion.Ledger.Alerts;

/// <summary>Something happened by which an item's alerts may have changed.</summary>
/// <param name="StoreId">Null: all stores.</param>
/// <param name="ProductId">Null: all products.</param>
/// <param name="EventId">The event; null when nobody knows which.</param>
public sealed record StockReviewRequest(Guid? StoreId, Guid? ProductId, Guid? EventId = null)
{
    /// <summary>What a change is news of, but for the stock itself: that the door knows, which has the reorder point at hand.</summary>
    public static IEnumerable<StockReviewRequest> From(Change change)
    {
        var id = change.Event.Id;
        return (change.Before, change.After) switch
        {
            (Product before, Product after) when before.IsActive != after.IsActive || before.Details.ReorderPoint != after.Details.ReorderPoint
                || before.Details.MaxStockLevel != after.Details.MaxStockLevel || before.AllowsBackorder != after.AllowsBackorder
                => [new(null, after.Id, id)],
            (Store before, Store after) when before.IsActive != after.IsActive => [new(after.Id, null, id)],
            (_, Transfer transfer) => transfer.Lines.Select(line => new StockReviewRequest(transfer.ToStoreId, line.ProductId, id)),
            (var before, PurchaseOrder order) => order.Lines.Concat((before as PurchaseOrder)?.Lines ?? []).Select(line => line.ProductId).Distinct()
                .Select(product => new StockReviewRequest(order.StoreId, product, id)),
            _ => [],
        };
    }

    /// <summary>
    /// What a command did to an item, when it took the item to another <see cref="LowStock.StockStatus"/>, or changed what is missing for its
    /// reservations, or what is held by them while something is.
    /// </summary>
    public static StockReviewRequest? From(LockedStock locked, StockItem after, Guid eventId)
    {
        var point = locked.Product.Details.ReorderPoint;
        var before = locked.Item is { } item ? LowStock.StatusOf(item.Available, point) : LowStock.StockStatus.Enough;
        (decimal Missing, decimal OnHand) Short(StockItem? item) => locked.Product.AllowsBackorder || item is not { Available: < 0 } ? default : (-item.Available, item.OnHand);
        return before == LowStock.StatusOf(after.Available, point) && Short(locked.Item) == Short(after) ? null
            : new StockReviewRequest(locked.Store.Id, locked.Product.Id, eventId);
    }
}
