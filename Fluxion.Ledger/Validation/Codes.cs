using System.Globalization;
using System.Text;

namespace Fluxion.Ledger.Validation;

/// <summary>
/// Rules for identifiers. Codes (sku, store code, …) belong to this ledger: they are stored and compared in upper case. Numbers (of an
/// invoice, a tax id, …) belong to others: they keep their case, and use the same alphabet. Spellings that look alike are stored as one
/// spelling (<see cref="Folding"/>). A character that only looks like a letter of the alphabet is refused.
/// </summary>
public static class Codes
{
    public const int MaxLength = 50;

    /// <summary>The format of a code in the OpenAPI document.</summary>
    public const string Format = "code";

    /// <summary>The format of a number in the OpenAPI document.</summary>
    public const string NumberFormat = "document-number";

    public const string StoreDescription = "Code or id of the store";

    /// <summary>Normalizes a code for storage.</summary>
    public static string Normalize(string code) => Folding.Fold(code).ToUpperInvariant();

    /// <summary>
    /// The spellings under which a code may be stored: without folding, as older releases stored it, and as <see cref="Normalize"/> returns
    /// it. The first spelling that exists is meant.
    /// </summary>
    public static string[] Spellings(string reference) =>
        [.. new[] { reference.Trim().ToUpperInvariant(), Normalize(reference) }.Distinct()];

    /// <summary>Normalizes a number for storage.</summary>
    public static string Number(string number) => Folding.Fold(number);

    /// <summary>Normalizes a number for storage; null when it is absent or empty.</summary>
    public static string? NumberOrNull(string? number) => number is null || Number(number) is not { Length: > 0 } kept ? null : kept;

    /// <summary>The spellings under which a number may be stored; see <see cref="Spellings"/>.</summary>
    public static string[] NumberSpellings(string number) => [.. new[] { number.Trim(), Number(number) }.Distinct()];

    /// <summary>
    /// A code has 1 to 50 characters: letters of ASCII or Latin-1, digits and . _ -, beginning with a letter or digit.
    /// A code is a segment of URLs of the API, which limits its characters.
    /// </summary>
    public static IRuleBuilderOptions<T, string> Code<T>(this IRuleBuilder<T, string> rule) =>
        rule.Must(code => ValidationError(code) is null).WithMessage((_, code) => ValidationError(code));

    /// <summary>An optional number on one line that another party issued.</summary>
    public static IRuleBuilderOptions<T, string?> Number<T>(this IRuleBuilder<T, string?> rule, int characters) =>
        rule.SingleLine(characters)
            .Must(number => number is null || FindForeignCharacter(Number(number), IsOfNumbers) is null)
            .WithMessage(
                (_, number) =>
                    ForeignCharacterMessage(
                        FindForeignCharacter(Number(number!), IsOfNumbers)!.Value,
                        "digits, spaces and the signs of ASCII"
                    )
            );

    /// <summary>A reference to something that exists, by its code or id.</summary>
    public static IRuleBuilderOptions<T, string> Reference<T>(this IRuleBuilder<T, string> rule) =>
        rule.NotEmpty().WithMessage("is required: a code or an id").MaximumLength(100).WithMessage("must have at most 100 characters");

    /// <summary>The error in a code; null when it is valid.</summary>
    private static string? ValidationError(string? code)
    {
        if (code is null || Normalize(code) is not { Length: > 0 } kept)
            return "is required";
        if (FindForeignCharacter(kept, IsOfCodes) is { } stranger)
            return ForeignCharacterMessage(stranger, "digits and . _ -");
        if (kept.Length > MaxLength || kept[0] is '.' or '_' or '-')
            return $"must have 1 to {MaxLength} characters and begin with a letter or digit";
        return Guid.TryParse(kept, out _) ? "must not be a UUID, which names things by their id" : null;
    }

    private static bool IsOfCodes(char c) => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-' || IsMarkedLetter(c);

    private static bool IsOfNumbers(char c) => c is (>= ' ' and <= '~') or 'º' or 'ª' || IsMarkedLetter(c);

    private static bool IsMarkedLetter(char c) => Folding.MarkedLetters.Contains(char.ToUpperInvariant(c), StringComparison.Ordinal);

    /// <summary>The first character outside of the allowed set; null when there is none.</summary>
    private static Rune? FindForeignCharacter(string text, Func<char, bool> belongs)
    {
        foreach (var rune in text.EnumerateRunes())
            if (!rune.IsBmp || !belongs((char)rune.Value))
                return rune;
        return null;
    }

    private static string ForeignCharacterMessage(Rune stranger, string others)
    {
        var shown = Rune.IsLetterOrDigit(stranger) || Rune.IsPunctuation(stranger) || Rune.IsSymbol(stranger) ? $"'{stranger}' " : "";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"must consist of A to Z, also with the accents of Western Europe, {others}; "
                + $"{shown}U+{stranger.Value:X4} is none of them, whatever it looks like"
        );
    }
}

/// <summary>The format of a text in the OpenAPI document.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class TextFormatAttribute(string format) : Attribute
{
    public string Format => format;
}
