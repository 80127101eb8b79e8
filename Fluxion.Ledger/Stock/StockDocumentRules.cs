using FluentValidation;
using Fluxion.Ledger.Commands;

namespace Fluxion.Ledger.Stock;

/// <summary>The rules that every document that moves stock shares.</summary>
public static class StockDocumentRules
{
    public static void StockDocument<TCommand, TLine>(this AbstractValidator<TCommand> validator, TimeProvider clock)
        where TCommand : IStockCommand<TLine> where TLine : class, IStockLine
    {
        validator.RuleFor(c => c.Store).Reference();
        validator.RuleFor(c => c.Lines).Must(lines => lines is { Count: > 0 and <= StockDoor.MaxLines } && lines.All(line => line is not null))
            .WithMessage($"has 1 to {StockDoor.MaxLines} lines");
        validator.RuleFor(c => c.Reference).AtMost(100);
        validator.RuleFor(c => c.Notes).AtMost(1000);
        validator.RuleFor(c => c.OccurredAt).Occurred(clock);
    }
}
