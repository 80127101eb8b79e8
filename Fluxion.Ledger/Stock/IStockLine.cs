using Fluxion.Ledger.Catalog;

namespace Fluxion.Ledger.Stock;

/// <summary>A line of a command: a product and a quantity.</summary>
public interface IStockLine : IProductLine
{
    decimal Quantity { get; }

    IEnumerable<(string Field, decimal Quantity)> IProductLine.Quantities => [("quantity", Quantity)];
}
