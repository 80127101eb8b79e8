using Fluxion.Ledger.Catalog;
using Fluxion.Ledger.Purchasing;
using Fluxion.Ledger.Stock;

namespace Fluxion.Ledger.Alerts;

/// <summary>A request to review the alerts of stock items, because an event may have changed them.</summary>
/// <param name="StoreId">The store; null for all stores.</param>
/// <param name="ProductId">The product; null for all products.</param>
/// <param name="EventId">The event; null when it is not known.</param>
public sealed record StockReviewRequest(Guid? StoreId, Guid? ProductId, Guid? EventId = null)
{
    /// <summary>
    /// The review requests of a change, except changes of stock. StockLedger creates those, because it knows the reorder point.
    /// </summary>
    public static IEnumerable<StockReviewRequest> From(Change change)
    {
        var id = change.Event.Id;
        return (change.Before, change.After) switch
        {
            (Product before, Product after)
                when before.IsActive != after.IsActive
                    || before.Details.ReorderPoint != after.Details.ReorderPoint
                    || before.Details.MaxStockLevel != after.Details.MaxStockLevel
                    || before.AllowsBackorder != after.AllowsBackorder => [new(null, after.Id, id)],
            (Store before, Store after) when before.IsActive != after.IsActive => [new(after.Id, null, id)],
            (_, Transfer transfer) => transfer.Lines.Select(line => new StockReviewRequest(transfer.ToStoreId, line.ProductId, id)),
            (var before, PurchaseOrder order) => order
                .Lines.Concat((before as PurchaseOrder)?.Lines ?? [])
                .Select(line => line.ProductId)
                .Distinct()
                .Select(product => new StockReviewRequest(order.StoreId, product, id)),
            _ => [],
        };
    }

    /// <summary>
    /// The review request of a command on a stock item. There is one when the <see cref="LowStock.StockStatus"/> of the item changed, or
    /// when the quantity missing for its reservations changed. There is also one when the quantity on hand changed while some is missing.
    /// </summary>
    public static StockReviewRequest? From(LockedStock locked, StockItem after, Guid eventId)
    {
        var point = locked.Product.Details.ReorderPoint;
        var before = locked.Item is { } item ? LowStock.StatusOf(item.Available, point) : LowStock.StockStatus.Enough;
        (decimal Missing, decimal OnHand) Short(StockItem? item) =>
            locked.Product.AllowsBackorder || item is not { Available: < 0 } ? default : (-item.Available, item.OnHand);
        return before == LowStock.StatusOf(after.Available, point) && Short(locked.Item) == Short(after)
            ? null
            : new StockReviewRequest(locked.Store.Id, locked.Product.Id, eventId);
    }
}
