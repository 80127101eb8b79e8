namespace Fluxion.Ledger.Stock;

/// <summary>A stock item after a command, for its receipt.</summary>
public sealed record StockLevel(string Store, string Sku, decimal OnHand, decimal Reserved, decimal Available)
{
    public static StockLevel From(LockedStock locked, StockItem item) =>
        new(locked.Store.Code, locked.Product.Code, item.OnHand, item.Reserved, item.Available);
}
