namespace Fluxion.Ledger.Catalog;

/// <summary>The wanted details of a product, with the category and the supplier that they name.</summary>
public sealed record ProductReferences(Category? Category, Supplier? Supplier, ProductDetails Details)
{
    /// <summary>
    /// The refusal of these details for <paramref name="product"/> (null: a new one), if any. A product keeps its category and supplier
    /// even when they were deactivated since. A measured product cannot become a counted one: a fraction on hand could be neither issued
    /// nor adjusted away. That holds for any quantity on hand, because a receipt of a fraction may be in progress.
    /// </summary>
    public Refusal? Refuse(Product? product)
    {
        if (Category is { IsActive: false } && Category.Id != product?.Details.CategoryId)
            return Refusal.Conflict(
                "Category deactivated",
                $"The category {Category.Code} is deactivated and takes nothing new. Activate it first or choose another."
            );
        if (Supplier is { IsActive: false } && Supplier.Id != product?.Details.SupplierId)
            return Refusal.Conflict(
                "Supplier deactivated",
                $"The supplier {Supplier.Code} is deactivated and takes nothing new. Activate it first or choose another."
            );
        return product is { IsCounted: false } && Details.IsCounted
            ? Refusal.Conflict(
                "Unit kept",
                $"The product {product.Code} is measured by the {product.Details.UnitType} and may have fractions. "
                    + $"It cannot become counted by the {Details.UnitType}. Set settings.allowFraction, or add a product with another sku."
            )
            : null;
    }
}
