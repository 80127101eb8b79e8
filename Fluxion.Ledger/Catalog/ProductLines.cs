namespace Fluxion.Ledger.Catalog;

/// <summary>A line of a command that names a product, by its sku or id or by a barcode.</summary>
public interface IProductLine
{
    string Sku { get; }

    /// <summary>The barcode in place of the sku. Quantities are then in packs of that barcode. Null after the lookup.</summary>
    string? Barcode { get; }

    /// <summary>The line's quantities, by the names of their fields.</summary>
    IEnumerable<(string Field, decimal Quantity)> Quantities { get; }
}

/// <summary>An <see cref="IProductLine"/> that is convertible to the product's unit.</summary>
public interface IProductLine<TSelf> : IProductLine
    where TSelf : IProductLine<TSelf>
{
    /// <summary>The line by sku, with its quantities in the product's unit.</summary>
    TSelf InUnits(string sku, decimal packQuantity);
}

/// <summary>A command whose lines name products.</summary>
public interface IProductLines<TSelf, TLine>
    where TLine : class, IProductLine<TLine>
{
    IReadOnlyList<TLine> Lines { get; }

    TSelf With(IReadOnlyList<TLine> lines);
}

public static class ProductLines
{
    public const string SkuDescription = "Sku or id of the product. Required unless barcode is given";

    public const string QuantityDescription =
        "Quantity in the product's unit, or in packs of the barcode. Greater than 0, at most 3 decimals; "
        + "whole numbers for counted products";

    public const string BarcodeDescription =
        "Barcode of the product, instead of sku. Quantities are then in packs of that barcode: 1 of a case of 12 moves 12";

    /// <summary>Requires either a sku or a barcode.</summary>
    public static void Product<TLine>(this AbstractValidator<TLine> line)
        where TLine : IProductLine
    {
        line.RuleFor(l => l.Sku).Reference().When(l => l.Barcode is null);
        line.RuleFor(l => l.Barcode!)
            .Must(barcode => ProductBarcode.Normalize(barcode).Length is > 0 and <= ProductBarcode.MaxLength)
            .WithMessage($"must have 1 to {ProductBarcode.MaxLength} characters")
            .When(l => l.Barcode is not null);
        line.RuleFor(l => l.Barcode).Null().WithMessage("must be left out where sku is given").When(l => !string.IsNullOrEmpty(l.Sku));
    }

    /// <summary>The lines by sku, with quantities in the products' units; or the refusal of their barcodes.</summary>
    public static async Task<(IReadOnlyList<TLine> Lines, Refusal? Problem)> InUnits<TLine>(
        LedgerSession ledger,
        IBarcodeIndex index,
        IReadOnlyList<TLine> lines,
        CancellationToken ct
    )
        where TLine : class, IProductLine<TLine>
    {
        var keys = lines.Where(line => line.Barcode is not null).Select(KeyOf).Distinct().ToList();
        if (keys.Count == 0)
            return (lines, null);
        var owners = (await index.Find(ledger, keys, ct)).ToLookup(owner => owner.Key);
        var (unknown, wrong, shared) = (new Dictionary<string, string[]>(), new Dictionary<string, string[]>(), new List<string>());
        var named = new List<TLine>(lines.Count);
        foreach (var (i, line) in lines.Index())
        {
            if (line.Barcode is null)
            {
                named.Add(line);
                continue;
            }
            var of = owners[KeyOf(line)].ToList();
            if (of.Any(owner => owner.IsActive))
                of.RemoveAll(owner => !owner.IsActive);
            if (of.Count == 0)
                unknown[$"lines[{i}].barcode"] = [Refusal.NotFoundMessage("product with the barcode", line.Barcode)];
            if (of.Count > 1)
                shared.Add($"{Refusal.Shorten(line.Barcode)} belongs to {string.Join(" and ", of.Select(owner => owner.Sku))}");
            if (of.Count != 1)
                continue;
            named.Add(line.InUnits(of[0].Sku, of[0].PackQuantity));
            foreach (var (field, quantity) in named[^1].Quantities)
            {
                if (Math.Abs(quantity) > Validation.Quantities.MaxQuantity || !Validation.Quantities.HasDecimals(quantity, 3))
                    wrong[$"lines[{i}].{field}"] =
                    [
                        FormattableString.Invariant(
                            $"must not come to {quantity} of {of[0].Sku} in packs of {of[0].PackQuantity}: too large, or over 3 decimals"
                        ),
                    ];
            }
        }
        if (unknown.Count > 0)
            return ([], Refusal.NotFound("Some barcodes belong to no product; see errors.", unknown));
        if (wrong.Count > 0)
            return ([], Refusal.Invalid(wrong));
        return shared.Count > 0
            ? (
                [],
                Refusal.Conflict(
                    "Barcode of several products",
                    $"The barcode {string.Join("; ", shared.Distinct())}. Name the product by its sku."
                )
            )
            : (named, null);
    }

    private static string KeyOf(IProductLine line) => ProductBarcode.KeyOf(ProductBarcode.Normalize(line.Barcode!));
}
