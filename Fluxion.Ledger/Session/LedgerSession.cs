using System.Globalization;
using System.Linq.Expressions;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Fluxion.Ledger.Access;
using Fluxion.Ledger.Alerts;
using Fluxion.Ledger.Decisions;
using Fluxion.Ledger.Http;
using Fluxion.Ledger.Stock;
using Fluxion.Ledger.Tenancy;
using Fluxion.Ledger.Time;
using Fluxion.Ledger.Validation;
using JasperFx.Events;
using Marten;
using Marten.Events;
using Marten.Linq.MatchesSql;
using Microsoft.AspNetCore.Http;
using Npgsql;
using Wolverine;

namespace Fluxion.Ledger.Session;

/// <summary>
/// One command on its way through the ledger: one transaction of one tenant. It claims the idempotency key, locks and loads the streams
/// that the command touches, appends what was decided, and commits events, read-model rows, outgoing messages and the answer together,
/// or none of them. It is the only code that appends events.
/// </summary>
/// <param name="messages">The messages of the same transaction: Wolverine's context that <paramref name="session"/> was opened with.</param>
public sealed class LedgerSession(IDocumentSession session, Tenant tenant, Caller caller, IMessageBus? messages = null) : DocumentSessionListenerBase
{
    private readonly Dictionary<Guid, Loaded> _streams = [];
    private readonly List<Change> _changes = [];
    private readonly List<StockReviewRequest> _reviewRequests = [];
    private readonly List<Action> _afterCommit = [];
    private readonly List<(NpgsqlBatchCommand Question, Func<NpgsqlDataReader, CancellationToken, Task> Answer)> _pendingQueries = [];

    public Caller Caller => caller;
    public Tenant Tenant => tenant;

    /// <summary>
    /// The ledger's time: what the database's clock showed in this transaction's first batch, and again each time after it had waited for a lock.
    /// So of two commands on one stock item the later one has the later time, whatever the clocks of their hosts show.
    /// </summary>
    public DateTimeOffset Now { get; private set; }

    /// <summary>How far the client's clock was ahead of the ledger's when it sent the request; null when it did not say.</summary>
    private TimeSpan? _clockSkew;

    /// <summary>The events appended so far, in order, with the states around them.</summary>
    public IReadOnlyList<Change> Changes => _changes;

    /// <summary>The session whose transaction a projection runs in.</summary>
    public static LedgerSession From(IDocumentOperations operations) =>
        ((IDocumentSession)operations).Listeners.OfType<LedgerSession>().SingleOrDefault()
        ?? throw new InvalidOperationException("Events are appended through a LedgerSession only: read models need the states around each event.");

    /// <summary>
    /// Runs <paramref name="handle"/> in this session's transaction and turns its reply into the HTTP answer.
    /// With an Idempotency-Key it is applied once and answered alike ever after.
    /// </summary>
    public async Task<IResult> Run<TCommand>(HttpContext http, TCommand command, Func<CancellationToken, Task<Reply>> handle)
    {
        var ct = http.RequestAborted;
        var json = http.JsonOptions();
        var required = http.GetEndpoint()?.Metadata.GetMetadata<MovesStockOrMoneyAttribute>() is not null;
        var (key, problem) = IdempotencyKey.Read(http, tenant.Schema, caller.UserId, command, json, required);
        if (problem is not null) return new RefusedResult(problem);

        if (await Begin(key, ct) is { } answer) return key!.Replay(answer, http);
        if (command is IOccurrence { SentAt: { } sentAt }) CorrectClockSkew(sentAt, RequestArrival.Elapsed(http));

        IReadOnlyList<UniqueName>? unique = null;
        try
        {
            switch (await handle(ct))
            {
                case Reply.Refused refused:
                    return new RefusedResult(refused.Refusal);
                case Reply.DryRun tried:
                    await CommitAndRollBack(ct);
                    return TypedResults.Text(JsonSerializer.SerializeToUtf8Bytes(tried.Body, json), "application/json; charset=utf-8");
                case Reply.Accepted accepted:
                    unique = accepted.Unique;
                    var body = JsonSerializer.SerializeToUtf8Bytes(accepted.Body, json);
                    if (key is not null)
                    {
                        var (sql, parameters) = key.StoreAnswer(accepted, body);
                        session.QueueSqlCommand(sql, parameters);
                    }
                    await Commit(CancellationToken.None); // from here on the client's going away changes nothing
                    if (accepted.Location is not null) http.Response.Headers.Location = accepted.Location;
                    return TypedResults.Text(body, "application/json; charset=utf-8", accepted.Status);
                default:
                    throw new InvalidOperationException("A command ends accepted, refused or tried.");
            }
        }
        catch (Exception e) when (FindPostgresException(e, PostgresErrorCodes.NumericValueOutOfRange) is not null)
        {
            return new RefusedResult(Refusal.TooLarge(command));
        }
        catch (Exception e) when (FindPostgresException(e, PostgresErrorCodes.UniqueViolation) is { } violation && UniqueConstraints.MeansAlreadyExists(violation.ConstraintName))
        {
            return new RefusedResult(await DescribeConflict(unique ?? [], violation.ConstraintName, ct));
        }
    }

