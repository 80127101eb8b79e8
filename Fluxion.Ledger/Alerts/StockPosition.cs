using Fluxion.Ledger.Purchasing;

namespace Fluxion.Ledger.Alerts;

/// <summary>The stock position of one product in one store, as the rules need it. All quantities are in the product's unit.</summary>
/// <param name="IsActive">True when product and store are active.</param>
/// <param name="Drafted">The quantity on draft purchase orders.</param>
/// <param name="RatePerDay">
/// The average daily quantity issued (except to suppliers) and sold, less returned, over the tenant's rateDays.
/// </param>
/// <param name="LatestMovement">The event of the movement recorded last; null when there is none.</param>
/// <param name="LatestAlerts">The latest alert of each type, open or not.</param>
/// <param name="SupplierId">The usual supplier; null when there is none.</param>
/// <param name="ShortReservations">The reservations that can no longer be fulfilled, the one opened last first.</param>
public sealed record StockPosition(
    Guid StoreId,
    Guid ProductId,
    string Store,
    string Sku,
    string Product,
    bool IsActive,
    decimal OnHand,
    decimal Available,
    decimal OnOrder,
    decimal Drafted,
    decimal InTransit,
    decimal RatePerDay,
    Guid? LatestMovement,
    IReadOnlyList<Guid> LatestAlerts,
    ReorderRule Reorder,
    Guid? SupplierId,
    IReadOnlyList<ShortReservationData> ShortReservations
)
{
    /// <summary>The quantity to order now.</summary>
    public decimal SuggestedQuantity => Reorder.Quantity(Available + OnOrder + Drafted + InTransit, RatePerDay);
}

/// <summary>An alert of a stock item that may need a change.</summary>
/// <param name="Level">
/// The level; null when nothing of that type is wrong, or, for low stock, when the review has still to check it.
/// </param>
/// <param name="Score">The modified z-score of a demand spike; <paramref name="Median"/> is that of the days before.</param>
public sealed record AlertCandidate(
    Guid StoreId,
    Guid ProductId,
    string Type,
    decimal? Level = null,
    decimal Threshold = 0,
    decimal? Score = null,
    decimal? Median = null
);

/// <summary>
/// Reads stock positions from the read models. It reads in the session's own transaction, and so sees the rows that the command has
/// written.
/// </summary>
public interface IStockPositions
{
    /// <summary>
    /// The stock items that the review requests name. A request without a store covers all stores, one without a product all products.
    /// Items that never had stock are left out.
    /// </summary>
    /// <param name="rateDays">The number of days over which the rate is averaged.</param>
    Task<IReadOnlyList<StockPosition>> Read(
        LedgerSession ledger,
        IReadOnlyCollection<StockReviewRequest> requests,
        int rateDays,
        CancellationToken ct
    );

    /// <summary>
    /// The items to order, by store and SKU, at most <paramref name="limit"/>: available + drafted + on order + in transit is below the
    /// reorder point. Only stores that the session's caller may use are included.
    /// </summary>
    /// <param name="storeId">The store; null for all stores.</param>
    /// <param name="supplierId">The supplier; null for all products, also those without a supplier.</param>
    Task<IReadOnlyList<StockPosition>> ToOrder(LedgerSession ledger, Guid? storeId, Guid? supplierId, int limit, CancellationToken ct);

    /// <summary>Finds, in one statement, alerts that are missing, open without a cause, or possibly of an outdated priority.</summary>
    Task<IReadOnlyList<AlertCandidate>> FindCandidates(LedgerSession ledger, CancellationToken ct);
}
