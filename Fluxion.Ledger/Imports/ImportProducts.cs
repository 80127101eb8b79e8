using System.ComponentModel;
using System.Text.Json;
using FluentValidation;
using Fluxion.Ledger.Access;
using Fluxion.Ledger.Catalog;
using Fluxion.Ledger.Commands;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Wolverine.Http;

namespace Fluxion.Ledger.Imports;

public static class ImportProductsEndpoint
{
    public static readonly CsvColumns Columns = new(["sku"],
        ["name", "barcode", "barcodes", "description", "category", "supplier", "unitType", "minStockLevel", "maxStockLevel", "reorderPoint", "costPrice", "sellingPrice", "taxRate", "leadTimeDays", "packSize", "settings", "isActive"],
        ["id", "version", "createdAt", "updatedAt"]);

    [WolverinePost("/api/{tenant}/imports/products", Name = "Import products"), Authorize(Roles.Manager), Tags("Imports"), RequestSizeLimit(Import.MaxBytes)]
    [EndpointSummary("Add and change products from a CSV file, as their list is exported")]
    [EndpointDescription("Up to 50,000 rows in one transaction, all or none. A sku that exists is changed: a column that the file lacks keeps what is, an empty field empties it. Refused: 400 with every wrong row by its line. dryRun=true checks everything and writes nothing. With Accept: application/x-ndjson the answer is a line of progress each second, and at the end one with status and receipt or problem.")]
    [ProducesResponseType<ImportReceipt>(200)]
    [CsvExample("sku,name,unitType,category,costPrice,sellingPrice,taxRate\nARR904,Arroz Integral 1 kg,unit,DESPENSA,1.10,1.65,16\nARR905,Arroz Jazmín 1 kg,unit,DESPENSA,1.60,2.30,16\n")]
    public static Task<IResult> Post(
        [Description("point (when left out) or comma: what numbers have before their decimals")] string? decimals, bool? dryRun,
        [NotBody] LedgerSession ledger, HttpContext http, IValidator<CreateProduct> validator, [NotBody] IBarcodeIndex barcodes) =>
        Import.Run(ledger, http, Columns, decimals, dryRun, async (import, ct) =>
        {
            await ledger.TakeTurn(UniqueBarcodes.Turn, ct);
            var json = http.JsonOptions();
            var rows = import.File.Rows;
            var found = await ledger.Find<Product>(rows.Select(row => row.Text("sku")).OfType<string>(), ct);
            var products = await ledger.Lock<Product>([.. found.Values.Select(product => product.Id)], create: false, ct);
            var categories = await ledger.Find<Category>(rows.Select(row => row.Text("category")).OfType<string>(), ct);
            var suppliers = await ledger.Find<Supplier>(rows.Select(row => row.Text("supplier")).OfType<string>(), ct);

            var decided = new List<(Guid Id, IReadOnlyList<object> Events, bool IsNew)>();
            var lines = new Dictionary<string, int>();
            var claims = new List<(CsvRow Row, BarcodeClaim Claim)>();
            foreach (var row in import.Rows())
            {
                var sku = Codes.Normalize(row.Text("sku") ?? "");
                var product = found.TryGetValue(row.Text("sku") ?? "", out var known) ? products[known.Id] : null;
                if (product is not null) sku = product.Code;
                if (sku.Length > 0 && !lines.TryAdd(sku, row.Line)) row.Wrong("sku", $"{sku} is in line {lines[sku]} already");
                var isActive = row.Flag("isActive") ?? product?.IsActive ?? true;
                if (Fields(row, sku, product, json) is not { } fields || !row.Check(CreateProduct.Validator.Validate(validator, fields, product))) continue;
                if (Named(row, "category", categories, out var category) & Named(row, "supplier", suppliers, out var supplier))
                {
                    var wanted = fields.With(category, supplier);
                    if (product is not null && !row.Has("category")) wanted = wanted with { Details = wanted.Details with { CategoryId = product.Details.CategoryId } };
                    if (product is not null && !row.Has("supplier")) wanted = wanted with { Details = wanted.Details with { SupplierId = product.Details.SupplierId } };
                    claims.Add((row, new BarcodeClaim(sku, BarcodeList.Of(wanted.Details), product, isActive)));
                    if (wanted.Refuse(product) is { } refusal) row.Wrong(null, refusal.Detail!);
                    else if (Decide(product, sku, wanted.Details, isActive) is { Count: > 0 } events)
                        decided.Add((product?.Id ?? Guid.CreateVersion7(ledger.Now), events, product is null));
                }
            }
            foreach (var taken in await UniqueBarcodes.Conflicts(ledger, barcodes, [.. claims.Select(c => c.Claim)], ct))
                foreach (var conflict in taken) claims[taken.Key].Row.Wrong("barcode", UniqueBarcodes.Says(conflict));
            if (import.File.Problem is { } problem) return problem;
            foreach (var (id, events, _) in decided) ledger.Append<Product>(id, events);
            return import.Done(decided.Count(d => d.IsNew), decided.Count(d => !d.IsNew));
        });

