using Fluxion.Ledger;
using Fluxion.Ledger.Session;
using Fluxion.Projections.Writing;
using JasperFx.Events;
using Marten;
using Marten.Events.Projections;

namespace Fluxion.Benchmarks;

/// <summary>
/// The read models as a projection that Marten's daemon can rebuild. The same statements as live write the same tables. Marten applies
/// events in the order of their sequence numbers, so the state of every stream is kept in memory. That is the cheapest way to have it
/// available.
/// </summary>
/// <param name="progress">A callback that gets the number of applied events.</param>
internal sealed class MartenReadModels(string schema, Action<long>? progress) : IProjection
{
    public const string Name = "read_models";

    private readonly Dictionary<Guid, (object State, long Version)> _streams = [];
    private long _events;

    public Task ApplyAsync(IDocumentOperations operations, IReadOnlyList<IEvent> events, CancellationToken cancellation)
    {
        var (first, others) = (new List<Change>(), new List<Change>());
        foreach (var @event in events)
        {
            var (before, version) = _streams.GetValueOrDefault(@event.StreamId);
            if (@event.Version != version + 1)
                throw new InvalidOperationException($"Version {@event.Version} of {@event.StreamId} came after {version}.");
            var after = LedgerModel.Folds[@event.Data.GetType()](@event.StreamId, before, @event.Data);
            (before is null ? first : others).Add(new Change(@event, before, after));
            _streams[@event.StreamId] = (after, @event.Version);
        }
        var rows = new LiveRows(operations, schema);
        foreach (var table in ReadModels.Tables)
        {
            // The first events of streams are written separately, so that a later event of the same batch cannot override columns that
            // only they contain
            table.Write(first, rows);
            table.Write(others, rows);
        }
        progress?.Invoke(_events += events.Count);
        return Task.CompletedTask;
    }
}
