using System.ComponentModel.DataAnnotations;

namespace Fluxion.Ledger.Catalog;

/// <summary>The fields of a product, in its creation and in changes.</summary>
public abstract record ProductFields
{
    [Required]
    public string Name { get; init; } = "";

    [Description(
        "Unit: unit, kg, liter, meter, box or case. "
            + "Quantities in unit, box and case are whole numbers, unless settings.allowFraction says otherwise. "
            + "Default: unit"
    )]
    public string UnitType { get; init; } = "unit";

    [TextFormat(ProductBarcode.Format), Description("Short for barcodes with one entry. Beside barcodes it must be the first of them")]
    public string? Barcode { get; init; }

    [Description("At most 20 barcodes. A line with a barcode has its quantity in packs of that barcode")]
    public IReadOnlyList<ProductBarcode>? Barcodes { get; init; }

    public string? Description { get; init; }

    [Description("Code or id of the category")]
    public string? Category { get; init; }

    [Description("Code or id of the usual supplier")]
    public string? Supplier { get; init; }

    [Description("Minimum stock of a store, in the product's unit. Default: 0")]
    public decimal MinStockLevel { get; init; }

    [Description("Maximum stock of a store, in the product's unit; not below minStockLevel or reorderPoint. Default: no maximum")]
    public decimal? MaxStockLevel { get; init; }

    [Description("Reorder point in the product's unit: less available raises an alert. 0 raises none. Default: 0")]
    public decimal ReorderPoint { get; init; }

    [Description("Usual cost of one unit. A receipt without a cost uses it. Default: 0")]
    public decimal CostPrice { get; init; }

    public decimal SellingPrice { get; init; }

    [Description("Tax rate in percent, from 0 to 100: 16 for the Venezuelan IVA. Default: 0")]
    public decimal TaxRate { get; init; }

    public ProductSettings? Settings { get; init; }

    [Description("Days from an order to its goods, from 0 to 365. Default: the supplier's lead time")]
    public int? LeadTimeDays { get; init; }

    [Description("Quantity in one pack of the supplier; orders are in whole packs. Default: any quantity can be ordered")]
    public decimal? PackSize { get; init; }

    /// <summary>Looks up category and supplier; returns the fields with them, or the refusal of an unknown one.</summary>
    public async Task<(ProductReferences? Resolved, Refusal? Problem)> Resolve(LedgerSession ledger, CancellationToken ct)
    {
        var category = await ledger.Find<Category>(Category, ct);
        if (Category is not null && category is null)
            return (null, Refusal.NotFound("category", "category", Category));
        var supplier = await ledger.Find<Supplier>(Supplier, ct);
        if (Supplier is not null && supplier is null)
            return (null, Refusal.NotFound("supplier", "supplier", Supplier));
        return (With(category, supplier), null);
    }

    public ProductReferences With(Category? category, Supplier? supplier) =>
        new(
            category,
            supplier,
            new ProductDetails(
                Name.Trim(),
                UnitType,
                null,
                Description,
                category?.Id,
                supplier?.Id,
                MinStockLevel,
                MaxStockLevel,
                ReorderPoint,
                CostPrice,
                SellingPrice,
                TaxRate,
                Settings,
                LeadTimeDays,
                PackSize
            ).With(BarcodeList.Normalize(BarcodeList.Named(Barcode, Barcodes), UnitType))
        );

    public bool NamesBarcodes() => Barcode is not null || Barcodes is { Count: > 0 };

    /// <summary>The errors in levels and barcodes; see <see cref="ProductRules"/>.</summary>
    public IReadOnlyList<(string Field, string Message)> Errors(ProductDetails? before) =>
        ProductRules.Errors(
            new ProductDetails(
                "",
                UnitType,
                MinStockLevel: MinStockLevel,
                MaxStockLevel: MaxStockLevel,
                ReorderPoint: ReorderPoint,
                Settings: Settings
            ),
            BarcodeList.Named(Barcode, Barcodes),
            Barcodes is null ? null : Barcode ?? "",
            before
        );

    public abstract class Validator<T> : AbstractValidator<T>
        where T : ProductFields
    {
        protected Validator()
        {
            RuleFor(c => c.Name).Name();
            RuleFor(c => c.UnitType).OneOf(UnitTypes.All);
            RuleForEach(c => c.Barcodes).NotNull().WithMessage("must be an object, not null");
            RuleFor(c => c.Description).MaxLength(2000);
            RuleFor(c => c.MinStockLevel).StockLevel();
            RuleFor(c => c.MaxStockLevel).StockLevel();
            RuleFor(c => c.ReorderPoint).StockLevel();
            RuleFor(c => c.CostPrice).UnitPrice();
            RuleFor(c => c.SellingPrice).UnitPrice();
            RuleFor(c => c.TaxRate)
                .Must(rate => rate is >= 0 and <= 100 && Quantities.HasDecimals(rate, 2))
                .WithMessage("must be a percentage from 0 to 100 with at most 2 decimals");
            RuleFor(c => c.LeadTimeDays).Days();
            RuleFor(c => c.PackSize!.Value).Positive().When(c => c.PackSize is not null).OverridePropertyName(nameof(PackSize));
            RuleFor(c => c.PackSize)
                .Must(
                    (c, size) =>
                        size is null
                        || decimal.Truncate(size.Value) == size
                        || !new ProductDetails("", c.UnitType, Settings: c.Settings).IsCounted
                )
                .WithMessage("must be a whole number: the product is counted");
            RuleFor(c => c.Settings == null ? null : c.Settings.Other).CustomFields().OverridePropertyName(nameof(Settings));
        }
    }
}