    /// <summary>What happens to a product (null: a new one) so that it becomes what the row says; nothing when it is that already.</summary>
    public static IReadOnlyList<object> Decide(Product? product, string sku, ProductDetails details, bool isActive)
    {
        var events = new List<object>();
        if (product is null) events.Add(new ProductCreated(sku, details));
        else if (!CatalogEntry.Same(Whole(product.Details), Whole(details))) events.Add(new ProductChanged(details));
        if (isActive != (product?.IsActive ?? true)) events.Add(isActive ? new ProductActivated() : new ProductDeactivated());
        return events;
    }

    /// <summary>With the policy that a product without settings has: an export says it of that too.</summary>
    private static ProductDetails Whole(ProductDetails details) => details with { Settings = details.Settings ?? new ProductSettings() };

    /// <summary>The row over what the product has; null when something in it cannot be read.</summary>
    private static CreateProduct? Fields(CsvRow row, string sku, Product? product, JsonSerializerOptions json)
    {
        var (errors, before) = (row.File.Wrongs, product?.Details ?? new ProductDetails("", "unit"));
        T Or<T>(string column, T? value, T kept, T none = default!) => !row.Has(column) ? kept : value ?? none;
        decimal Number(string column, decimal kept) => row.Has(column) ? row.Number(column) ?? 0 : kept;
        // of several barcodes a file that knows but one says which is the first
        var first = row.Has("barcode") ? row.Text("barcode") : before.Barcode;
        var others = before.Barcodes is { } known && !row.Has("barcodes") ? BarcodeList.WithFirst(known, first) : null;
        var fields = new CreateProduct
        {
            Sku = sku,
            Name = Or("name", row.Text("name"), before.Name, ""),
            UnitType = Or("unitType", row.Text("unitType"), before.UnitType, "unit"),
            Barcode = row.Has("barcode") || !row.Has("barcodes") ? first : null,
            Barcodes = row.Has("barcodes") ? row.Json<IReadOnlyList<ProductBarcode>>("barcodes", json) : others,
            Description = Or("description", row.Text("description"), before.Description),
            MinStockLevel = Number("minStockLevel", before.MinStockLevel),
            MaxStockLevel = row.Has("maxStockLevel") ? row.Number("maxStockLevel") : before.MaxStockLevel,
            ReorderPoint = Number("reorderPoint", before.ReorderPoint),
            CostPrice = Number("costPrice", before.CostPrice),
            SellingPrice = Number("sellingPrice", before.SellingPrice),
            TaxRate = Number("taxRate", before.TaxRate),
            LeadTimeDays = row.Has("leadTimeDays") ? row.Whole("leadTimeDays") : before.LeadTimeDays,
            PackSize = row.Has("packSize") ? row.Number("packSize") : before.PackSize,
            Settings = row.Has("settings") ? row.Json<ProductSettings>("settings", json) : before.Settings,
        };
        return row.File.Wrongs == errors ? fields : null;
    }

    /// <summary>What the column names, if it names anything; false when there is no such thing.</summary>
    private static bool Named<T>(CsvRow row, string column, IReadOnlyDictionary<string, T> known, out T? named) where T : class
    {
        named = row.Text(column) is { } reference ? known.GetValueOrDefault(reference) : null;
        if (row.Text(column) is not { } missing || named is not null) return true;
        row.Wrong(column, Unknown.Says(column, missing));
        return false;
    }
}
