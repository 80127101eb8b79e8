using System.Text.Json;
using System.Text.Json.Nodes;
using Fluxion.Ledger.Catalog;
using Fluxion.Ledger.Stock;
using Fluxion.Ledger.Time;

namespace Fluxion.Ledger.Imports;

/// <summary>A row, and the events that make its product equal to it; none when it is equal already or the row has errors.</summary>
/// <param name="Before">The present product; null for a new one.</param>
public sealed record ProductChange(CsvRow Row, Product? Before, BarcodeClaim Claim, IReadOnlyList<object> Events);

/// <summary>All that the decision on a file of products reads.</summary>
/// <param name="Products">The locked products by their skus, as the file spells them.</param>
/// <param name="Exported">The exported states of products that have changed since the export.</param>
public sealed record ImportedProducts(
    IReadOnlyDictionary<string, Product> Products,
    IReadOnlyDictionary<Guid, Product> Exported,
    IReadOnlyDictionary<string, Category> Categories,
    IReadOnlyDictionary<string, Supplier> Suppliers,
    JsonSerializerOptions Json
);

public static class ImportProductsEndpoint
{
    public static readonly CsvColumns Columns = new(
        ["sku"],
        [
            "name",
            "barcode",
            "barcodes",
            "description",
            "category",
            "supplier",
            "unitType",
            "minStockLevel",
            "maxStockLevel",
            "reorderPoint",
            "costPrice",
            "sellingPrice",
            "taxRate",
            "leadTimeDays",
            "packSize",
            "settings",
            "isActive",
            "version",
        ],
        ["id", "createdAt", "updatedAt"]
    );

    [
        WolverinePost("/api/{tenant}/imports/products", Name = "Import products"),
        Authorize(Roles.Manager),
        Tags("Imports"),
        RequestSizeLimit(Import.MaxBytes),
        HeavyWork(HeavyWork.Import)
    ]
    [EndpointSummary("Import products from a CSV file")]
    [EndpointDescription(
        "Adds and changes products from a file in the format of their export: up to 50,000 rows in one transaction, "
            + "all or none. A row with a known sku changes that product. "
            + "A column that the file lacks leaves its values unchanged. "
            + "An empty field empties barcode, barcodes, description, category, supplier, maxStockLevel, leadTimeDays, "
            + "packSize and settings. It leaves all other fields unchanged, such as prices. "
            + "version is the row's version at its export. "
            + "Changes that others made since then stay, and a field that both changed is refused. "
            + "dryRun=true checks everything and writes nothing. "
            + "With Accept: application/x-ndjson, the answer has a line of progress each second. "
            + "Its last line has the status and the receipt or problem. "
            + "Refused with 400: every wrong row, by its line."
    )]
    [ProducesResponseType<ImportReceipt>(200)]
    [CsvExample(
        "sku,name,unitType,category,costPrice,sellingPrice,taxRate\n"
            + "ARR904,Arroz Integral 1 kg,unit,DESPENSA,1.10,1.65,16\n"
            + "ARR905,Arroz Jazmín 1 kg,unit,DESPENSA,1.60,2.30,16\n"
    )]
    public static Task<IResult> Post(
        [Description("Decimal separator of numbers: point or comma. Default: point")] string? decimals,
        bool? dryRun,
        [NotBody] LedgerSession ledger,
        HttpContext http,
        IValidator<CreateProduct> validator,
        [NotBody] IBarcodeIndex barcodes,
        [NotBody] IStockDocuments documents
    ) =>
        Import.Run(
            ledger,
            http,
            Columns,
            decimals,
            dryRun,
            async (import, ct) =>
            {
                await ledger.AcquireLock(UniqueBarcodes.LockName, ct);
                var context = await Load(ledger, import.File.Rows, http.JsonOptions(), ct);
                var changes = Changes(import.Rows(), context, validator);
                await RefuseBarcodes(ledger, barcodes, changes, ct);
                await RefuseDeactivations(ledger, documents, changes, ct);
                return ledger.Append(
                    Decide(import.File, changes, [.. changes.Select(_ => Guid.CreateVersion7(ledger.Now))]),
                    _ => import.Done(changes.Count(c => c.Before is null), changes.Count(c => c is { Before: not null, Events.Count: > 0 }))
                );
            }
        );

