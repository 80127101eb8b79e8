using System.Globalization;
using FluentValidation;

namespace Fluxion.Ledger.Validation;

/// <summary>Texts that people read: names and the like in one line, notes in several.</summary>
public static class TextRules
{
    /// <summary>One line of 1 to 200 characters of which something can be seen.</summary>
    public static IRuleBuilderOptions<T, string> Name<T>(this IRuleBuilder<T, string> rule) => rule.RequiredLine(200);

    /// <summary>One line of which something can be seen.</summary>
    public static IRuleBuilderOptions<T, string> RequiredLine<T>(this IRuleBuilder<T, string> rule, int characters) => rule
        .Must(text => text is not null && Folding.IsVisible(text)).WithMessage("is required, in characters that can be seen")
        .MaximumLength(characters).WithMessage($"must have at most {characters} characters")
        .Must(IsSingleLine).WithMessage(SingleLineMessage);

    /// <summary>One line that may be left out.</summary>
    public static IRuleBuilderOptions<T, string?> SingleLine<T>(this IRuleBuilder<T, string?> rule, int characters) => rule
        .MaxLength(characters)
        .Must(IsSingleLine).WithMessage(SingleLineMessage);

    /// <summary>A text of any lines that may be left out.</summary>
    public static IRuleBuilderOptions<T, string?> MaxLength<T>(this IRuleBuilder<T, string?> rule, int characters) => rule
        .MaximumLength(characters).WithMessage($"must have at most {characters} characters");

    public static IRuleBuilderOptions<T, string> OneOf<T>(this IRuleBuilder<T, string> rule, IReadOnlyList<string> values) => rule
        .Must(values.Contains).WithMessage($"must be one of: {string.Join(", ", values)}");

    private const string SingleLineMessage = "must have no line breaks, no other control characters, and none that turn the direction of writing";

    /// <summary>
    /// Whether a text reads as what it is. Controls break lines and logs; marks of direction (Unicode TR 9) let one name show as another.
    /// </summary>
    public static bool IsSingleLine(string? text) => text is null || !text.Any(c =>
        char.GetUnicodeCategory(c) is UnicodeCategory.Control or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator
        || c is '\u061C' or '\u200E' or '\u200F' or (>= '\u202A' and <= '\u202E') or (>= '\u2066' and <= '\u2069'));
}
