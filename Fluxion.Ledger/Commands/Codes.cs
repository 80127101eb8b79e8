using FluentValidation;

namespace Fluxion.Ledger.Commands;

/// <summary>Codes that people type (sku, store code, …): kept and compared in upper case.</summary>
public static class Codes
{
    public const int MaxLength = 50;

    public static string Normalize(string code) => code.Trim().ToUpperInvariant();

    /// <summary>1 to 50 letters, digits and . _ -, beginning with a letter or digit: what a segment of a URL holds, for a code is one of the API's own.</summary>
    public static IRuleBuilderOptions<T, string> Code<T>(this IRuleBuilder<T, string> rule) => rule
        .NotEmpty().WithMessage("is needed")
        .Matches(@"^\s*[\p{L}\p{N}][\p{L}\p{N}._-]{0,49}\s*$")
        .WithMessage("has 1 to 50 letters, digits and . _ -, and begins with a letter or digit")
        .Must(code => !Guid.TryParse(code, out _)).WithMessage("is no UUID, which names things by their id");

    /// <summary>The code or the id of something that exists.</summary>
    public static IRuleBuilderOptions<T, string> Reference<T>(this IRuleBuilder<T, string> rule) => rule
        .NotEmpty().WithMessage("is needed: a code or an id")
        .MaximumLength(100).WithMessage("has at most 100 characters");
}
