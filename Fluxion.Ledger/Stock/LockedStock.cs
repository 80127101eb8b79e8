using Fluxion.Ledger.Catalog;

namespace Fluxion.Ledger.Stock;

/// <summary>A product in a store, with its stock item as this command locked it. The item is null before its first event.</summary>
/// <param name="Later">Read for a count, and for a command about the past if the item was counted since.</param>
public sealed record LockedStock(Store Store, Product Product, StockItem? Item, StockHistory Later)
{
    public LockedStock(Store store, Product product, StockItem? item)
        : this(store, product, item, StockHistory.None) { }

    public Guid ItemId { get; } = StockItem.IdOf(Store.Id, Product.Id);

    /// <summary>On hand of <paramref name="item"/> as of the moment of the command.</summary>
    public decimal OnHandAtOccurrence(StockItem? item) => (item?.OnHand ?? 0) - Later.Change;

    /// <summary>Unit cost of goods that leave: the moving average, or the product's cost price before the first movement.</summary>
    public decimal CostOf(StockItem? item) => item?.LastMovementAt is null ? Product.Details.CostPrice : item.UnitCost;
}
