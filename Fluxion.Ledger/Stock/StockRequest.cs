using Fluxion.Ledger.Catalog;

namespace Fluxion.Ledger.Stock;

/// <summary>A request to lock the stock of one command line: a product in a store, by the names that the client sent.</summary>
/// <param name="StoreField">Name of the request field with the store, for errors. SkuField and QuantityField are alike.</param>
/// <param name="RequiresActiveProduct">
/// True for new goods from outside: the product must be active. False for goods that come back or leave.
/// </param>
/// <param name="AllowsInactive">
/// True when store and product may be inactive, as for a command that completes an open document (see <see cref="Deactivation"/>).
/// </param>
public sealed record StockRequest(
    string Store,
    string Sku,
    decimal Quantity,
    bool RequiresActiveProduct,
    string StoreField = "store",
    string SkuField = "sku",
    string QuantityField = "quantity",
    bool AllowsInactive = false
)
{
    /// <summary>Makes a request for each line of a document of one store.</summary>
    public static IReadOnlyList<StockRequest> ForLines(
        string store,
        IEnumerable<IStockLine> lines,
        bool requiresActiveProduct,
        string storeField = "store"
    ) => [.. lines.Select((line, i) => ForLine(i, store, line.Sku, line.Quantity, requiresActiveProduct, storeField))];

    /// <summary>Makes a request for a line of a command. Its errors name the fields of that line.</summary>
    /// <param name="index">Index of the line, from 0.</param>
    public static StockRequest ForLine(
        int index,
        string store,
        string sku,
        decimal quantity,
        bool requiresActiveProduct,
        string storeField = "store",
        bool allowsInactive = false
    ) => new(store, sku, quantity, requiresActiveProduct, storeField, $"lines[{index}].sku", $"lines[{index}].quantity", allowsInactive);
}
