using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using FluentValidation;
using Fluxion.Ledger.Access;
using Fluxion.Ledger.Decisions;
using Fluxion.Ledger.Http;
using Fluxion.Ledger.Session;
using Fluxion.Ledger.Stock;
using Fluxion.Ledger.Validation;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Wolverine.Http;

namespace Fluxion.Ledger.Catalog;

/// <summary>The fields of a product, in its creation and in changes.</summary>
public abstract record ProductFields
{
    [Required]
    public string Name { get; init; } = "";

    [Description(
        "unit, kg, liter, meter, box or case; unit, box and case are counted in whole numbers, unless settings.allowFraction says otherwise"
    )]
    public string UnitType { get; init; } = "unit";

    [TextFormat(ProductBarcode.Format), Description("Short for barcodes with one entry; beside barcodes their first one")]
    public string? Barcode { get; init; }

    [Description("At most 20. Where lines take a barcode, their quantity is in packs of it")]
    public IReadOnlyList<ProductBarcode>? Barcodes { get; init; }

    public string? Description { get; init; }

    [Description("Code or id of the category")]
    public string? Category { get; init; }

    [Description("Code or id of the usual supplier")]
    public string? Supplier { get; init; }

    [Description("The least that a store should have")]
    public decimal MinStockLevel { get; init; }

    [Description("The most that a store should have; not below minStockLevel or reorderPoint")]
    public decimal? MaxStockLevel { get; init; }

    [Description("Stock below this raises an alert; 0 for none")]
    public decimal ReorderPoint { get; init; }

    [Description("What one unit usually costs; a receipt without a cost takes it")]
    public decimal CostPrice { get; init; }

    public decimal SellingPrice { get; init; }

    [Description("Percent from 0 to 100: 16 for the Venezuelan IVA")]
    public decimal TaxRate { get; init; }

    public ProductSettings? Settings { get; init; }

    [Description("Days from an order to its goods, from 0 to 365; those of the supplier when left out")]
    public int? LeadTimeDays { get; init; }

    [Description("What one pack of the supplier holds: it is ordered in whole packs; any quantity when left out")]
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

/// <summary>Adds a product to the catalog.</summary>
[Example(
    """
        {
          "sku": "HEL001", "name": "Helado de Mantecado 1 L", "unitType": "unit", "category": "LACTEOS", "supplier": "SANTABARBARA",
          "barcodes": [{ "code": "7591007000016" }, { "code": "17591007000013", "unit": "case", "packQuantity": 12 }],
          "minStockLevel": 6, "maxStockLevel": 72, "reorderPoint": 12, "costPrice": 3.10, "sellingPrice": 4.50, "taxRate": 16,
          "leadTimeDays": 5, "packSize": 12, "settings": { "allowBackorder": false, "shelf": "F-3" }
        }
        """
)]
public sealed record CreateProduct : ProductFields
{
    [Required, TextFormat(Codes.Format), Description("Stock keeping unit, unique in the tenant, for example LAC001; kept in upper case")]
    public string Sku { get; init; } = "";

    /// <summary>
    /// The command that would create a product with these details. It omits category and supplier, which the details name by id.
    /// It also omits the barcodes, because the details do not record whether their kind was given.
    /// </summary>
    public static CreateProduct From(string sku, ProductDetails details) =>
        new()
        {
            Sku = sku,
            Name = details.Name,
            UnitType = details.UnitType,
            Description = details.Description,
            MinStockLevel = details.MinStockLevel,
            MaxStockLevel = details.MaxStockLevel,
            ReorderPoint = details.ReorderPoint,
            CostPrice = details.CostPrice,
            SellingPrice = details.SellingPrice,
            TaxRate = details.TaxRate,
            Settings = details.Settings,
            LeadTimeDays = details.LeadTimeDays,
            PackSize = details.PackSize,
        };

    public sealed class Validator : Validator<CreateProduct>
    {
        private const string Before = "before";

        public Validator()
        {
            RuleFor(c => c.Sku).Code();
            RuleFor(c => c)
                .Custom(
                    (fields, context) =>
                    {
                        if (fields.Barcodes?.Contains(null!) == true)
                            return;
                        var before = context.RootContextData.TryGetValue(Before, out var known) ? known as ProductDetails : null;
                        foreach (var (field, message) in fields.Errors(before))
                            context.AddFailure(field, message);
                    }
                );
        }

        /// <summary>Validates the fields of a new or an existing product. A row of an import may be either.</summary>
        public static FluentValidation.Results.ValidationResult Validate(
            IValidator<CreateProduct> validator,
            CreateProduct fields,
            Product? product
        ) => validator.Validate(new ValidationContext<CreateProduct>(fields) { RootContextData = { [Before] = product?.Details! } });
    }
}

/// <summary>Sets all fields of a product except its sku.</summary>
[Example(
    """
        {
          "name": "Mantequilla con Sal 250 g", "unitType": "unit", "barcode": "7591234567924", "description": "Mantequilla de vaca", "category": "LACTEOS", "supplier": "SANTABARBARA",
          "minStockLevel": 7, "maxStockLevel": 90, "reorderPoint": 18, "costPrice": 1.95, "sellingPrice": 2.85, "taxRate": 16
        }
        """
)]
public sealed record ChangeProduct : ProductFields
{
    [Description("The version that was read; when it is given and no longer current, 409")]
    public long? Version { get; init; }