    /// <summary>Finds and locks what the rows name. Adds errors to rows that contradict the ledger's record of their product.</summary>
    private static async Task<ImportedProducts> Load(
        LedgerSession ledger,
        IReadOnlyList<CsvRow> rows,
        JsonSerializerOptions json,
        CancellationToken ct
    )
    {
        if (rows.Any(row => row.Has("isActive")))
            await Deactivation.AcquireLock(ledger, ct);
        var found = await ledger.Find<Product>(rows.Select(row => row.TrimmedText("sku")).OfType<string>(), ct);
        var locked = await ledger.Lock<Product>([.. found.Values.Select(product => product.Id)], create: false, ct);
        IReadOnlyDictionary<string, Product> products = found.ToDictionary(named => named.Key, named => locked[named.Value.Id]!);
        var categories = await ledger.Find<Category>(rows.Select(row => row.TrimmedText("category")).OfType<string>(), ct);
        var suppliers = await ledger.Find<Supplier>(rows.Select(row => row.TrimmedText("supplier")).OfType<string>(), ct);
        await CheckIds(ledger, rows, products, ct);
        await CheckTimes(ledger, rows, products, ct);
        return new(products, await Exported(ledger, rows, products, ct), categories, suppliers, json);
    }

    /// <summary>The changes of all rows that can be read. Every error is added to its row.</summary>
    public static IReadOnlyList<ProductChange> Changes(
        IEnumerable<CsvRow> rows,
        ImportedProducts context,
        IValidator<CreateProduct> validator
    )
    {
        var (changes, lines) = (new List<ProductChange>(), new Dictionary<string, int>());
        foreach (var row in rows)
        {
            var errors = row.File.ErrorCount;
            var reference = row.TrimmedText("sku") ?? "";
            if (row.File.ErrorCount > errors)
                continue;
            var product = context.Products.GetValueOrDefault(reference);
            var sku = product?.Code ?? Codes.Normalize(reference);
            if (sku.Length > 0 && !lines.TryAdd(sku, row.Line))
                row.AddError("sku", $"appears more than once: {sku} is in line {lines[sku]} too");

            var before = product is null ? null : context.Exported.GetValueOrDefault(product.Id, product);
            var said = Read(row, before, context);
            bool Check(ProductDetails details) =>
                row.Check(CreateProduct.Validator.Validate(validator, CreateProduct.From(sku, details), product));
            if (row.File.ErrorCount > errors)
            {
                // a row with errors is validated all the same, so that one answer reports all errors
                Check(said.Details);
                continue;
            }
            if ((product is null ? said : Merge(row, said, before!, product)) is not { } wanted)
                continue;
            var events = Events(product, sku, wanted.Details, wanted.IsActive);
            if (events.Count > 0 && !Check(wanted.Details))
                events = [];
            if (events.Count > 0 && Refuse(row, wanted.Details, product, context) is { } refusal)
                row.AddError(null, refusal.Message);
            changes.Add(new(row, product, new(sku, BarcodeList.From(wanted.Details), product, wanted.IsActive), events));
        }
        return changes;
    }

    /// <summary>Accepts all changes, or refuses them with every error of the file.</summary>
    /// <param name="newIds">An id for each change, which a new product gets.</param>
    public static Decision Decide(CsvFile file, IReadOnlyList<ProductChange> changes, IReadOnlyList<Guid> newIds) =>
        file.Problem is { } problem
            ? problem
            : Decision.Accept([
                .. changes.Zip(newIds, (change, newId) => DocumentEvents.Of<Product>(change.Before?.Id ?? newId, change.Events)),
            ]);

