using Fluxion.Ledger.Catalog;
using Fluxion.Ledger.Purchasing;

namespace Fluxion.Ledger.Stock;

/// <summary>Quantity of one product at one cost in a delivery or receipt, and the part that went back to the supplier.</summary>
/// <param name="UnitCost">Cost of one unit in the delivery or receipt.</param>
/// <param name="OccurredAt">Time when the goods came; the latest of several.</param>
public sealed record DeliveredGoods(
    Guid StoreId,
    Guid ProductId,
    string Sku,
    decimal UnitCost,
    decimal Delivered,
    decimal Returned,
    DateTimeOffset OccurredAt
);

/// <summary>Queries of commands on the read models, in the session's own transaction.</summary>
public interface IStockDocuments
{
    /// <summary>
    /// The goods of a receipt without a purchase order, by store, product and unit cost. Empty when there is no such receipt.
    /// </summary>
    Task<IReadOnlyList<DeliveredGoods>> Receipt(LedgerSession ledger, Guid receiptId, CancellationToken ct);

    /// <summary>The quantity on order of those stock items that some purchase order names.</summary>
    Task<IReadOnlyList<GoodsOnOrder>> OnOrder(LedgerSession ledger, IReadOnlyList<LockedStock> items, CancellationToken ct);

    /// <summary>
    /// The open reservations that stock no longer covers, by store and product, the most recently opened first. At most
    /// <see cref="ShortReservation.MaxListed"/>.
    /// </summary>
    /// <param name="items">The short items after the command.</param>
    Task<IReadOnlyList<ShortReservation>> ShortReservations(LedgerSession ledger, IReadOnlyList<ShortItem> items, CancellationToken ct);

    /// <summary>The open documents of stores, products and suppliers, by their ids. See <see cref="Deactivation"/>.</summary>
    Task<ILookup<Guid, OpenDocuments>> Open(LedgerSession ledger, IReadOnlyCollection<Guid> ids, CancellationToken ct);
}
