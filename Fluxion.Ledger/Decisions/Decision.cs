using Fluxion.Ledger.Stock;

namespace Fluxion.Ledger.Decisions;

/// <summary>
/// The decision on a command: its events or its refusal. Deciding is pure. It appends nothing, so a refused command leaves nothing behind.
/// </summary>
public abstract record Decision
{
    private Decision() { }

    /// <summary>The command is carried out.</summary>
    /// <param name="Stock">The events of stock items; they are appended first.</param>
    /// <param name="Documents">The events of documents, such as a sale, in the order in which they are appended.</param>
    public sealed record Accepted(StockDecision Stock, IReadOnlyList<DocumentEvents> Documents) : Decision;

    /// <summary>The command is not carried out.</summary>
    public sealed record Refused(Refusal Refusal) : Decision;

    /// <summary>Accepts a command that moves no stock.</summary>
    public static Decision Accept(params IReadOnlyList<DocumentEvents> documents) => new Accepted(StockDecision.Nothing, documents);

    public static implicit operator Decision(Refusal refusal) => new Refused(refusal);
}
