using System.Text.Json;
using System.Text.Json.Serialization;

namespace Fluxion.Ledger.Catalog;

/// <summary>The units in which products are measured or counted.</summary>
public static class UnitTypes
{
    public static readonly string[] All = ["unit", "kg", "liter", "meter", "box", "case"];

    /// <summary>Whether quantities in the unit are whole numbers, unless the product's settings say otherwise.</summary>
    public static bool IsCounted(string unitType) => unitType is "unit" or "box" or "case";
}

/// <summary>The settings of one product: its policy and the tenant's own fields.</summary>
public sealed record ProductSettings
{
    [Description("Whether the available quantity may go below 0. Default: false")]
    public bool AllowBackorder { get; init; }

    [Description("Whether quantities may have fractions. Default: true for kg, liter and meter, false for unit, box and case")]
    public bool? AllowFraction { get; init; }

    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Other { get; init; }
}

/// <param name="UnitType">The unit: unit | kg | liter | meter | box | case</param>
/// <param name="CostPrice">The usual cost of one unit. A receipt without a cost uses it.</param>
/// <param name="TaxRate">Tax rate in percent: 16 for the Venezuelan IVA.</param>
/// <param name="LeadTimeDays">Days from an order to its goods; null: the supplier's lead time.</param>
/// <param name="PackSize">Quantity in one pack of the supplier; null: any quantity can be ordered.</param>
/// <param name="Barcode">The first of the product's barcodes.</param>
/// <param name="Barcodes">All barcodes; null when there is at most one and its code alone describes it (<see cref="BarcodeList"/>).</param>
public sealed record ProductDetails(
    string Name,
    string UnitType,
    string? Barcode = null,
    string? Description = null,
    Guid? CategoryId = null,
    Guid? SupplierId = null,
    decimal MinStockLevel = 0,
    decimal? MaxStockLevel = null,
    decimal ReorderPoint = 0,
    decimal CostPrice = 0,
    decimal SellingPrice = 0,
    decimal TaxRate = 0,
    ProductSettings? Settings = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] int? LeadTimeDays = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] decimal? PackSize = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyList<ProductBarcode>? Barcodes = null
)
{
    /// <summary>Whether quantities of the product are whole numbers.</summary>
    [JsonIgnore]
    public bool IsCounted => !(Settings?.AllowFraction ?? !UnitTypes.IsCounted(UnitType));
}

public sealed record ProductCreated(string Sku, ProductDetails Details);

public sealed record ProductChanged(ProductDetails Details);

public sealed record ProductDeactivated;

public sealed record ProductActivated;

/// <param name="Code">The sku.</param>
public sealed record Product(Guid Id, string Code, ProductDetails Details, bool IsActive) : IAggregate<Product>, ICoded
{
    [JsonIgnore]
    public bool AllowsBackorder => Details.Settings?.AllowBackorder ?? false;

    [JsonIgnore]
    public bool IsCounted => Details.IsCounted;

    /// <summary>The error in a quantity of the product; null when the quantity is possible.</summary>
    public string? QuantityError(decimal quantity) =>
        IsCounted && decimal.Truncate(quantity) != quantity ? $"must be a whole number: {Code} is counted by the {Details.UnitType}" : null;

    public static Product Fold(Guid id, Product? product, object @event) =>
        @event switch
        {
            ProductCreated e => new Product(id, e.Sku, e.Details, true),
            ProductChanged e => product! with { Details = e.Details },
            ProductDeactivated => product! with { IsActive = false },
            ProductActivated => product! with { IsActive = true },
            _ => throw new UnknownEventException(typeof(Product), @event),
        };
}
