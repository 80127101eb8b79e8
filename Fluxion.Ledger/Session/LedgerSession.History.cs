using System.Runtime.CompilerServices;
using JasperFx.Events;
using Marten;
using Marten.Events;
using Marten.Linq.MatchesSql;

namespace Fluxion.Ledger.Session;

/// <summary>Reads of earlier events and states, for commands about the past.</summary>
public sealed partial class LedgerSession
{
    /// <summary>
    /// Streams the events of stock items whose document occurred after <paramref name="occurredAfter"/>, stream by stream in version order.
    /// It reads all events of the streams, which may be millions: use it for commands about the past only.
    /// </summary>
    /// <param name="type">The only event type to return; null: all types.</param>
    public IAsyncEnumerable<IEvent> OccurredAfter(
        IReadOnlyCollection<Guid> streams,
        DateTimeOffset occurredAfter,
        Type? type,
        CancellationToken ct
    )
    {
        const string After = "d.stream_id = any(?) and (d.data #>> '{document,occurredAt}')::timestamptz > ?";
        var name = type is null ? null : ((EventGraph)session.DocumentStore.Options.Events).EventMappingFor(type).EventTypeName;
        return (
            name is null
                ? session.Events.QueryAllRawEvents().Where(e => e.MatchesSql(After, streams.ToArray(), occurredAfter))
                : session
                    .Events.QueryAllRawEvents()
                    .Where(e => e.MatchesSql($"d.type = ? and {After}", name, streams.ToArray(), occurredAfter))
        )
            .OrderBy(e => e.StreamId)
            .ThenBy(e => e.Version)
            .ToAsyncEnumerable(ct);
    }

    /// <summary>
    /// Streams every state that the aggregates have had, each with its event, stream by stream in version order.
    /// It folds the streams from their beginning: use it for commands about the past only.
    /// </summary>
    public async IAsyncEnumerable<(T State, IEvent Event)> History<T>(
        IReadOnlyCollection<Guid> ids,
        [EnumeratorCancellation] CancellationToken ct
    )
        where T : class, IAggregate<T>
    {
        if (ids.Count == 0)
            yield break;
        T? state = null;
        await foreach (
            var e in session
                .Events.QueryAllRawEvents()
                .Where(e => e.MatchesSql("d.stream_id = any(?)", ids.ToArray()))
                .OrderBy(e => e.StreamId)
                .ThenBy(e => e.Version)
                .ToAsyncEnumerable(ct)
        )
        {
            state = T.Fold(e.StreamId, e.Version == 1 ? null : state, e.Data);
            yield return (state, e);
        }
    }

    /// <summary>The states of aggregates at earlier versions. An aggregate without an event by then is omitted.</summary>
    public async Task<IReadOnlyDictionary<Guid, T>> AtVersions<T>(IReadOnlyDictionary<Guid, long> versions, CancellationToken ct)
        where T : class, IAggregate<T>
    {
        var states = new Dictionary<Guid, T>();
        await foreach (var (state, e) in History<T>([.. versions.Keys], ct))
            if (e.Version <= versions[state.Id])
                states[state.Id] = state;
        return states;
    }

    /// <summary>The times at which events were recorded, by stream and version. Events that do not exist are omitted.</summary>
    public async Task<IReadOnlyDictionary<(Guid StreamId, long Version), DateTimeOffset>> RecordedAt(
        IEnumerable<(Guid StreamId, long Version)> events,
        CancellationToken ct
    )
    {
        var wanted = events.Distinct().ToList();
        var times = new Dictionary<(Guid, long), DateTimeOffset>();
        if (wanted.Count == 0)
            return times;
        await using var command = CreateCommand(
            $"""
            select e.stream_id, e.version, e.timestamp
            from {Tenant.Schema}.mt_events e
            join unnest($1::uuid[], $2::bigint[]) w (id, version) on w.id = e.stream_id and w.version = e.version
            """,
            wanted.Select(w => w.StreamId).ToArray(),
            wanted.Select(w => w.Version).ToArray()
        );
        await using var r = await command.ExecuteReaderAsync(ct);
        while (await r.ReadAsync(ct))
            times[(r.GetGuid(0), r.GetInt64(1))] = r.GetFieldValue<DateTimeOffset>(2);
        return times;
    }

    /// <summary>All events of a stream, in version order. For short streams only, such as those of documents.</summary>
    public async Task<IReadOnlyList<object>> History(Guid streamId, CancellationToken ct) =>
        [.. (await session.Events.FetchStreamAsync(streamId, token: ct)).Select(e => e.Data)];
}
