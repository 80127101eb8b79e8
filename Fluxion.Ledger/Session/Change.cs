using JasperFx.Events;

namespace Fluxion.Ledger.Session;

/// <summary>One event with the state of its stream before and after it: all that a read model needs to write its rows.</summary>
/// <param name="Event">The event with its metadata; version and timestamp are set when the transaction is saved.</param>
/// <param name="Before">The aggregate before the event; null for the first event of a stream.</param>
/// <param name="After">The aggregate after the event.</param>
public sealed record Change(IEvent Event, object? Before, object After);
