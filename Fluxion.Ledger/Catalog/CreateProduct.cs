using System.ComponentModel.DataAnnotations;

namespace Fluxion.Ledger.Catalog;

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

public static class CreateProductEndpoint
{
    /// <param name="wanted">The details, with the category and supplier that they name.</param>
    /// <param name="sku">The sku in upper case.</param>
    /// <param name="conflicts">The barcodes that other active products have.</param>
    public static Decision Decide(ProductReferences wanted, Guid id, string sku, IReadOnlyList<BarcodeConflict> conflicts)
    {
        if (wanted.Refuse(null) is { } refusal)
            return refusal;
        if (conflicts.Count > 0)
            return UniqueBarcodes.Taken(conflicts);
        return Decision.Accept(DocumentEvents.Of<Product>(id, new ProductCreated(sku, wanted.Details)));
    }

    [WolverinePost("/api/{tenant}/products", Name = "Create product"), Authorize(Roles.Manager), Tags("Catalog")]
    [EndpointSummary("Add a product to the catalog")]
    [EndpointDescription(
        "The product is active at once. "
            + "Refused with 404: an unknown category or supplier; "
            + "409: a sku that is taken, a barcode of an active product (see conflicts), "
            + "or a deactivated category or supplier; "
            + "400: levels that contradict each other, or a GTIN with a wrong check digit."
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
                var (wanted, problem) = await command.Resolve(ledger, ct);
                if (wanted is null)
                    return problem!;
                var claim = new BarcodeClaim(command.Sku, BarcodeList.From(wanted.Details), Before: null, IsActive: true);
                return await CatalogEntry.Create<Product>(
                    ledger,
                    "product",
                    "products",
                    command.Sku,
                    async (id, sku) => Decide(wanted, id, sku, await UniqueBarcodes.Conflicts(ledger, barcodes, claim, ct)),
                    ct
                );
            }
        );
}
