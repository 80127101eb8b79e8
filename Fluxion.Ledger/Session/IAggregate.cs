namespace Fluxion.Ledger.Session;

/// <summary>
/// The state of one stream, folded from its events. <see cref="Fold"/> decides nothing: no clock, no ids, no I/O.
/// The last state is kept as a Marten document of the same id, so that a command never reads a long stream.
/// </summary>
public interface IAggregate<TSelf> where TSelf : class, IAggregate<TSelf>
{
    Guid Id { get; }

    /// <summary>The state after <paramref name="event"/> of the stream <paramref name="id"/>; <paramref name="current"/> is null before its first.</summary>
    /// <exception cref="UnknownEventException">No event of this aggregate.</exception>
    static abstract TSelf Fold(Guid id, TSelf? current, object @event);
}

/// <summary>A stream holds an event that its aggregate does not know: never skipped, since the state would be wrong.</summary>
public sealed class UnknownEventException(Type aggregate, object @event)
    : Exception($"{aggregate.Name} knows no event {@event.GetType().Name}.");

/// <summary>An aggregate that people name by a code (sku, store code, …), unique in its tenant.</summary>
public interface ICoded
{
    string Code { get; }
}
