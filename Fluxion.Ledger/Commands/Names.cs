using FluentValidation;

namespace Fluxion.Ledger.Commands;

public static class Names
{
    /// <summary>1 to 200 characters that are not all blank.</summary>
    public static IRuleBuilderOptions<T, string> Name<T>(this IRuleBuilder<T, string> rule) => rule
        .NotEmpty().WithMessage("is needed")
        .MaximumLength(200).WithMessage("has at most 200 characters");

    /// <summary>A text that may be left out.</summary>
    public static IRuleBuilderOptions<T, string?> AtMost<T>(this IRuleBuilder<T, string?> rule, int characters) => rule
        .MaximumLength(characters).WithMessage($"has at most {characters} characters");

    public static IRuleBuilderOptions<T, string> OneOf<T>(this IRuleBuilder<T, string> rule, IReadOnlyList<string> values) => rule
        .Must(values.Contains).WithMessage($"is one of: {string.Join(", ", values)}");
}
