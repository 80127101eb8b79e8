using Fluxion.Ledger.Catalog;

namespace Fluxion.Ledger.Purchasing;

/// <summary>Store, supplier and products of a purchase order.</summary>
public sealed record OrderParties(Store Store, Supplier Supplier, IReadOnlyDictionary<Guid, Product> Products)
{
    public static async Task<OrderParties> Find(LedgerSession ledger, PurchaseOrder order, CancellationToken ct)
    {
        var store = await ledger.Read<Store>(order.StoreId, ct);
        var supplier = await ledger.Read<Supplier>(order.SupplierId, ct);
        var products = await ledger.Find<Product>(order.Lines.Select(line => line.ProductId.ToString()), ct);
        return new OrderParties(store!, supplier!, products.Values.ToDictionary(product => product.Id));
    }

    /// <summary>409 when store, supplier or a product is deactivated: nothing new may be ordered for it. Else null.</summary>
    /// <param name="lines">The lines that are to be delivered.</param>
    public Refusal? RefuseInactive(IEnumerable<PurchaseOrderLine> lines)
    {
        string[] inactive =
        [
            .. Store.IsActive ? (string[])[] : [$"the store {Store.Code}"],
            .. Supplier.IsActive ? (string[])[] : [$"the supplier {Supplier.Code}"],
            .. lines
                .Select(line => Products[line.ProductId])
                .Where(product => !product.IsActive)
                .Select(product => product.Code)
                .Distinct()
                .Select(sku => $"the product {sku}"),
        ];
        return inactive.Length == 0 ? null : PurchaseOrderRefusals.Deactivated(inactive);
    }
}