    /// <summary>
    /// The 409 for what turned out to be taken at the commit, with the document that has it. This session's transaction is gone: another one looks.
    /// </summary>
    private async Task<Refusal> DescribeConflict(IReadOnlyList<UniqueName> unique, string? constraint, CancellationToken ct)
    {
        // its connection goes back first: a request never holds two
        var (store, tenantId) = (session.DocumentStore, session.TenantId);
        await session.DisposeAsync();
        await using var another = store.LightweightSession(tenantId);
        var ledger = new LedgerSession(another, tenant, caller);
        await ledger.Begin(ct);
        foreach (var name in unique)
            if (await name.FindExisting(ledger, ct) is { } existing) return Refusal.AlreadyExists(name.Title, name.Detail, existing);
        return unique is [var only]
            ? Refusal.Conflict(only.Title, only.Detail)
            : Refusal.Conflict("Already exists", $"Another request has just created the same thing ({constraint}). Read it and decide again.");
    }

    /// <summary>Opens the transaction; for callers without an HTTP request (provisioning, reactions).</summary>
    public Task Begin(CancellationToken ct) => Begin(null, ct);

    /// <summary>Opens the transaction, reads the database's clock and claims the idempotency key, in one batch.</summary>
    /// <returns>What was answered when the key was used before; null when it was not.</returns>
    private async Task<IdempotencyKey.StoredAnswer?> Begin(IdempotencyKey? key, CancellationToken ct)
    {
        session.LastModifiedBy = caller.UserId == Guid.Empty ? null : caller.UserId.ToString();
        if (caller.Address is not null) session.SetHeader(Headers.Address, caller.Address);
        if (caller.Agent is not null) session.SetHeader(Headers.Agent, caller.Agent);
        session.Listeners.Add(this);
        await session.BeginTransactionAsync(ct);
        await using var batch = new NpgsqlBatch(session.Connection);
        batch.BatchCommands.Add(new(ReadClock));
        key?.AddClaim(batch);
        await using var reader = await batch.ExecuteReaderAsync(ct);
        await ReadNow(reader, ct);
        if (key is null) return null;
        await reader.NextResultAsync(ct);
        return await IdempotencyKey.ReadClaim(reader, ct);
    }

    private const string ReadClock = "select clock_timestamp()";

    /// <summary>Takes the time from the result of <see cref="ReadClock"/>.</summary>
    private async Task ReadNow(NpgsqlDataReader reader, CancellationToken ct)
    {
        await reader.ReadAsync(ct);
        Now = reader.GetFieldValue<DateTimeOffset>(0);
    }

    /// <summary>Learns from when a client says it sent its request how far its clock is off; the events of this command keep that.</summary>
    /// <param name="elapsed">For how long the request has been here.</param>
    private void CorrectClockSkew(DateTimeOffset sentAt, TimeSpan elapsed)
    {
        var skew = sentAt - (Now - elapsed);
        _clockSkew = skew - TimeSpan.FromTicks(skew.Ticks % TimeSpan.TicksPerMicrosecond); // what it corrects is kept in microseconds
        session.SetHeader(Headers.ClockSkew, _clockSkew.Value.TotalSeconds.ToString("0.###", CultureInfo.InvariantCulture));
    }

