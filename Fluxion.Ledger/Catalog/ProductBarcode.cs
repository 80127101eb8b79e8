using System.ComponentModel;
using System.Globalization;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;
using Fluxion.Ledger.Validation;

namespace Fluxion.Ledger.Catalog;

/// <summary>Whose numbers barcodes are.</summary>
public static class BarcodeKinds
{
    /// <summary>A Global Trade Item Number of GS1, with its check digit.</summary>
    public const string Gtin = "gtin";

    /// <summary>A code of the tenant's own, or of a supplier outside of GS1.</summary>
    public const string Internal = "internal";

    public static readonly string[] All = [Gtin, Internal];
}

/// <summary>What a scanner reads from a product, or from a pack of it.</summary>
/// <param name="Kind">Null in the ledger: as the code says itself (<see cref="KindOf"/>).</param>
/// <param name="Unit">Null in the ledger: the product's own.</param>
/// <param name="PackQuantity">In the product's unit.</param>
public sealed partial record ProductBarcode(
    [property: TextFormat(ProductBarcode.Format), Description("1 to 50 characters of ASCII, unique among the active products of the tenant; of a GTIN 8, 12, 13 or 14 digits")] string Code,
    [property: Description("gtin: the check digit must be right; internal: a code of your own. What a code of 8, 12, 13 or 14 digits says itself when left out: gtin"),
        JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Kind = null,
    [property: Description("What bears the code: unit, kg, liter, meter, box or case; the product's own unit when left out"),
        JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Unit = null,
    [property: Description("How much of the product's unit one scan stands for: 12 for a case of 12 units; 1 when left out")] decimal PackQuantity = 1)
{
    /// <summary>The format of a barcode in the OpenAPI document.</summary>
    public const string Format = "barcode";

    public const int MaxLength = 50;

    /// <summary>
    /// By this barcodes are compared: of 8, 12, 13 and 14 digits the 14 digits of a GTIN, since a scanner may read a UPC-A as EAN-13 with a zero
    /// before it (GS1 General Specifications, 7.1: filling zeros change no check digit); of all others the code in upper case.
    /// </summary>
    [JsonIgnore]
    public string Key => KeyOf(Code);

    [JsonIgnore]
    public string EffectiveKind => Kind ?? KindOf(Code);

    /// <summary>A code as it is kept.</summary>
    public static string Normalize(string code) => Folding.Fold(code);

    /// <summary>The key of a code as it is kept.</summary>
    public static string KeyOf(string code) => Digits().IsMatch(code) ? code.PadLeft(14, '0') : AsciiUpper(code);

    /// <summary>What a code says itself.</summary>
    public static string KindOf(string code) => Digits().IsMatch(code) && code[^1] == CheckDigit(code) ? BarcodeKinds.Gtin : BarcodeKinds.Internal;

    /// <summary>Why a code cannot be kept, or null when it can.</summary>
    /// <param name="kind">As it was given; null when it was left out.</param>
    public static string? ValidationError(string code, string? kind)
    {
        if (SpreadsheetNumber().IsMatch(code))
            return "must be the code itself: this is a number as a spreadsheet shortens it, and its last digits are lost. Format the column as text and enter it again";
        if (code.Length > MaxLength) return $"must have 1 to {MaxLength} characters";
        if (code.FirstOrDefault(c => c is < ' ' or > '~') is var stranger and not '\0')
            return string.Create(CultureInfo.InvariantCulture, $"must consist of ASCII characters, as a scanner sends them; U+{(int)stranger:X4} is none");
        if (!Digits().IsMatch(code))
        {
            if (kind == BarcodeKinds.Gtin) return "must have 8, 12, 13 or 14 digits, for it is to be a GTIN";
            return kind is null && SpreadsheetError(code) is { } gtin ? $"must be {gtin}: this is that GTIN without its zeros, or with blanks or dashes. {InternalHint}" : null;
        }
        return kind == BarcodeKinds.Internal || code[^1] == CheckDigit(code) ? null
            : $"must end with {CheckDigit(code)}, the check digit of a GTIN. {InternalHint}";
    }

    private const string InternalHint = $"If it is a code of your own, send it in barcodes with the kind {BarcodeKinds.Internal}";

    /// <summary>The GTIN that a spreadsheet or a person has spoilt: its first zeros are missing, or blanks or dashes stand in it.</summary>
    private static string? SpreadsheetError(string code)
    {
        var digits = code.Replace(" ", "", StringComparison.Ordinal).Replace("-", "", StringComparison.Ordinal);
        if (digits.Length is >= 9 and <= 11) digits = digits.PadLeft(12, '0');
        return Digits().IsMatch(digits) && digits[^1] == CheckDigit(digits) ? digits : null;
    }

    /// <summary>The last digit of a GTIN: the digits before it, from the right, times 3, 1, 3, …, and what their sum lacks of the next ten.</summary>
    private static char CheckDigit(string gtin)
    {
        var sum = 0;
        for (var i = 1; i < gtin.Length; i++) sum += (gtin[^(i + 1)] - '0') * (i % 2 == 1 ? 3 : 1);
        return (char)('0' + ((10 - (sum % 10)) % 10));
    }

    /// <summary>As SQL has it with the collation "C", so that a migration and a replay come to the same key.</summary>
    private static string AsciiUpper(string code) => string.Create(code.Length, code, (upper, from) =>
    {
        for (var i = 0; i < upper.Length; i++) upper[i] = char.IsAsciiLetterLower(from[i]) ? (char)(from[i] - 'a' + 'A') : from[i];
    });

    [GeneratedRegex("^(?:[0-9]{8}|[0-9]{12,14})\\z")]
    private static partial Regex Digits();

    [GeneratedRegex(@"^(?:[0-9](?:[.,][0-9]+)?[eE]\+[0-9]+|[0-9][.,][0-9]+[eE][0-9]+|[0-9]+[.,]0+)\z")]
    private static partial Regex SpreadsheetNumber();
}

/// <summary>The barcodes of a product; the first of them is its <c>barcode</c>.</summary>
public static class BarcodeList
{
    /// <summary>Of one product.</summary>
    public const int Max = 20;

    /// <summary>All that a product has.</summary>
    public static IReadOnlyList<ProductBarcode> From(ProductDetails? details) =>
        details?.Barcodes ?? (details?.Barcode is { Length: > 0 } only ? [new ProductBarcode(only)] : []);

    /// <summary>The barcodes that a request names, their codes in one spelling.</summary>
    /// <param name="barcode">Short for a list of one.</param>
    public static IReadOnlyList<ProductBarcode> Named(string? barcode, IReadOnlyList<ProductBarcode>? barcodes) => barcodes is not null
        ? [.. barcodes.Select(b => b with { Code = ProductBarcode.Normalize(b.Code ?? "") })]
        : ProductBarcode.Normalize(barcode ?? "") is { Length: > 0 } only ? [new ProductBarcode(only)] : [];

    /// <summary>Named barcodes as they are kept: without what the code or the product says itself.</summary>
    public static IReadOnlyList<ProductBarcode> Normalize(IReadOnlyList<ProductBarcode> named, string unitType) =>
        [.. named.Select(b => new ProductBarcode(b.Code, b.Kind == ProductBarcode.KindOf(b.Code) ? null : b.Kind, b.Unit == unitType ? null : b.Unit, Quantities.Normalize(b.PackQuantity)))];

    /// <summary>The details with these barcodes: of one that says all by its code alone the list is left out, as before there were lists.</summary>
    public static ProductDetails With(this ProductDetails details, IReadOnlyList<ProductBarcode> barcodes) => details with
    {
        Barcode = barcodes.Count == 0 ? null : barcodes[0].Code,
        Barcodes = barcodes.Count == 0 || barcodes is [{ Kind: null, Unit: null, PackQuantity: 1 }] ? null : barcodes,
    };

    /// <summary>The barcodes with another first one, or without the first.</summary>
    public static IReadOnlyList<ProductBarcode> WithFirst(IReadOnlyList<ProductBarcode> barcodes, string? first) => ProductBarcode.Normalize(first ?? "") is not { Length: > 0 } code
        ? [.. barcodes.Skip(1)]
        : barcodes is [var before, ..] ? [before.Code == first ? before : before with { Code = code, Kind = null }, .. barcodes.Skip(1)] : [new ProductBarcode(code)];
}
