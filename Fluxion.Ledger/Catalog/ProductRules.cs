namespace Fluxion.Ledger.Catalog;

/// <summary>
/// The rules on levels and barcodes. They concern the product after the change, and not only the request. A product may keep a violation
/// that is older than the rule, so that its other fields can be changed.
/// </summary>
public static class ProductRules
{
    /// <summary>The errors, by the fields of a request; empty when there are none.</summary>
    /// <param name="wanted">The wanted details of the product, without its barcodes.</param>
    /// <param name="barcodes">The barcodes in the request (<see cref="BarcodeList.Named"/>).</param>
    /// <param name="first">
    /// The barcode beside a list of barcodes in the request, or an empty text; null when the request has no list.
    /// </param>
    /// <param name="before">The present details of the product; null for a new one.</param>
    public static IReadOnlyList<(string Field, string Message)> Errors(
        ProductDetails wanted,
        IReadOnlyList<ProductBarcode> barcodes,
        string? first,
        ProductDetails? before
    ) => [.. Levels(wanted, before), .. BarcodeErrors(wanted, barcodes, first, before)];

    /// <summary>Refuses with 400 for errors; null when there are none.</summary>
    public static Refusal? Problem(IReadOnlyList<(string Field, string Message)> errors) =>
        errors.Count == 0
            ? null
            : Refusal.Invalid(errors.GroupBy(e => e.Field).ToDictionary(e => e.Key, e => e.Select(error => error.Message).ToArray()));

    private static IEnumerable<(string Field, string Message)> Levels(ProductDetails wanted, ProductDetails? before)
    {
        var (min, max, point) = (wanted.MinStockLevel, wanted.MaxStockLevel, wanted.ReorderPoint);
        if (max < min && (before?.MinStockLevel, before?.MaxStockLevel) != (min, max))
            yield return ("maxStockLevel", "must not be below minStockLevel");
        if (max < point && (before?.ReorderPoint, before?.MaxStockLevel) != (point, max))
            yield return ("maxStockLevel", "must not be below reorderPoint");
        if (!wanted.IsCounted)
            yield break;
        var wasCounted = before is { IsCounted: true };
        foreach (
            var (field, level, known) in ((string, decimal?, decimal?)[])
                [
                    ("minStockLevel", min, before?.MinStockLevel),
                    ("maxStockLevel", max, before?.MaxStockLevel),
                    ("reorderPoint", point, before?.ReorderPoint),
                ]
        )
        {
            if (level is { } value && decimal.Truncate(value) != value && !(wasCounted && level == known))
                yield return (field, $"must be a whole number: the product is counted by the {wanted.UnitType}");
        }
    }

    /// <summary>As <see cref="Errors"/>, for the barcodes only.</summary>
    public static IEnumerable<(string Field, string Message)> BarcodeErrors(
        ProductDetails wanted,
        IReadOnlyList<ProductBarcode> barcodes,
        string? first,
        ProductDetails? before
    )
    {
        var (known, seen) = (BarcodeList.From(before).Select(b => b.Code).ToHashSet(), new HashSet<string>());
        if (barcodes.Count > BarcodeList.Max)
            yield return ("barcodes", $"must be at most {BarcodeList.Max}");
        if (
            ProductBarcode.Normalize(first ?? "") is { Length: > 0 } code
            && (barcodes.Count == 0 || barcodes[0].Key != ProductBarcode.KeyOf(code))
        )
            yield return ("barcode", "must be the first of barcodes, or left out");
        foreach (var (i, b) in barcodes.Take(BarcodeList.Max).Index())
        {
            string Field(string name) => first is not null ? $"barcodes[{i}].{name}" : "barcode";
            if (b.Code.Length == 0)
                yield return (Field("code"), "is required");
            else if (
                (!known.Contains(b.Code) || b.Kind == BarcodeKinds.Gtin) && ProductBarcode.ValidationError(b.Code, b.Kind) is { } error
            )
                yield return (Field("code"), error);
            else if (!seen.Add(b.Key))
                yield return (Field("code"), "appears more than once");
            if (b.Kind is not null && !BarcodeKinds.All.Contains(b.Kind))
                yield return (Field("kind"), $"must be one of: {string.Join(", ", BarcodeKinds.All)}");
            if (b.Unit is not null && !UnitTypes.All.Contains(b.Unit))
                yield return (Field("unit"), $"must be one of: {string.Join(", ", UnitTypes.All)}");
            if (b.PackQuantity <= 0 || b.PackQuantity > Quantities.MaxQuantity || !Quantities.HasDecimals(b.PackQuantity, 3))
                yield return (
                    Field("packQuantity"),
                    $"must be greater than 0 and at most {Quantities.MaxQuantity:0}, with at most 3 decimals"
                );
            else if (wanted.IsCounted && decimal.Truncate(b.PackQuantity) != b.PackQuantity)
                yield return (Field("packQuantity"), $"must be a whole number: the product is counted by the {wanted.UnitType}");
        }
    }
}