    /// <summary>When something happened that a client dates by its own clock.</summary>
    /// <param name="occurredAt">As the request says it; null: when the ledger records it.</param>
    /// <param name="notBefore">When its cause happened; null when it has none.</param>
    public Occurrence ResolveOccurrence(DateTimeOffset? occurredAt, DateTimeOffset? notBefore = null)
    {
        if (occurredAt is not { } at) return new Occurrence(null, notBefore);
        at = ToLedgerTime(at);
        return new Occurrence(at < Now ? at : Now, notBefore);
    }

    /// <summary>A moment that a client dates by its own clock, as the ledger's clock had it; it may lie in the future.</summary>
    public DateTimeOffset ToLedgerTime(DateTimeOffset at) => _clockSkew is { } skew ? Occurrence.Corrected(at, Now + skew, Now) : at;

    /// <summary>Commits all that was appended and queued.</summary>
    public async Task Commit(CancellationToken ct)
    {
        session.StoreObjects(_streams.Values.Where(s => s.Appended > 0).Select(s => s.State!));
        if (messages is not null)
        {
            // in the same transaction: what may have changed alerts is looked at, whatever becomes of this node
            foreach (var some in _reviewRequests.Concat(_changes.SelectMany(StockReviewRequest.From)).Distinct().Chunk(ReviewStock.BatchSize))
                await messages.PublishAsync(new ReviewStock(some));
        }
        await session.SaveChangesAsync(ct);
        foreach (var action in _afterCommit) action();
    }

    /// <summary>Writes all that was appended and queued, and rolls it back: what the database would refuse, it refuses here too.</summary>
    private async Task CommitAndRollBack(CancellationToken ct)
    {
        ((ITransactionParticipantRegistrar)session).AddTransactionParticipant(new DryRun(_changes));
        try
        {
            await Commit(ct);
        }
        catch (DryRunEndedException)
        {
            // all was written, and nothing is committed
        }
    }

    /// <summary>Ends a transaction when all is written and before it is committed.</summary>
    private sealed class DryRun(IEnumerable<Change> changes) : ITransactionParticipant
    {
        public Task BeforeCommitAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, CancellationToken token)
        {
            foreach (var change in changes) change.Event.Sequence = 0; // else Marten writes a tombstone for each
            throw new DryRunEndedException();
        }

