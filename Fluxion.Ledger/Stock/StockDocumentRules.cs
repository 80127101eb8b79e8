using FluentValidation;
using Fluxion.Ledger.Commands;

namespace Fluxion.Ledger.Stock;

/// <summary>The rules that every document that moves stock shares.</summary>
public static class StockDocumentRules
{
    /// <param name="line">The rules of one line; of more lines than a command takes, none is looked at.</param>
    public static void StockDocument<TCommand, TLine>(
        this AbstractValidator<TCommand> validator, TimeProvider clock, Action<InlineValidator<TLine>> line)
        where TCommand : IStockCommand<TLine> where TLine : class, IStockLine
    {
        validator.RuleFor(c => c.Store).Reference();
        validator.RuleFor(c => c.Lines).Must(lines => lines is { Count: > 0 and <= StockDoor.MaxLines }).WithMessage($"has 1 to {StockDoor.MaxLines} lines");
        validator.RuleForEach(c => c.Lines).NotNull().WithMessage("is null: a line is an object").ChildRules(line)
            .When(c => c.Lines is { Count: <= StockDoor.MaxLines });
        validator.RuleFor(c => c.Reference).Line(100);
        validator.RuleFor(c => c.Notes).AtMost(1000);
        validator.RuleFor(c => c.OccurredAt).Occurred(clock);
    }
}