    /// <summary>Adds an error to the row of each product with a barcode of another active product.</summary>
    private static async Task RefuseBarcodes(
        LedgerSession ledger,
        IBarcodeIndex barcodes,
        IReadOnlyList<ProductChange> changes,
        CancellationToken ct
    )
    {
        foreach (var taken in await UniqueBarcodes.Conflicts(ledger, barcodes, [.. changes.Select(change => change.Claim)], ct))
        foreach (var conflict in taken)
            changes[taken.Key].Row.AddError("barcode", UniqueBarcodes.Message(conflict));
    }

    /// <summary>Adds an error to the row of each product to deactivate that has open documents.</summary>
    private static async Task RefuseDeactivations(
        LedgerSession ledger,
        IStockDocuments documents,
        IReadOnlyList<ProductChange> changes,
        CancellationToken ct
    )
    {
        var deactivated = changes.Where(c => c.Before is not null && c.Events.Any(e => e is ProductDeactivated)).ToList();
        if (deactivated.Count == 0)
            return;
        var open = await documents.Open(ledger, [.. deactivated.Select(change => change.Before!.Id)], ct);
        foreach (var (row, product, _, _) in deactivated)
            if (Deactivation.Refuse("product", product!.Code, open[product.Id]) is { } refusal)
                row.AddError("isActive", refusal.Message);
    }

    /// <summary>The events that make a product (null: a new one) equal to its row; none when it is equal already.</summary>
    private static List<object> Events(Product? product, string sku, ProductDetails details, bool isActive)
    {
        var events = new List<object>();
        if (product is null)
            events.Add(new ProductCreated(sku, details));
        else if (!CatalogEntry.AreEqual(WithDefaults(product.Details), WithDefaults(details)))
            events.Add(new ProductChanged(details));
        if (isActive != (product?.IsActive ?? true))
            events.Add(isActive ? new ProductActivated() : new ProductDeactivated());
        return events;
    }

    /// <summary>The details with default settings in place of none, because an export writes the defaults.</summary>
    private static ProductDetails WithDefaults(ProductDetails details) =>
        details with
        {
            Settings = details.Settings ?? new ProductSettings(),
        };

    /// <summary>
    /// Adds an error to a row whose id belongs to a product with another sku: a spreadsheet may have dropped the zeros of the sku.
    /// </summary>
    private static async Task CheckIds(
        LedgerSession ledger,
        IReadOnlyList<CsvRow> rows,
        IReadOnlyDictionary<string, Product> products,
        CancellationToken ct
    )
    {
        var named = await ledger.Find<Product>(
            rows.Select(row => row.TrimmedText("id")).OfType<string>().Where(id => Guid.TryParse(id, out _)),
            ct
        );
        foreach (var row in rows)
        {
            if (
                row.TrimmedText("id") is { } id
                && named.GetValueOrDefault(id) is { } other
                && products.GetValueOrDefault(row.TrimmedText("sku") ?? "")?.Id != other.Id
            )
                row.AddError("sku", $"must be {other.Code}, whose id the row has; leave id empty for another product");
        }
    }

    /// <summary>
    /// Adds an error to a row with times of creation or change that differ from those of its product. Rows from another system are exempt.
    /// </summary>
    private static async Task CheckTimes(
        LedgerSession ledger,
        IReadOnlyList<CsvRow> rows,
        IReadOnlyDictionary<string, Product> products,
        CancellationToken ct
    )
    {
        var dated = new List<(CsvRow Row, Guid Id, long Version, DateTimeOffset? CreatedAt, DateTimeOffset? UpdatedAt)>();
        foreach (var row in rows)
        {
            var product = products.GetValueOrDefault(row.TrimmedText("sku") ?? "");
            if (product is null || !row.IsEmptyOr("id", product.Id))
                row.AddColumnsNotTaken("id", "createdAt", "updatedAt");
            else if (
                (row.Time("createdAt", Zone.Utc), row.Time("updatedAt", Zone.Utc)) is var (created, updated)
                && (created ?? updated) is not null
            )
                dated.Add((row, product.Id, row.WholeNumber("version") ?? ledger.VersionOf(product.Id), created, updated));
        }
        var times = await ledger.RecordedAt(dated.SelectMany(r => new[] { (r.Id, 1L), (r.Id, r.Version) }), ct);
        foreach (var (row, id, version, created, updated) in dated)
        {
            Same("createdAt", created, 1);
            Same("updatedAt", updated, version);

            void Same(string column, DateTimeOffset? said, long at)
            {
                if (said is { } time && times.TryGetValue((id, at), out var recorded) && !PointsInTime.IsSameSecond(time, recorded))
                    row.AddError(column, CsvRow.ComputedByLedger);
            }
        }
    }

