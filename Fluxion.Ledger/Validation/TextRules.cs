using System.Globalization;

namespace Fluxion.Ledger.Validation;

/// <summary>Rules for texts that people read: one line for names and the like, several lines for notes.</summary>
public static class TextRules
{
    /// <summary>One line of 1 to 200 characters, at least one of them visible.</summary>
    public static IRuleBuilderOptions<T, string> Name<T>(this IRuleBuilder<T, string> rule) => rule.RequiredLine(200);

    /// <summary>One line with at least one visible character.</summary>
    public static IRuleBuilderOptions<T, string> RequiredLine<T>(this IRuleBuilder<T, string> rule, int characters) =>
        rule.Must(text => text is not null && Folding.IsVisible(text))
            .WithMessage("is required, with visible characters")
            .MaximumLength(characters)
            .WithMessage($"must have at most {characters} characters")
            .Must(IsSingleLine)
            .WithMessage(SingleLineMessage);

    /// <summary>An optional text of one line.</summary>
    public static IRuleBuilderOptions<T, string?> SingleLine<T>(this IRuleBuilder<T, string?> rule, int characters) =>
        rule.MaxLength(characters).Must(IsSingleLine).WithMessage(SingleLineMessage);

    /// <summary>An optional text of any number of lines.</summary>
    public static IRuleBuilderOptions<T, string?> MaxLength<T>(this IRuleBuilder<T, string?> rule, int characters) =>
        rule.MaximumLength(characters).WithMessage($"must have at most {characters} characters");

    public static IRuleBuilderOptions<T, string> OneOf<T>(this IRuleBuilder<T, string> rule, IReadOnlyList<string> values) =>
        rule.Must(values.Contains).WithMessage($"must be one of: {string.Join(", ", values)}");

    private const string SingleLineMessage =
        "must have no line breaks, no other control characters, and none that turn the direction of writing";

    /// <summary>
    /// Whether a text has no control characters and no direction marks. Control characters break lines and logs. Direction marks (Unicode
    /// TR 9) can display one name as another.
    /// </summary>
    public static bool IsSingleLine(string? text) =>
        text is null
        || !text.Any(c =>
            char.GetUnicodeCategory(c) is UnicodeCategory.Control or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator
            || c is '\u061C' or '\u200E' or '\u200F' or (>= '\u202A' and <= '\u202E') or (>= '\u2066' and <= '\u2069')
        );
}
