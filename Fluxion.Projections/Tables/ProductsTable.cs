using System.Text.Json.Serialization;
using Fluxion.Ledger.Catalog;
using Fluxion.Projections.Writing;

namespace Fluxion.Projections.Tables;

/// <summary>The table products: the catalog.</summary>
public sealed class ProductsTable : IReadModel
{
    private static readonly Table<(Product State, Change Last)> Table = new Table<(Product State, Change Last)>("products", "id")
        .Add("id", "uuid", r => r.State.Id)
        .Add("sku", "text", r => r.State.Code)
        .Add("barcode", "text", r => r.State.Details.Barcode)
        .Add("name", "text", r => r.State.Details.Name)
        .Add("description", "text", r => r.State.Details.Description)
        .Add("category_id", "uuid", r => r.State.Details.CategoryId)
        .Add("supplier_id", "uuid", r => r.State.Details.SupplierId)
        .Add("unit_type", "text", r => r.State.Details.UnitType)
        .Add("min_stock_level", "numeric", r => r.State.Details.MinStockLevel)
        .Add("max_stock_level", "numeric", r => r.State.Details.MaxStockLevel)
        .Add("reorder_point", "numeric", r => r.State.Details.ReorderPoint)
        .Add("cost_price", "numeric", r => r.State.Details.CostPrice)
        .Add("selling_price", "numeric", r => r.State.Details.SellingPrice)
        .Add("tax_rate", "numeric", r => r.State.Details.TaxRate)
        .AddText("settings", "jsonb", r => Json.Text(r.State.Details.Settings))
        .Add("lead_time_days", "integer", r => r.State.Details.LeadTimeDays)
        .Add("pack_size", "numeric", r => r.State.Details.PackSize)
        .Add("is_active", "boolean", r => r.State.IsActive)
        .Add("version", "bigint", r => r.Last.Event.Version)
        .AddOnce("created_at", "timestamptz", r => r.Last.RecordedAt())
        .Add("updated_at", "timestamptz", r => r.Last.RecordedAt());

    public void Write(IReadOnlyList<Change> changes, IRowWriter rows) => rows.Write(Table, changes.Latest<Product>());
}

/// <param name="Kind">gtin or internal.</param>
/// <param name="Unit">The unit that has the barcode: unit, kg, liter, meter, box or case.</param>
/// <param name="PackQuantity">The quantity, in the product's unit, that one scan stands for.</param>
public sealed record BarcodeRow(string Code, string Kind, string Unit, decimal PackQuantity);

/// <param name="Barcode">The product's first barcode.</param>
/// <param name="Scanned">The barcode that was looked up; omitted if there was no lookup.</param>
public sealed record ProductRow(
    Guid Id,
    string Sku,
    string? Barcode,
    string Name,
    string? Description,
    string? Category,
    string? Supplier,
    string UnitType,
    decimal MinStockLevel,
    decimal? MaxStockLevel,
    decimal ReorderPoint,
    decimal CostPrice,
    decimal SellingPrice,
    decimal TaxRate,
    int? LeadTimeDays,
    decimal? PackSize,
    ProductSettings Settings,
    bool IsActive,
    long Version,
    DateTimeOffset CreatedAt,
    DateTimeOffset UpdatedAt,
    IReadOnlyList<BarcodeRow> Barcodes,
    [property: OmittedByDefault, JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] BarcodeRow? Scanned
)
{
    private const string BarcodeJson =
        "json_build_object('code', b.code, 'kind', b.kind, 'unit', coalesce(b.unit_type, p.unit_type), 'packQuantity', b.pack_quantity)";

    /// <summary>The select statement. $1 is the key of the barcode to look up, or null.</summary>
    public const string Select = $"""
        select p.id, p.sku, p.barcode, p.name, p.description, c.code as category, s.code as supplier, p.unit_type, p.min_stock_level,
               p.max_stock_level,
               p.reorder_point, p.cost_price, p.selling_price, p.tax_rate, p.lead_time_days, p.pack_size, p.settings, p.is_active,
               p.version, p.created_at, p.updated_at,
               (select coalesce(json_agg({BarcodeJson} order by b.position), '[]') from product_barcodes b
                where b.product_id = p.id and not b.is_removed) as barcodes,
               (select {BarcodeJson} from product_barcodes b
                where b.product_id = p.id and not b.is_removed and b.code_key = $1::text) as scanned
        from products p
        left join categories c on c.id = p.category_id
        left join suppliers s on s.id = p.supplier_id
        where true
        """;
}

public static class ProductsQueries
{
    [WolverineGet("/api/{tenant}/products", Name = "List products"), Authorize(Roles.Viewer), Tags("Catalog")]
    [EndpointSummary("List products")]
    [EndpointDescription(
        "Sorted by sku, with inactive products (see isActive). "
            + "Filters: category, supplier, barcode (as scanned), search (a part of sku, barcodes or name; "
            + "case and accents are ignored: 'azucar' finds Azúcar). barcode treats UPC-A and EAN-13 of one GTIN alike. "
            + "scanned is the barcode of the product that matched, with its pack quantity."
    )]
    [ProducesResponseType<Page<ProductRow>>(200)]
    public static Task<IResult> List(
        string? category,
        string? supplier,
        string? barcode,
        string? search,
        int? limit,
        string? after,
        HttpContext http,
        Databases databases
    )
    {
        var key = barcode is null ? null : ProductBarcode.KeyOf(ProductBarcode.Normalize(barcode));
        return TenantQuery
            .For(http)
            .Where(ProductRow.Select, key)
            .FilterNamed("c.code", "c.id", category)
            .FilterNamed("s.code", "s.id", supplier)
            .Filter("p.id in (select product_id from product_barcodes where code_key = {0} and not is_removed)", key)
            .Filter(
                """
                p.id in (select id from products where search_key like search_pattern({0})
                         union all select product_id from product_barcodes where search_key like search_pattern({0}) and not is_removed)
                """,
                search
            )
            .Page<ProductRow>(databases, limit, after, SortOrder.ByText("p.sku"), row => [row.Sku]);
    }

    [WolverineGet("/api/{tenant}/products/{id}", Name = "Get product"), Authorize(Roles.Viewer), Tags("Catalog")]
    [EndpointSummary("Get a product by sku or id")]
    [ProducesResponseType<ProductRow>(200)]
    public static Task<IResult> Get(string id, HttpContext http, Databases databases) =>
        TenantQuery.For(http).Where(ProductRow.Select, (string?)null).Named("p.sku", "p.id", id).One<ProductRow>(databases, "product", id);
}