    /// <summary>
    /// The exported states of products that have changed since the export. A row with another id comes from another system and is skipped.
    /// </summary>
    private static async Task<IReadOnlyDictionary<Guid, Product>> Exported(
        LedgerSession ledger,
        IReadOnlyList<CsvRow> rows,
        IReadOnlyDictionary<string, Product> products,
        CancellationToken ct
    )
    {
        var versions = new Dictionary<Guid, long>();
        foreach (var row in rows)
        {
            if (
                row.WholeNumber("version") is not { } version
                || row.TrimmedText("sku") is not { } sku
                || !products.TryGetValue(sku, out var product)
            )
                continue;
            if (!row.IsEmptyOr("id", product.Id))
                continue; // from another system, or refused by CheckIds
            var current = ledger.VersionOf(product.Id);
            if (version < 1 || version > current)
                row.AddError("version", $"must be from 1 to {current}, the version of {product.Code}, or empty");
            else if (version < current)
                versions[product.Id] = version;
        }
        return await ledger.AtVersions<Product>(versions, ct);
    }

    /// <summary>Reads a row over the exported product (null: a new one). Each value that cannot be read adds an error to the row.</summary>
    private static (ProductDetails Details, bool IsActive) Read(CsvRow row, Product? product, ImportedProducts context)
    {
        var before = product?.Details ?? new ProductDetails("", "unit");
        T? Or<T>(string column, T? value, T? kept) => row.Has(column) ? value : kept;
        decimal Number(string column, decimal kept) => row.Number(column) ?? kept;
        decimal Price(string column, decimal kept)
        {
            if (product is null && row.File.Has(column) && row.Text(column) is null)
                row.AddError(column, "is required for a new product; enter 0 if it is free");
            return Number(column, kept);
        }
        var unitType = row.TrimmedText("unitType") ?? before.UnitType;
        var details = new ProductDetails(
            Name: row.Text("name")?.Trim() ?? before.Name,
            UnitType: unitType,
            Description: Or("description", row.Text("description"), before.Description),
            CategoryId: Or("category", Named(row, "category", context.Categories)?.Id, before.CategoryId),
            SupplierId: Or("supplier", Named(row, "supplier", context.Suppliers)?.Id, before.SupplierId),
            MinStockLevel: Number("minStockLevel", before.MinStockLevel),
            MaxStockLevel: Or("maxStockLevel", row.Number("maxStockLevel"), before.MaxStockLevel),
            ReorderPoint: Number("reorderPoint", before.ReorderPoint),
            CostPrice: Price("costPrice", before.CostPrice),
            SellingPrice: Price("sellingPrice", before.SellingPrice),
            TaxRate: Number("taxRate", before.TaxRate),
            Settings: Or("settings", row.Json<ProductSettings>("settings", context.Json), before.Settings),
            LeadTimeDays: Or("leadTimeDays", row.WholeNumber("leadTimeDays"), before.LeadTimeDays),
            PackSize: Or("packSize", row.Number("packSize"), before.PackSize)
        );
        details = details.With(Barcodes(row, details, before, context.Json));
        var isActive = row.Boolean("isActive") ?? product?.IsActive ?? true;
        return (details, isActive);
    }

