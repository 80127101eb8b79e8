using System.Globalization;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;

namespace Fluxion.Ledger.Catalog;

/// <summary>The numbering schemes of barcodes.</summary>
public static class BarcodeKinds
{
    /// <summary>A Global Trade Item Number of GS1, with its check digit.</summary>
    public const string Gtin = "gtin";

    /// <summary>A code of the tenant's own, or of a supplier outside of GS1.</summary>
    public const string Internal = "internal";

    public static readonly string[] All = [Gtin, Internal];
}

/// <summary>A barcode of a product, or of a pack of it.</summary>
/// <param name="Kind">The kind; null in the ledger when the code implies it (<see cref="KindOf"/>).</param>
/// <param name="Unit">The unit that bears the code; null in the ledger when it is the product's own.</param>
/// <param name="PackQuantity">The pack quantity, in the product's unit.</param>
public sealed partial record ProductBarcode(
    [property:
        TextFormat(ProductBarcode.Format),
        Description("1 to 50 ASCII characters, unique among the active products of the tenant. A GTIN has 8, 12, 13 or 14 digits")
    ]
        string Code,
    [property:
        Description(
            "gtin: the check digit must be right. internal: a code of your own. "
                + "Default: gtin for a code of 8, 12, 13 or 14 digits, else internal"
        ),
        JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)
    ]
        string? Kind = null,
    [property:
        Description("Unit that has the code: unit, kg, liter, meter, box or case. Default: the product's unit"),
        JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)
    ]
        string? Unit = null,
    [property: Description("Quantity in the product's unit that one scan stands for: 12 for a case of 12 units. Default: 1")]
        decimal PackQuantity = 1
)
{
    /// <summary>The format of a barcode in the OpenAPI document.</summary>
    public const string Format = "barcode";

    public const int MaxLength = 50;

    /// <summary>
    /// The key by which barcodes are compared. A code of 8, 12, 13 or 14 digits is padded to a GTIN of 14 digits. A scanner may read
    /// a UPC-A as an EAN-13 with a leading zero, which does not change the check digit (GS1 General Specifications, 7.1).
    /// Any other code is in upper case.
    /// </summary>
    [JsonIgnore]
    public string Key => KeyOf(Code);

    [JsonIgnore]
    public string EffectiveKind => Kind ?? KindOf(Code);

    /// <summary>Normalizes a code for storage.</summary>
    public static string Normalize(string code) => Folding.Fold(code);

    /// <summary>The key of a normalized code.</summary>
    public static string KeyOf(string code) => Digits().IsMatch(code) ? code.PadLeft(14, '0') : AsciiUpper(code);

    /// <summary>The kind that a code implies.</summary>
    public static string KindOf(string code) =>
        Digits().IsMatch(code) && code[^1] == CheckDigit(code) ? BarcodeKinds.Gtin : BarcodeKinds.Internal;

    /// <summary>The error in a code; null when it is valid.</summary>
    /// <param name="kind">The kind as given; null when it was left out.</param>
    public static string? ValidationError(string code, string? kind)
    {
        if (SpreadsheetNumber().IsMatch(code))
            return "must be the code itself: a spreadsheet shortened the number, and its last digits are lost. "
                + "Format the column as text and enter it again";
        if (code.Length > MaxLength)
            return $"must have 1 to {MaxLength} characters";
        if (code.FirstOrDefault(c => c is < ' ' or > '~') is var stranger and not '\0')
            return string.Create(
                CultureInfo.InvariantCulture,
                $"must consist of ASCII characters, as a scanner sends them; U+{(int)stranger:X4} is none"
            );
        if (!Digits().IsMatch(code))
        {
            if (kind == BarcodeKinds.Gtin)
                return "must have 8, 12, 13 or 14 digits, as every GTIN has";
            return kind is null && SpreadsheetError(code) is { } gtin
                ? $"must be {gtin}: this is that GTIN without its zeros, or with blanks or dashes. {InternalHint}"
                : null;
        }
        return kind == BarcodeKinds.Internal || code[^1] == CheckDigit(code)
            ? null
            : $"must end with {CheckDigit(code)}, the check digit of a GTIN. {InternalHint}";
    }

    private const string InternalHint = $"If it is a code of your own, send it in barcodes with the kind {BarcodeKinds.Internal}";

    /// <summary>
    /// The GTIN behind a damaged code: its first zeros are missing, or it has blanks or dashes. Null when there is none.
    /// </summary>
    private static string? SpreadsheetError(string code)
    {
        var digits = code.Replace(" ", "", StringComparison.Ordinal).Replace("-", "", StringComparison.Ordinal);
        if (digits.Length is >= 9 and <= 11)
            digits = digits.PadLeft(12, '0');
        return Digits().IsMatch(digits) && digits[^1] == CheckDigit(digits) ? digits : null;
    }

    /// <summary>
    /// The last digit of a GTIN. The digits before it are multiplied, from the right, by 3, 1, 3, …. The check digit raises their sum to
    /// a multiple of ten.
    /// </summary>
    private static char CheckDigit(string gtin)
    {
        var sum = 0;
        for (var i = 1; i < gtin.Length; i++)
            sum += (gtin[^(i + 1)] - '0') * (i % 2 == 1 ? 3 : 1);
        return (char)('0' + ((10 - (sum % 10)) % 10));
    }

    /// <summary>Converts as SQL does with the collation "C", so that a migration and a replay compute the same key.</summary>
    private static string AsciiUpper(string code) =>
        string.Create(
            code.Length,
            code,
            (upper, from) =>
            {
                for (var i = 0; i < upper.Length; i++)
                    upper[i] = char.IsAsciiLetterLower(from[i]) ? (char)(from[i] - 'a' + 'A') : from[i];
            }
        );

    [GeneratedRegex("^(?:[0-9]{8}|[0-9]{12,14})\\z")]
    private static partial Regex Digits();

    [GeneratedRegex(@"^(?:[0-9](?:[.,][0-9]+)?[eE]\+[0-9]+|[0-9][.,][0-9]+[eE][0-9]+|[0-9]+[.,]0+)\z")]
    private static partial Regex SpreadsheetNumber();
}

