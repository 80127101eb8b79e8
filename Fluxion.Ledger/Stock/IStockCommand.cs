using Fluxion.Ledger.Time;

namespace Fluxion.Ledger.Stock;

/// <summary>A command that moves stock of one store. Each command describes its own fields.</summary>
public interface IStockCommand<out TLine> : IOccurrence
    where TLine : class, IStockLine
{
    string Store { get; }
    IReadOnlyList<TLine> Lines { get; }
    string? Reference { get; }
    string? Notes { get; }
}