    /// <summary>The barcodes of the row, merged with those that the product had.</summary>
    /// <param name="wanted">The other details in the row.</param>
    private static IReadOnlyList<ProductBarcode> Barcodes(
        CsvRow row,
        ProductDetails wanted,
        ProductDetails before,
        JsonSerializerOptions json
    )
    {
        var (first, list) = (row.TrimmedText("barcode"), row.Json<List<ProductBarcode>>("barcodes", json));
        if (list?.IndexOf(null!) is >= 0 and var empty)
        {
            row.AddError($"barcodes[{empty}]", "must be an object, not null");
            return [];
        }
        if (list is null && !row.Has("barcode"))
            return row.Has("barcodes") ? [] : BarcodeList.From(before);
        // a file without the column barcodes replaces only the first of several barcodes
        var named =
            list is null && !row.Has("barcodes") && before.Barcodes is { } known
                ? BarcodeList.WithFirst(known, first)
                : BarcodeList.Named(first, list);
        foreach (var (field, message) in ProductRules.BarcodeErrors(wanted, named, list is null ? null : first ?? "", before))
            row.AddError(field, message);
        return BarcodeList.Normalize(named, wanted.UnitType);
    }

    /// <summary>
    /// Merges three ways: a field has the row's value when the row changed it, else the product's present value.
    /// Returns null when both changed a field to different values.
    /// </summary>
    /// <param name="before">The product as it was exported.</param>
    private static (ProductDetails Details, bool IsActive)? Merge(
        CsvRow row,
        (ProductDetails Details, bool IsActive) said,
        Product before,
        Product now
    )
    {
        var errors = row.File.ErrorCount;
        var (theirs, old, current) = (
            Fields(said.Details, said.IsActive),
            Fields(before.Details, before.IsActive),
            Fields(now.Details, now.IsActive)
        );
        foreach (var (field, value) in old)
        {
            if (JsonNode.DeepEquals(theirs[field], value))
                theirs[field] = current[field]?.DeepClone();
            else if (!JsonNode.DeepEquals(current[field], value) && !JsonNode.DeepEquals(current[field], theirs[field]))
                row.AddError(
                    Column(field),
                    "must be as exported: the file changes it, and somebody else has changed it since. Export it again"
                );
        }
        if (row.File.ErrorCount > errors)
            return null;
        var merged = theirs.Deserialize<ProductDetails>()!;
        return (merged.With(merged.Barcodes ?? []), theirs[nameof(Product.IsActive)]!.GetValue<bool>());

        static JsonObject Fields(ProductDetails details, bool isActive)
        {
            var fields = JsonSerializer.SerializeToNode(WithDefaults(details))!.AsObject();
            foreach (var optional in (string[])[nameof(ProductDetails.LeadTimeDays), nameof(ProductDetails.PackSize)])
                fields.TryAdd(optional, null);
            fields.Remove(nameof(ProductDetails.Barcode));
            fields[nameof(ProductDetails.Barcodes)] = JsonSerializer.SerializeToNode(BarcodeList.From(details));
            fields[nameof(Product.IsActive)] = isActive;
            return fields;
        }

        static string Column(string field) =>
            field switch
            {
                nameof(ProductDetails.CategoryId) => "category",
                nameof(ProductDetails.SupplierId) => "supplier",
                _ => JsonNamingPolicy.CamelCase.ConvertName(field),
            };
    }

    /// <summary>The refusal of a change, as for the command that changes one product.</summary>
    private static Refusal? Refuse(CsvRow row, ProductDetails wanted, Product? product, ImportedProducts context) =>
        new ProductReferences(
            Named(row, "category", context.Categories) is { } category && category.Id == wanted.CategoryId ? category : null,
            Named(row, "supplier", context.Suppliers) is { } supplier && supplier.Id == wanted.SupplierId ? supplier : null,
            wanted
        ).Refuse(product);

    /// <summary>
    /// The entry that a column names; null when the field is empty, or with an error of the row when the entry does not exist.
    /// </summary>
    private static T? Named<T>(CsvRow row, string column, IReadOnlyDictionary<string, T> known)
        where T : class
    {
        if (row.TrimmedText(column) is not { } reference)
            return null;
        var named = known.GetValueOrDefault(reference);
        if (named is null)
            row.AddError(column, Refusal.NotFoundMessage(column, reference));
        return named;
    }
}
