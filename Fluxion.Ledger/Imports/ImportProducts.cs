using System.Text.Json;
using System.Text.Json.Nodes;
using Fluxion.Ledger.Access;
using Fluxion.Ledger.Catalog;
using Fluxion.Ledger.Http;
using Fluxion.Ledger.Stock;
using Fluxion.Ledger.Time;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Wolverine.Http;

namespace Fluxion.Ledger.Imports;

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
                var json = http.JsonOptions();
                var rows = import.File.Rows;
                if (rows.Any(row => row.Has("isActive")))
                    await Deactivation.AcquireLock(ledger, ct);
                var found = await ledger.Find<Product>(rows.Select(row => row.TrimmedText("sku")).OfType<string>(), ct);
                var products = await ledger.Lock<Product>([.. found.Values.Select(product => product.Id)], create: false, ct);
                var categories = await ledger.Find<Category>(rows.Select(row => row.TrimmedText("category")).OfType<string>(), ct);
                var suppliers = await ledger.Find<Supplier>(rows.Select(row => row.TrimmedText("supplier")).OfType<string>(), ct);
                await CheckIds(ledger, rows, found, ct);
                await CheckTimes(ledger, rows, found, ct);
                var exported = await Exported(ledger, rows, found, ct);

                var decided = new List<(Guid Id, IReadOnlyList<object> Events, bool IsNew)>();
                var lines = new Dictionary<string, int>();
                var claims = new List<(CsvRow Row, BarcodeClaim Claim)>();
                foreach (var row in import.Rows())
                {
                    var errors = import.File.ErrorCount;
                    var reference = row.TrimmedText("sku") ?? "";
                    if (import.File.ErrorCount > errors)
                        continue;
                    var product = found.TryGetValue(reference, out var known) ? products[known.Id] : null;
                    var sku = product?.Code ?? Codes.Normalize(reference);
                    if (sku.Length > 0 && !lines.TryAdd(sku, row.Line))
                        row.AddError("sku", $"appears more than once: {sku} is in line {lines[sku]} too");

                    var before = product is null ? null : exported.GetValueOrDefault(product.Id, product);
                    var said = Read(row, before, categories, suppliers, json);
                    if (import.File.ErrorCount > errors)
                    {
                        // a row with errors is validated all the same, so that one answer reports all errors
                        row.Check(CreateProduct.Validator.Validate(validator, CreateProduct.From(sku, said.Details), product));
                        continue;
                    }
                    if ((product is null ? said : Merge(row, said, before!, product)) is not { } wanted)
                        continue;
                    claims.Add((row, new BarcodeClaim(sku, BarcodeList.From(wanted.Details), product, wanted.IsActive)));
                    if (Decide(product, sku, wanted.Details, wanted.IsActive) is not { Count: > 0 } events)
                        continue;
                    if (!row.Check(CreateProduct.Validator.Validate(validator, CreateProduct.From(sku, wanted.Details), product)))
                        continue;
                    if (Refuse(row, wanted.Details, product, categories, suppliers) is { } refusal)
                        row.AddError(null, refusal.Message);
                    decided.Add((product?.Id ?? Guid.CreateVersion7(ledger.Now), events, product is null));
                }
                foreach (var taken in await UniqueBarcodes.Conflicts(ledger, barcodes, [.. claims.Select(c => c.Claim)], ct))
                foreach (var conflict in taken)
                    claims[taken.Key].Row.AddError("barcode", UniqueBarcodes.Message(conflict));
                await RefuseDeactivations(ledger, documents, rows, decided, lines, ct);
                if (import.File.Problem is { } problem)
                    return problem;
                foreach (var (id, events, _) in decided)
                    ledger.Append<Product>(id, events);
                return import.Done(decided.Count(d => d.IsNew), decided.Count(d => !d.IsNew));
            }
        );

    /// <summary>Adds an error to the row of each product to deactivate that has open documents.</summary>
    private static async Task RefuseDeactivations(
        LedgerSession ledger,
        IStockDocuments documents,
        IReadOnlyList<CsvRow> rows,
        List<(Guid Id, IReadOnlyList<object> Events, bool IsNew)> decided,
        Dictionary<string, int> lines,
        CancellationToken ct
    )
    {
        var deactivated = decided.Where(d => !d.IsNew && d.Events.Any(e => e is ProductDeactivated)).Select(d => d.Id).ToList();
        if (deactivated.Count == 0)
            return;
        var open = await documents.Open(ledger, deactivated, ct);
        var skus = await ledger.Find<Product>(open.Select(of => of.Key.ToString()), ct);
        foreach (var of in open)
        {
            var sku = skus[of.Key.ToString()].Code;
            rows.First(row => row.Line == lines[sku]).AddError("isActive", Deactivation.Refuse("product", sku, of)!.Message);
        }
    }

    /// <summary>The events that make a product (null: a new one) equal to its row; none when it is equal already.</summary>
    public static IReadOnlyList<object> Decide(Product? product, string sku, ProductDetails details, bool isActive)
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
        IReadOnlyDictionary<string, Product> found,
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
                && found.GetValueOrDefault(row.TrimmedText("sku") ?? "")?.Id != other.Id
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
        IReadOnlyDictionary<string, Product> found,
        CancellationToken ct
    )
    {
        var dated = new List<(CsvRow Row, Guid Id, long Version, DateTimeOffset? CreatedAt, DateTimeOffset? UpdatedAt)>();
        foreach (var row in rows)
        {
            var product = found.GetValueOrDefault(row.TrimmedText("sku") ?? "");
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
        IReadOnlyDictionary<string, Product> found,
        CancellationToken ct
    )
    {
        var versions = new Dictionary<Guid, long>();
        foreach (var row in rows)
        {
            if (
                row.WholeNumber("version") is not { } version
                || row.TrimmedText("sku") is not { } sku
                || !found.TryGetValue(sku, out var product)
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
    private static (ProductDetails Details, bool IsActive) Read(
        CsvRow row,
        Product? product,
        IReadOnlyDictionary<string, Category> categories,
        IReadOnlyDictionary<string, Supplier> suppliers,
        JsonSerializerOptions json
    )
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
            CategoryId: Or("category", Named(row, "category", categories)?.Id, before.CategoryId),
            SupplierId: Or("supplier", Named(row, "supplier", suppliers)?.Id, before.SupplierId),
            MinStockLevel: Number("minStockLevel", before.MinStockLevel),
            MaxStockLevel: Or("maxStockLevel", row.Number("maxStockLevel"), before.MaxStockLevel),
            ReorderPoint: Number("reorderPoint", before.ReorderPoint),
            CostPrice: Price("costPrice", before.CostPrice),
            SellingPrice: Price("sellingPrice", before.SellingPrice),
            TaxRate: Number("taxRate", before.TaxRate),
            Settings: Or("settings", row.Json<ProductSettings>("settings", json), before.Settings),
            LeadTimeDays: Or("leadTimeDays", row.WholeNumber("leadTimeDays"), before.LeadTimeDays),
            PackSize: Or("packSize", row.Number("packSize"), before.PackSize)
        );
        details = details.With(Barcodes(row, details, before, json));
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
    private static Refusal? Refuse(
        CsvRow row,
        ProductDetails wanted,
        Product? product,
        IReadOnlyDictionary<string, Category> categories,
        IReadOnlyDictionary<string, Supplier> suppliers
    ) =>
        new ProductReferences(
            Named(row, "category", categories) is { } category && category.Id == wanted.CategoryId ? category : null,
            Named(row, "supplier", suppliers) is { } supplier && supplier.Id == wanted.SupplierId ? supplier : null,
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
