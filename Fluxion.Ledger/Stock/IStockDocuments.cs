using Fluxion.Ledger.Catalog;
using Fluxion.Ledger.Purchasing;
using Fluxion.Ledger.Session;

namespace Fluxion.Ledger.Stock;

/// <summary>What a delivery or a receipt brought of one product at one cost, and what of that went back to the supplier.</summary>
/// <param name="UnitCost">What one unit came with.</param>
/// <param name="OccurredAt">When it came; of several times the latest.</param>
public sealed record DeliveredGoods(
    Guid StoreId, Guid ProductId, string Sku, decimal UnitCost, decimal Delivered, decimal Returned, DateTimeOffset OccurredAt);

/// <summary>How the read models answer commands, in the session's own transaction.</summary>
public interface IStockDocuments
{
    /// <summary>What a receipt without a purchase order brought, by store, product and unit cost; empty when there is no such receipt.</summary>
    Task<IReadOnlyList<DeliveredGoods>> Receipt(LedgerSession ledger, Guid receiptId, CancellationToken ct);

    /// <summary>What is on order of stock items, of those that some order names.</summary>
    Task<IReadOnlyList<GoodsOnOrder>> OnOrder(LedgerSession ledger, IReadOnlyList<LockedStock> items, CancellationToken ct);

    /// <summary>The open reservations that can no longer be kept, the latest first, at most <see cref="ShortReservation.MaxListed"/>.</summary>
    /// <param name="items">As they are after the command.</param>
    Task<IReadOnlyList<ShortReservation>> ShortReservations(LedgerSession ledger, IReadOnlyList<ShortItem> items, CancellationToken ct);

    /// <summary>What is open of stores, products and suppliers, by their ids. See <see cref="Deactivation"/>.</summary>
    Task<ILookup<Guid, OpenDocuments>> Open(LedgerSession ledger, IReadOnlyCollection<Guid> ids, CancellationToken ct);
}
