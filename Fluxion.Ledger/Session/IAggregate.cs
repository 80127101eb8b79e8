namespace Fluxion.Ledger.Session;

/// <summary>
/// The state of one stream, folded from its events. <see cref="Fold"/> is a pure function: it reads no clock, creates no ids and does no
/// I/O. Marten stores the latest state as a document with the stream's id, so a command never reads a long stream.
/// </summary>
public interface IAggregate<TSelf>
    where TSelf : class, IAggregate<TSelf>
{
    Guid Id { get; }

    /// <summary>
    /// Returns the state of the stream <paramref name="id"/> after <paramref name="event"/>.
    /// <paramref name="current"/> is null before the first event.
    /// </summary>
    /// <exception cref="UnknownEventException">The event does not belong to this aggregate.</exception>
    static abstract TSelf Fold(Guid id, TSelf? current, object @event);
}

/// <summary>
/// A stream contains an event that its aggregate does not know. Folding fails, because a skipped event would give a wrong state.
/// </summary>
public sealed class UnknownEventException(Type aggregate, object @event)
    : Exception($"{aggregate.Name} knows no event {@event.GetType().Name}.");

/// <summary>An aggregate with a code, such as a sku or a store code. The code is unique in the tenant.</summary>
public interface ICoded
{
    string Code { get; }
}
