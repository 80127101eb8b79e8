using Fluxion.Ledger.Catalog;

namespace Fluxion.Ledger.Stock;

/// <summary>A line of a return to the supplier: a quantity of a delivered product.</summary>
public sealed record SupplierReturnLine(
    [property: Description("Sku or id of a product of the delivery. Required unless barcode is given")] string Sku,
    [property: Description("Greater than 0, not more than was delivered and has not gone back yet; whole numbers for counted products")]
        decimal Quantity,
    [property: Description(
        "Cost at which one unit of the product was delivered, never of a pack. "
            + "Required only when the delivery has the product at several costs"
    )]
        decimal? UnitCost = null,
    [property: TextFormat(ProductBarcode.Format), Description(ProductLines.BarcodeDescription)] string? Barcode = null
) : IStockLine, IProductLine<SupplierReturnLine>
{
    public SupplierReturnLine InUnits(string sku, decimal packQuantity) =>
        this with
        {
            Sku = sku,
            Barcode = null,
            Quantity = Quantity * packQuantity,
        };

    public static void Rules(InlineValidator<SupplierReturnLine> line)
    {
        line.Product();
        line.RuleFor(l => l.Quantity).Positive();
        line.RuleFor(l => l.UnitCost).UnitPrice();
    }
}

/// <summary>Rules for returns to suppliers, from deliveries of purchase orders and from receipts without one.</summary>
public static class SupplierReturn
{
    /// <summary>Finds the delivered goods of each line. Refuses products that were not delivered, and more than can go back.</summary>
    /// <param name="delivered">Goods of the delivery: each product and unit cost once.</param>
    public static (IReadOnlyList<DeliveredGoods> Goods, Refusal? Problem) FindGoods(
        IReadOnlyList<SupplierReturnLine> lines,
        IReadOnlyList<DeliveredGoods> delivered
    )
    {
        var (strange, wrong, goods) = (new Dictionary<string, string[]>(), new Dictionary<string, string[]>(), new List<DeliveredGoods>());
        foreach (var (i, line) in lines.Index())
        {
            var ofProduct = delivered.Where(g => Codes.Spellings(line.Sku).Contains(g.Sku)).ToList();
            if (ofProduct.Count == 0 && Guid.TryParse(line.Sku, out var id))
                ofProduct = [.. delivered.Where(g => g.ProductId == id)];
            var meant = line.UnitCost is null ? ofProduct : [.. ofProduct.Where(g => g.UnitCost == line.UnitCost)];
            if (ofProduct.Count == 0)
                strange[$"lines[{i}].sku"] = [$"The delivery has no product '{Refusal.Shorten(line.Sku)}'."];
            else if (meant.Count != 1)
            {
                var costs = string.Join(" or ", ofProduct.Select(g => Quantities.Format(g.UnitCost)));
                wrong[$"lines[{i}].unitCost"] = [$"must be a cost at which {ofProduct[0].Sku} was delivered: {costs}"];
            }
            else
                goods.Add(meant[0]);
        }
        if (strange.Count > 0)
            return ([], Refusal.NotFound("Some products were not delivered; see errors.", strange));
        if (wrong.Count > 0)
            return ([], Refusal.Invalid(wrong));

        var over = goods
            .Zip(lines, (g, line) => (Goods: g, line.Quantity))
            .GroupBy(r => r.Goods, r => r.Quantity)
            .Where(r => r.Sum() > r.Key.Delivered - r.Key.Returned)
            .Select(r =>
                $"{Quantities.Format(r.Key.Delivered)} of {r.Key.Sku} were delivered and {Quantities.Format(r.Key.Returned)} went back, "
                + $"so {Quantities.Format(r.Sum())} more are too many"
            )
            .ToList();
        return over.Count > 0
            ? ([], Refusal.Conflict("More than was delivered", $"Nothing went back: {string.Join("; ", over)}."))
            : (goods, null);
    }

    /// <summary>Goods leave at the cost of their delivery.</summary>
    /// <param name="lockedStock">One for each line.</param>
    public static StockDecision Decide(
        IReadOnlyList<LockedStock> lockedStock,
        IReadOnlyList<SupplierReturnLine> lines,
        IReadOnlyList<DeliveredGoods> goods,
        StockDocument document,
        Guid receiptId,
        Guid? purchaseOrderId
    ) =>
        StockDecider.Decide(
            lockedStock,
            lockedStock.Select(
                (locked, i) =>
                    new StockStep(
                        locked,
                        _ => new StockReturnedToSupplier(
                            locked.Store.Id,
                            locked.Product.Id,
                            lines[i].Quantity,
                            document,
                            receiptId,
                            purchaseOrderId
                        )
                        {
                            UnitCost = goods[i].UnitCost,
                        }
                    )
            )
        );
}