/// <summary>The barcodes of a product; the first of them is its <c>barcode</c>.</summary>
public static class BarcodeList
{
    /// <summary>The maximum number of barcodes of one product.</summary>
    public const int Max = 20;

    /// <summary>All barcodes of a product.</summary>
    public static IReadOnlyList<ProductBarcode> From(ProductDetails? details) =>
        details?.Barcodes ?? (details?.Barcode is { Length: > 0 } only ? [new ProductBarcode(only)] : []);

    /// <summary>The barcodes in a request, with normalized codes.</summary>
    /// <param name="barcode">Short form of a list of one.</param>
    public static IReadOnlyList<ProductBarcode> Named(string? barcode, IReadOnlyList<ProductBarcode>? barcodes) =>
        barcodes is not null ? [.. barcodes.Select(b => b with { Code = ProductBarcode.Normalize(b.Code ?? "") })]
        : ProductBarcode.Normalize(barcode ?? "") is { Length: > 0 } only ? [new ProductBarcode(only)]
        : [];

    /// <summary>The stored form of barcodes: without a kind that the code implies, and without the product's own unit.</summary>
    public static IReadOnlyList<ProductBarcode> Normalize(IReadOnlyList<ProductBarcode> named, string unitType) =>
        [
            .. named.Select(b => new ProductBarcode(
                b.Code,
                b.Kind == ProductBarcode.KindOf(b.Code) ? null : b.Kind,
                b.Unit == unitType ? null : b.Unit,
                Quantities.Normalize(b.PackQuantity)
            )),
        ];

    /// <summary>
    /// The details with these barcodes. The list is omitted for a single barcode that its code alone describes, as before there were lists.
    /// </summary>
    public static ProductDetails With(this ProductDetails details, IReadOnlyList<ProductBarcode> barcodes) =>
        details with
        {
            Barcode = barcodes.Count == 0 ? null : barcodes[0].Code,
            Barcodes = barcodes.Count == 0 || barcodes is [{ Kind: null, Unit: null, PackQuantity: 1 }] ? null : barcodes,
        };

    /// <summary>The barcodes with the first one replaced; an empty <paramref name="first"/> removes it.</summary>
    public static IReadOnlyList<ProductBarcode> WithFirst(IReadOnlyList<ProductBarcode> barcodes, string? first) =>
        ProductBarcode.Normalize(first ?? "") is not { Length: > 0 } code ? [.. barcodes.Skip(1)]
        : barcodes is [var before, ..] ? [before.Code == first ? before : before with { Code = code, Kind = null }, .. barcodes.Skip(1)]
        : [new ProductBarcode(code)];
}
