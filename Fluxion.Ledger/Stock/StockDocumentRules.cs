using System.Linq.Expressions;
using Fluxion.Ledger.Catalog;
using Fluxion.Ledger.Time;

namespace Fluxion.Ledger.Stock;

/// <summary>Validation rules that documents with lines share.</summary>
public static class StockDocumentRules
{
    public const string ReferenceDescription = "Number of the document, as users know it";

    /// <summary>Rules of a document that moves stock of one store.</summary>
    public static void StockDocument<TCommand, TLine>(
        this AbstractValidator<TCommand> validator,
        TimeProvider clock,
        Action<InlineValidator<TLine>> line
    )
        where TCommand : IStockCommand<TLine>
        where TLine : class, IStockLine
    {
        validator.RuleFor(c => c.Store).Reference();
        validator.Lines(c => c.Lines, line);
        validator.RuleFor(c => c.Reference).SingleLine(100);
        validator.RuleFor(c => c.Notes).MaxLength(1000);
        validator.Occurrence(clock);
    }

    /// <summary>Requires at least one line, and no line that is null.</summary>
    /// <param name="line">Rules of one line. They are skipped when there are more lines than a command accepts.</param>
    public static void Lines<TCommand, TLine>(
        this AbstractValidator<TCommand> validator,
        Expression<Func<TCommand, IReadOnlyList<TLine>>> lines,
        Action<InlineValidator<TLine>> line,
        int atMost = StockLedger.MaxLines
    )
        where TLine : class
    {
        var of = lines.Compile();
        validator.RuleFor(lines).Must(l => l is { Count: > 0 } && l.Count <= atMost).WithMessage($"must have 1 to {atMost} lines");
        validator
            .RuleForEach(c => of(c))
            .NotNull()
            .WithMessage("must be an object, not null")
            .ChildRules(line)
            .When(c => of(c) is { } l && l.Count <= atMost)
            .OverridePropertyName("Lines");
    }

    /// <summary>
    /// Errors for lines whose product an earlier line already names, by any reference. For documents that accept each product once.
    /// </summary>
    public static Dictionary<string, string[]> DuplicateProducts(IEnumerable<Product> products)
    {
        var seen = new HashSet<Guid>();
        return products
            .Select((product, i) => (product, i))
            .Where(line => !seen.Add(line.product.Id))
            .ToDictionary(
                line => $"lines[{line.i}].sku",
                line => (string[])[$"appears more than once: {line.product.Code} is in a line before"]
            );
    }
}
