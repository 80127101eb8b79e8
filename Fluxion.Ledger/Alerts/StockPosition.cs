using Fluxion.Ledger.Purchasing;
using Fluxion.Ledger.Session;

namespace Fluxion.Ledger.Alerts;

/// <summary>One product in one store as the rules see it: what is there, what is coming, and how fast it goes. Quantities in the product's unit.</summary>
/// <param name="IsActive">Whether product and store are active.</param>
/// <param name="Drafted">What drafts of purchase orders would bring.</param>
/// <param name="RatePerDay">Issued, but not to suppliers, and sold, less returned, a day over the tenant's rateDays.</param>
/// <param name="LatestMovement">The event of the movement that was recorded last; null before the first.</param>
/// <param name="LatestAlerts">Of each type the latest alert, open or not.</param>
/// <param name="SupplierId">Whom it is usually bought from; null when nobody in particular.</param>
/// <param name="ShortReservations">Those that can no longer be kept, the one opened last first.</param>
public sealed record StockPosition(Guid StoreId, Guid ProductId, string Store, string Sku, string Product, bool IsActive, decimal OnHand, decimal Available,
    decimal OnOrder, decimal Drafted, decimal InTransit, decimal RatePerDay, Guid? LatestMovement, IReadOnlyList<Guid> LatestAlerts, ReorderRule Reorder, Guid? SupplierId,
    IReadOnlyList<ShortReservationData> ShortReservations)
{
    /// <summary>What to order now.</summary>
    public decimal SuggestedQuantity => Reorder.Quantity(Available + OnOrder + Drafted + InTransit, RatePerDay);
}

/// <summary>Something of an item that may not be as its alerts say.</summary>
/// <param name="Level">Null: nothing of that type is wrong with it; or, of low stock, that is still to be seen.</param>
/// <param name="Score">Of a demand spike the modified z-score; <paramref name="Median"/> of the days before.</param>
public sealed record AlertCandidate(Guid StoreId, Guid ProductId, string Type, decimal? Level = null, decimal Threshold = 0, decimal? Score = null, decimal? Median = null);

/// <summary>
/// How the read models answer the rules, in the session's own transaction: what a command has written there is seen.
/// </summary>
public interface IStockPositions
{
    /// <summary>The stock items that the notices are about: of a product in all stores, of a store all products. None that never had any stock.</summary>
    /// <param name="rateDays">Over how many days the rate is taken.</param>
    Task<IReadOnlyList<StockPosition>> Read(LedgerSession ledger, IReadOnlyCollection<StockReviewRequest> requests, int rateDays, CancellationToken ct);

    /// <summary>
    /// The items of which something is to be ordered, by store and sku, at most <paramref name="limit"/>: what is available, drafted, on order or in
    /// transit is below the reorder point. Only of stores that the session's caller may use.
    /// </summary>
    /// <param name="storeId">Null: of all stores.</param>
    /// <param name="supplierId">Null: of all suppliers, and of none.</param>
    Task<IReadOnlyList<StockPosition>> ToOrder(LedgerSession ledger, Guid? storeId, Guid? supplierId, int limit, CancellationToken ct);

    /// <summary>Where an alert is missing, open without a cause, or may have become more or less urgent. One statement.</summary>
    Task<IReadOnlyList<AlertCandidate>> FindCandidates(LedgerSession ledger, CancellationToken ct);
}