    public sealed class Validator : Validator<ChangeProduct>;
}

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
                $"{product.Code} is measured by the {product.Details.UnitType}, so there may be fractions of it: "
                    + $"it cannot be counted by the {Details.UnitType} from now on. Set settings.allowFraction, or add a product with another sku."
            )
            : null;
    }
}

public static class ProductEndpoints
{
    [WolverinePost("/api/{tenant}/products", Name = "Create product"), Authorize(Roles.Manager), Tags("Catalog")]
    [EndpointSummary("Add a product to the catalog")]
    [EndpointDescription(
        "Refused: 409 when the sku is taken, an active product has one of the barcodes (see conflicts) or category or supplier are deactivated, 404 when they do not exist, 400 for levels that contradict each other or a GTIN with a wrong check digit."
    )]
    [ProducesResponseType<CatalogReceipt>(201)]
    public static Task<IResult> Post(CreateProduct command, LedgerSession ledger, HttpContext http, IBarcodeIndex barcodes) =>
        ledger.Run(
            http,
            command,
            async ct =>
            {
                if (command.NamesBarcodes())
                    await ledger.AcquireLock(UniqueBarcodes.LockName, ct);
                var (product, problem) = await command.Resolve(ledger, ct);
                problem ??= product!.Refuse(null);
                if (problem is null && await ledger.Find<Product>(command.Sku, ct) is null) // a repeated request gets the 409 of its sku
                    problem = await UniqueBarcodes.Refuse(
                        ledger,
                        barcodes,
                        new(command.Sku, BarcodeList.From(product!.Details), Before: null, IsActive: true),
                        ct
                    );
                if (problem is not null)
                    return problem;
                return await CatalogEntry.Create<Product>(
                    ledger,
                    "product",
                    "products",
                    command.Sku,
                    sku => new ProductCreated(sku, product!.Details),
                    ct
                );
            }
        );

    [WolverinePut("/api/{tenant}/products/{id}", Name = "Change product"), Authorize(Roles.Manager), Tags("Catalog")]
    [EndpointSummary("Set all fields of a product anew")]
    [EndpointDescription(
        "What is left out is emptied. Refused: 404 when product, category or supplier do not exist, 409 when version is no longer current, a new category or supplier is deactivated, an active product has one of the barcodes (see conflicts), or what is measured would be counted, 400 as for a new product. What a product broke of those rules before there were any, it may keep."
    )]
    [ProducesResponseType<CatalogReceipt>(200)]
    public static Task<IResult> Put(
        [Example("LAC004")] string id,
        ChangeProduct command,
        LedgerSession ledger,
        HttpContext http,
        IBarcodeIndex barcodes
    ) =>
        ledger.Run(
            http,
            command,
            async ct =>
            {
                if (command.NamesBarcodes())
                    await ledger.AcquireLock(UniqueBarcodes.LockName, ct);
                var (changed, problem) = await command.Resolve(ledger, ct);
                if (problem is not null)
                    return problem;
                return await CatalogEntry.Change<Product>(
                    ledger,
                    "product",
                    id,
                    command.Version,
                    product => CatalogEntry.AreEqual(product.Details, changed!.Details) ? [] : [new ProductChanged(changed.Details)],
                    ct,
                    async product =>
                        ProductRules.Problem(command.Errors(product.Details))
                        ?? changed!.Refuse(product)
                        ?? await UniqueBarcodes.Refuse(
                            ledger,
                            barcodes,
                            new(product.Code, BarcodeList.From(changed!.Details), product, product.IsActive),
                            ct
                        )
                );
            }
        );

    [WolverinePost("/api/{tenant}/products/{id}/deactivate", Name = "Deactivate product"), Authorize(Roles.Manager), Tags("Catalog")]
    [EndpointSummary("Stop buying a product: what is left can still be issued")]
    [EndpointDescription(
        "Once more changes nothing. Refused: 404 when the product does not exist, 409 while something is open of it (see open): purchase orders that "
            + "have still to bring it, transfers, reservations."
    )]
    [ProducesResponseType<CatalogReceipt>(200)]
    public static Task<IResult> Deactivate(
        [Example("LAC004")] string id,
        [NotBody] LedgerSession ledger,
        HttpContext http,
        IStockDocuments documents
    ) =>
        ledger.Run(
            http,
            id,
            ct => Deactivation.Apply<Product>(ledger, documents, "product", id, product => product.IsActive, new ProductDeactivated(), ct)
        );

    [WolverinePost("/api/{tenant}/products/{id}/activate", Name = "Activate product"), Authorize(Roles.Manager), Tags("Catalog")]
    [EndpointSummary("Buy a deactivated product again")]
    [EndpointDescription(
        "Once more changes nothing. Refused: 404 when the product does not exist, 409 when an active product has got one of its barcodes meanwhile (see conflicts)."
    )]
    [ProducesResponseType<CatalogReceipt>(200)]
    public static Task<IResult> Activate(
        [Example("LAC004")] string id,
        [NotBody] LedgerSession ledger,
        HttpContext http,
        [NotBody] IBarcodeIndex barcodes
    ) =>
        ledger.Run(
            http,
            id,
            async ct =>
            {
                await ledger.AcquireLock(UniqueBarcodes.LockName, ct);
                return await CatalogEntry.Change<Product>(
                    ledger,
                    "product",
                    id,
                    null,
                    product => product.IsActive ? [] : [new ProductActivated()],
                    ct,
                    product =>
                        UniqueBarcodes.Refuse(
                            ledger,
                            barcodes,
                            new(product.Code, BarcodeList.From(product.Details), product, IsActive: true),
                            ct
                        )
                );
            }
        );
}
