namespace Fluxion.Ledger.Decisions;

/// <summary>The events that a decision appends to the stream of one document. Without events the document stays as it is.</summary>
public abstract record DocumentEvents(Guid Id, IReadOnlyList<object> Events)
{
    public static DocumentEvents Of<T>(Guid id, params IReadOnlyList<object> events)
        where T : class, IAggregate<T> => new Typed<T>(id, events);

    internal abstract void AppendTo(LedgerSession ledger);

    private sealed record Typed<T>(Guid Id, IReadOnlyList<object> Events) : DocumentEvents(Id, Events)
        where T : class, IAggregate<T>
    {
        internal override void AppendTo(LedgerSession ledger)
        {
            if (Events.Count > 0)
                ledger.Append<T>(Id, Events);
        }
    }
}