        public Task AfterCommitAsync(CancellationToken token) => Task.CompletedTask;
    }

    private sealed class DryRunEndedException : Exception;

    /// <summary>What follows the commit, and only a commit. It neither throws nor waits: what was asked for is done by then.</summary>
    public void AfterCommit(Action action) => _afterCommit.Add(action);

    /// <summary>
    /// A message that is handled in this tenant at a point in time, also after downtime: it is kept in the same transaction, and gone with it.
    /// </summary>
    public ValueTask Schedule(object message, DateTimeOffset at) =>
        (messages ?? throw new InvalidOperationException("This session has no messages.")).PublishAsync(message, new DeliveryOptions { ScheduledTime = at });

    /// <summary>Something by which alerts may have changed: they are looked at after the commit, or by the next scan when this session has no messages.</summary>
    public void RequestReview(StockReviewRequest request) => _reviewRequests.Add(request);

    /// <summary>A question in the same transaction, with $1, $2, … for the parameters.</summary>
    public NpgsqlCommand CreateCommand(string sql, params object[] parameters)
    {
        var command = new NpgsqlCommand(sql, session.Connection);
        foreach (var parameter in parameters) command.Parameters.Add(new() { Value = parameter });
        return command;
    }

    /// <summary>
    /// A question that goes with the next lock, in its round trip, and sees what is there once the lock is held; with $1, $2, … for the parameters.
    /// </summary>
    /// <param name="read">Reads the rows.</param>
    public Pending<T> QueryWithNextLock<T>(string sql, IReadOnlyList<object> parameters, Func<NpgsqlDataReader, CancellationToken, Task<T>> read)
    {
        var question = new NpgsqlBatchCommand(sql);
        foreach (var parameter in parameters) question.Parameters.Add(new() { Value = parameter });
        var asked = new Pending<T>();
        _pendingQueries.Add((question, async (reader, ct) => asked.Complete(await read(reader, ct))));
        return asked;
    }

    /// <summary>As <see cref="Read{T}"/>, with the next lock.</summary>
    public Pending<T?> ReadWithNextLock<T>(Guid id) where T : class, IAggregate<T> => QueryWithNextLock(
        $"select data from {Documents<T>()} where id = $1", [id], async (reader, ct) =>
            await reader.ReadAsync(ct) ? await session.DocumentStore.Options.Serializer().FromJsonAsync<T>(reader, 0, ct) : null);

    /// <summary>Events of some types of a stream that is short, with their ids and in their order, with the next lock.</summary>
    public Pending<IReadOnlyList<(Guid Id, object Data)>> EventsWithNextLock(Guid stream, params Type[] types)
    {
        var typeOf = types.ToDictionary(type => ((EventGraph)session.DocumentStore.Options.Events).EventMappingFor(type).EventTypeName);
        return QueryWithNextLock<IReadOnlyList<(Guid, object)>>(
            $"select id, type, data from {tenant.Schema}.mt_events where stream_id = $1 and type = any($2) order by version", [stream, typeOf.Keys.ToArray()],
            async (reader, ct) =>
            {
                var (events, serializer) = (new List<(Guid, object)>(), session.DocumentStore.Options.Serializer());
                while (await reader.ReadAsync(ct))
                    events.Add((reader.GetGuid(0), await serializer.FromJsonAsync(typeOf[reader.GetString(1)], reader, 2, ct)));
                return events;
            });
    }

    /// <summary>A statement of the same transaction, with ? for each parameter.</summary>
    public void Enqueue(string sql, params object[] parameters) => session.QueueSqlCommand(sql, parameters);

    /// <summary>
    /// Waits until no other command of the tenant is at <paramref name="what"/> and keeps the turn to the end of the transaction: for a law
    /// over several streams. Taken before any stream is locked, so that nobody who waits holds one.
    /// </summary>
    public Task AcquireLock(string what, CancellationToken ct) => AcquireAdvisoryLock("pg_advisory_xact_lock", what, ct);

    /// <summary>As <see cref="AcquireLock"/>, but beside others that share the turn: only who takes it alone waits for them, and they for him.</summary>
    public Task AcquireSharedLock(string what, CancellationToken ct) => AcquireAdvisoryLock("pg_advisory_xact_lock_shared", what, ct);

    private async Task AcquireAdvisoryLock(string takes, string what, CancellationToken ct)
    {
        await using var batch = new NpgsqlBatch(session.Connection);
        batch.BatchCommands.Add(new($"select {takes}(hashtextextended($1, 0))") { Parameters = { new() { Value = $"{tenant.Schema}/{what}" } } });
        batch.BatchCommands.Add(new(ReadClock));
        await using var reader = await batch.ExecuteReaderAsync(ct);
        await reader.NextResultAsync(ct);
        await ReadNow(reader, ct);
    }

    /// <summary>As <see cref="Lock{T}(IReadOnlyCollection{Guid}, IReadOnlyCollection{Guid}, CancellationToken)"/>.</summary>
    /// <param name="create">Whether missing streams are begun: all of them or none.</param>
    public Task<IReadOnlyDictionary<Guid, T?>> Lock<T>(IReadOnlyCollection<Guid> ids, bool create, CancellationToken ct) where T : class, IAggregate<T> =>
        Lock<T>(ids, create ? ids : [], ct);

    /// <summary>
    /// Locks the streams in ascending id order to the end of the transaction and loads their states; null for one that does not exist.
    /// One round trip, whatever the number of streams. Every command locks in this order: two of them cannot wait for each other.
    /// </summary>
    /// <param name="create">Those of <paramref name="ids"/> that are begun when they are missing, so that two commands cannot begin one at once.</param>
    public async Task<IReadOnlyDictionary<Guid, T?>> Lock<T>(IReadOnlyCollection<Guid> ids, IReadOnlyCollection<Guid> create, CancellationToken ct)
        where T : class, IAggregate<T>
    {
        var store = session.DocumentStore.Options;
        var streamIds = ids.Distinct().ToArray();
        await using var batch = new NpgsqlBatch(session.Connection);
        if (create.Count > 0)
        {
            // sorted as the locks below are; a command that waits here holds only streams that it began itself, lower than the one it waits for
            batch.BatchCommands.Add(new($"""
                insert into {tenant.Schema}.mt_streams (id, type, version, tenant_id)
                select id, $2, 0, $3 from unnest($1) id order by id
                on conflict (id) do nothing
                """)
            {
                Parameters = { new() { Value = create.Distinct().ToArray() }, new() { Value = StreamType<T>() }, new() { Value = session.TenantId } },
            });
        }
        batch.BatchCommands.Add(new($"select id, version from {tenant.Schema}.mt_streams where id = any($1) order by id for update")
        {
            Parameters = { new() { Value = streamIds } },
        });
        batch.BatchCommands.Add(new($"select id, data from {Documents<T>()} where id = any($1)") { Parameters = { new() { Value = streamIds } } });
        batch.BatchCommands.Add(new(ReadClock));
        foreach (var (question, _) in _pendingQueries) batch.BatchCommands.Add(question);

        var states = streamIds.ToDictionary(id => id, _ => (T?)null);
        await using var reader = await batch.ExecuteReaderAsync(ct);
        while (await reader.ReadAsync(ct)) _streams[reader.GetGuid(0)] = new Loaded(reader.GetInt64(1));
        await reader.NextResultAsync(ct);
        while (await reader.ReadAsync(ct))
        {
            var id = reader.GetGuid(0);
            var state = await store.Serializer().FromJsonAsync<T>(reader, 1, ct);
            states[id] = state;
            _streams[id].State = state;
        }
        await reader.NextResultAsync(ct);
        await ReadNow(reader, ct);
        foreach (var (_, answer) in _pendingQueries)
        {
            await reader.NextResultAsync(ct);
            await answer(reader, ct);
        }
        _pendingQueries.Clear();
        return states;
    }

    /// <summary>Locks and loads one stream.</summary>
    public async Task<T?> Lock<T>(Guid id, CancellationToken ct) where T : class, IAggregate<T> => (await Lock<T>([id], false, ct))[id];

    /// <summary>
    /// Aggregates by id or code, not locked: what a command refers to but does not change. Codes are compared in upper case.
    /// The result is keyed by the reference as it was given. One round trip.
    /// </summary>
    public async Task<IReadOnlyDictionary<string, T>> Find<T>(IEnumerable<string> references, CancellationToken ct)
        where T : class, IAggregate<T>, ICoded
    {
        var wanted = references.Distinct().ToArray();
        var ids = wanted.Where(r => Guid.TryParse(r, out _)).Select(Guid.Parse).ToArray();
        var codes = wanted.SelectMany(Codes.Spellings).Distinct().ToArray();
        var store = session.DocumentStore.Options;
        await using var command = new NpgsqlCommand($"select data from {Documents<T>()} where id = any($1) or data ->> 'code' = any($2)", session.Connection)
        {
            Parameters = { new() { Value = ids }, new() { Value = codes } },
        };
        var byId = new Dictionary<Guid, T>();
        var byCode = new Dictionary<string, T>();
        await using (var reader = await command.ExecuteReaderAsync(ct))
        {
            while (await reader.ReadAsync(ct))
            {
                var found = await store.Serializer().FromJsonAsync<T>(reader, 0, ct);
                byId[found.Id] = byCode[found.Code] = found;
            }
        }
        var result = new Dictionary<string, T>();
        foreach (var reference in wanted)
        {
            var found = Codes.Spellings(reference).Select(byCode.GetValueOrDefault).FirstOrDefault(named => named is not null);
            if (found is not null || (Guid.TryParse(reference, out var id) && byId.TryGetValue(id, out found))) result[reference] = found;
        }
        return result;
    }

    /// <summary>The aggregate that <paramref name="reference"/> names, or null.</summary>
    public async Task<T?> Find<T>(string? reference, CancellationToken ct) where T : class, IAggregate<T>, ICoded =>
        reference is null ? null : (await Find<T>([reference], ct)).GetValueOrDefault(reference);

    /// <summary>An aggregate by its id, not locked; null when it does not exist.</summary>
    public async Task<T?> Read<T>(Guid id, CancellationToken ct) where T : class, IAggregate<T>
    {
        var store = session.DocumentStore.Options;
        await using var command = new NpgsqlCommand($"select data from {Documents<T>()} where id = $1", session.Connection) { Parameters = { new() { Value = id } } };
        await using var reader = await command.ExecuteReaderAsync(ct);
        return await reader.ReadAsync(ct) ? await store.Serializer().FromJsonAsync<T>(reader, 0, ct) : null;
    }

    /// <summary>
    /// The events of a stock item's stream whose document occurred after <paramref name="occurredAfter"/>, in the order recorded and read as they are
    /// used: a stream may hold millions. It goes through the whole streams: for commands about the past, not for every command.
    /// </summary>
    /// <param name="type">Only events of this type; null: of all.</param>
    public IAsyncEnumerable<IEvent> OccurredAfter(IReadOnlyCollection<Guid> streams, DateTimeOffset occurredAfter, Type? type, CancellationToken ct)
    {
        const string After = "d.stream_id = any(?) and (d.data #>> '{document,occurredAt}')::timestamptz > ?";
        var name = type is null ? null : ((EventGraph)session.DocumentStore.Options.Events).EventMappingFor(type).EventTypeName;
        return (name is null
                ? session.Events.QueryAllRawEvents().Where(e => e.MatchesSql(After, streams.ToArray(), occurredAfter))
                : session.Events.QueryAllRawEvents().Where(e => e.MatchesSql($"d.type = ? and {After}", name, streams.ToArray(), occurredAfter)))
            .OrderBy(e => e.StreamId).ThenBy(e => e.Version).ToAsyncEnumerable(ct);
    }

    /// <summary>
    /// All states that aggregates had, each with its version, in the order recorded. It folds the streams from their beginning and is read as it is
    /// used: for commands about the past, not for every command.
    /// </summary>
    public async IAsyncEnumerable<(T State, IEvent Event)> History<T>(IReadOnlyCollection<Guid> ids, [EnumeratorCancellation] CancellationToken ct)
        where T : class, IAggregate<T>
    {
        if (ids.Count == 0) yield break;
        T? state = null;
        await foreach (var e in session.Events.QueryAllRawEvents().Where(e => e.MatchesSql("d.stream_id = any(?)", ids.ToArray()))
            .OrderBy(e => e.StreamId).ThenBy(e => e.Version).ToAsyncEnumerable(ct))
        {
            state = T.Fold(e.StreamId, e.Version == 1 ? null : state, e.Data);
            yield return (state, e);
        }
    }

    /// <summary>The states of aggregates as they were at earlier versions; one that had no event yet is left out.</summary>
    public async Task<IReadOnlyDictionary<Guid, T>> AtVersions<T>(IReadOnlyDictionary<Guid, long> versions, CancellationToken ct) where T : class, IAggregate<T>
    {
        var states = new Dictionary<Guid, T>();
        await foreach (var (state, e) in History<T>([.. versions.Keys], ct))
            if (e.Version <= versions[state.Id]) states[state.Id] = state;
        return states;
    }

    /// <summary>When events were recorded, by their streams and versions; those that there are not are left out.</summary>
    public async Task<IReadOnlyDictionary<(Guid StreamId, long Version), DateTimeOffset>> RecordedAt(
        IEnumerable<(Guid StreamId, long Version)> events, CancellationToken ct)
    {
        var wanted = events.Distinct().ToList();
        var times = new Dictionary<(Guid, long), DateTimeOffset>();
        if (wanted.Count == 0) return times;
        await using var command = CreateCommand($"select e.stream_id, e.version, e.timestamp from {Tenant.Schema}.mt_events e join unnest($1::uuid[], $2::bigint[]) w (id, version) on w.id = e.stream_id and w.version = e.version",
            wanted.Select(w => w.StreamId).ToArray(), wanted.Select(w => w.Version).ToArray());
        await using var r = await command.ExecuteReaderAsync(ct);
        while (await r.ReadAsync(ct)) times[(r.GetGuid(0), r.GetInt64(1))] = r.GetFieldValue<DateTimeOffset>(2);
        return times;
    }

    /// <summary>All events of a stream, in the order recorded: for streams that are short, as those of documents are.</summary>
    public async Task<IReadOnlyList<object>> History(Guid streamId, CancellationToken ct) =>
        [.. (await session.Events.FetchStreamAsync(streamId, token: ct)).Select(e => e.Data)];

    /// <summary>Any aggregate that meets the condition, not locked.</summary>
    public Task<T?> First<T>(Expression<Func<T, bool>> condition, CancellationToken ct) where T : class, IAggregate<T> =>
        session.Query<T>().FirstOrDefaultAsync(condition, ct);

    /// <summary>Appends events to a stream that this session has locked, or begins a new one, and returns the state after them.</summary>
    public T Append<T>(Guid id, params IReadOnlyList<object> events) where T : class, IAggregate<T>
    {
        var isNew = !_streams.TryGetValue(id, out var stream);
        if (isNew) _streams[id] = stream = new Loaded(0);
        stream!.Appended += events.Count;
        var action = isNew
            ? session.Events.StartStream<T>(id, events)
            : session.Events.Append(id, stream.Version + stream.Appended, events);
        foreach (var appended in action.Events.Skip(action.Events.Count - events.Count))
        {
            // ordered by time, as the rows are that bear it; unless what happened has an id from elsewhere
            appended.Id = (appended.Data as StockMovement)?.MovementId ?? Guid.CreateVersion7(Now);
            appended.Timestamp = Now; // Marten would take the host's clock
            var after = T.Fold(id, (T?)stream.State, appended.Data);
            _changes.Add(new Change(appended, stream.State, after));
            stream.State = after;
        }
        return (T)stream.State!;
    }

    /// <summary>The table that holds the states of an aggregate.</summary>
    public string Documents<T>() => session.DocumentStore.Options.FindOrResolveDocumentType(typeof(T)).TableName.QualifiedName;

    private string StreamType<T>() => ((EventGraph)session.DocumentStore.Options.Events).AggregateAliasFor(typeof(T));

    /// <summary>The version of a stream that this session locked or began, with what it appended; 0 when there is none.</summary>
    public long VersionOf(Guid id) => _streams.TryGetValue(id, out var stream) ? stream.Version + stream.Appended : 0;

    private static PostgresException? FindPostgresException(Exception e, string sqlState)
    {
        for (var inner = e; inner is not null; inner = inner.InnerException)
            if (inner is PostgresException refusal && refusal.SqlState == sqlState) return refusal;
        return null;
    }

    private sealed class Loaded(long version)
    {
        public long Version { get; } = version;
        public int Appended { get; set; }
        public object? State { get; set; }
    }
}

/// <summary>What a question that goes with the next lock will be answered.</summary>
public sealed class Pending<T>
{
    private bool _isCompleted;
    private T? _value;

    /// <exception cref="InvalidOperationException">Nothing has been locked since it was asked.</exception>
    public T Value => _isCompleted ? _value! : throw new InvalidOperationException("The question goes with the next lock, and there has been none.");

    internal void Complete(T value) => (_value, _isCompleted) = (value, true);
}

/// <summary>The names of the headers that each event carries.</summary>
public static class Headers
{
    public const string Address = "address";
    public const string Agent = "agent";

    /// <summary>By how many seconds the client's clock was ahead of the ledger's; negative when it was behind.</summary>
    public const string ClockSkew = "clock_skew";
}
