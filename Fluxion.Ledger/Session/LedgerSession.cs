using System.Diagnostics;
using System.Globalization;
using System.Linq.Expressions;
using Fluxion.Ledger.Alerts;
using Fluxion.Ledger.Diagnostics;
using Fluxion.Ledger.Stock;
using Fluxion.Ledger.Tenancy;
using Fluxion.Ledger.Time;
using Marten;
using Marten.Events;
using Npgsql;
using Wolverine;

namespace Fluxion.Ledger.Session;

/// <summary>
/// Executes one command in one transaction of one tenant. It claims the idempotency key, locks and loads the streams, and appends the
/// decided events. It commits events, read-model rows, outgoing messages and the answer atomically. No other code appends events.
/// </summary>
/// <param name="messages">
/// The message bus of the same transaction: the Wolverine context that <paramref name="session"/> was opened with. Null: no messages are
/// sent.
/// </param>
public sealed partial class LedgerSession(IDocumentSession session, Tenant tenant, Caller caller, IMessageBus? messages = null)
    : DocumentSessionListenerBase
{
    private readonly Dictionary<Guid, Loaded> _streams = [];
    private readonly List<Change> _changes = [];
    private readonly List<StockReviewRequest> _reviewRequests = [];
    private readonly List<Action> _afterCommit = [];
    private readonly List<(NpgsqlBatchCommand Question, Func<NpgsqlDataReader, CancellationToken, Task> Answer)> _pendingQueries = [];
    private TimeSpan _lockWait;
    private long? _lockStarted;

    public Caller Caller => caller;
    public Tenant Tenant => tenant;

    /// <summary>The outcome of the command; <see cref="CommandOutcome.Failed"/> after an exception and before the end.</summary>
    internal CommandOutcome Outcome { get; set; }

    /// <summary>
    /// The ledger's time: the database's clock in the first batch of this transaction, read again with every lock.
    /// So the later of two commands on one stock item has the later time, even when the clocks of their hosts differ.
    /// </summary>
    public DateTimeOffset Now { get; private set; }

    /// <summary>The client's clock less the ledger's when the request was sent; null when the client did not send its time.</summary>
    private TimeSpan? _clockSkew;

    /// <summary>The events appended so far, in order, each with the state before and after it.</summary>
    public IReadOnlyList<Change> Changes => _changes;

    /// <summary>The session whose transaction a projection runs in.</summary>
    public static LedgerSession From(IDocumentOperations operations) =>
        ((IDocumentSession)operations).Listeners.OfType<LedgerSession>().SingleOrDefault()
        ?? throw new InvalidOperationException(
            "Events are appended through a LedgerSession only: read models need the states around each event."
        );

    /// <summary>
    /// Runs the handling of a message in a span. <paramref name="handle"/> opens the transaction with
    /// <see cref="Begin(CancellationToken)"/>.
    /// </summary>
    public async Task Handle<TMessage>(Func<Task> handle)
    {
        var span = CommandSpan.Start(typeof(TMessage).Name, tenant.Slug);
        try
        {
            await handle();
            span.End(CommandOutcome.Accepted, null, LockWait);
        }
        catch (Exception e)
        {
            span.Fail(e, LockWait);
            throw;
        }
    }

    /// <summary>
    /// Builds the 409 after the commit violated a unique constraint, with the document that has the value already.
    /// This session's transaction has failed, so another session looks it up.
    /// </summary>
    internal async Task<Refusal> DescribeConflict(IReadOnlyList<UniqueName> unique, string? constraint, CancellationToken ct)
    {
        // return the connection first: a request never holds two
        var (store, tenantId) = (session.DocumentStore, session.TenantId);
        await session.DisposeAsync();
        await using var another = store.LightweightSession(tenantId);
        var ledger = new LedgerSession(another, tenant, caller);
        await ledger.Begin(ct);
        foreach (var name in unique)
            if (await name.FindExisting(ledger, ct) is { } existing)
                return name.Taken with { Existing = existing };
        return unique is [var only]
            ? only.Taken
            : Refusal.Conflict(
                "Already exists",
                $"Another request has just created the same thing ({constraint}). Read it and decide again."
            );
    }

    /// <summary>Opens the transaction. For callers without an HTTP request, such as provisioning and message handlers.</summary>
    public Task Begin(CancellationToken ct) => Begin(null, ct);

    /// <summary>Opens the transaction, reads the database's clock and claims the idempotency key, in one batch.</summary>
    /// <returns>The stored answer when the key was used before; else null.</returns>
    internal async Task<IdempotencyKey.StoredAnswer?> Begin(IdempotencyKey? key, CancellationToken ct)
    {
        session.LastModifiedBy = caller.PersonId?.ToString();
        if (caller.Address is not null)
            session.SetHeader(Headers.Address, caller.Address);
        if (caller.Agent is not null)
            session.SetHeader(Headers.Agent, caller.Agent);
        session.Listeners.Add(this);
        await session.BeginTransactionAsync(ct);
        await using var batch = new NpgsqlBatch(session.Connection);
        batch.BatchCommands.Add(new(ReadClock));
        key?.AddClaim(batch);
        _lockStarted = key is null ? null : Stopwatch.GetTimestamp();
        await using var reader = await batch.ExecuteReaderAsync(ct);
        await ReadNow(reader, ct);
        if (key is null)
            return null;
        await reader.NextResultAsync(ct);
        var answer = await IdempotencyKey.ReadClaim(reader, ct);
        EndLockWait();
        return answer;
    }

    /// <summary>The time of all round trips that acquired locks, also of one that failed, as after a deadlock.</summary>
    internal TimeSpan LockWait => _lockStarted is { } started ? _lockWait + Stopwatch.GetElapsedTime(started) : _lockWait;

    private void EndLockWait() => (_lockWait, _lockStarted) = (LockWait, null);

    private const string ReadClock = "select clock_timestamp()";

    /// <summary>Takes the time from the result of <see cref="ReadClock"/>.</summary>
    private async Task ReadNow(NpgsqlDataReader reader, CancellationToken ct)
    {
        await reader.ReadAsync(ct);
        Now = reader.GetFieldValue<DateTimeOffset>(0);
    }

    /// <summary>
    /// Computes the skew of the client's clock from the time at which it says that it sent the request. The events of this command store
    /// the skew.
    /// </summary>
    /// <param name="elapsed">Time since the request arrived.</param>
    internal void CorrectClockSkew(DateTimeOffset sentAt, TimeSpan elapsed)
    {
        var skew = sentAt - (Now - elapsed);
        _clockSkew = skew - TimeSpan.FromTicks(skew.Ticks % TimeSpan.TicksPerMicrosecond); // corrected times are stored in microseconds
        session.SetHeader(Headers.ClockSkew, _clockSkew.Value.TotalSeconds.ToString("0.###", CultureInfo.InvariantCulture));
    }

    /// <summary>
    /// Converts the client's time of an occurrence to the ledger's clock. A time after <see cref="Now"/> becomes <see cref="Now"/>.
    /// </summary>
    /// <param name="occurredAt">The time in the request; null: the time of recording.</param>
    /// <param name="notBefore">The time of its cause; null when it has none.</param>
    public Occurrence ResolveOccurrence(DateTimeOffset? occurredAt, DateTimeOffset? notBefore = null)
    {
        if (occurredAt is not { } at)
            return new Occurrence(null, notBefore);
        at = ToLedgerTime(at);
        return new Occurrence(at < Now ? at : Now, notBefore);
    }

    /// <summary>Converts a time by the client's clock to the ledger's clock. The result may lie in the future.</summary>
    public DateTimeOffset ToLedgerTime(DateTimeOffset at) => _clockSkew is { } skew ? Occurrence.Corrected(at, Now + skew, Now) : at;

    /// <summary>Checks that a refused command leaves nothing in the session.</summary>
    /// <exception cref="InvalidOperationException">Events were appended before the refusal: a defect of the command.</exception>
    internal void EnsureNothingAppended()
    {
        if (_changes.Count > 0)
            throw new InvalidOperationException($"A refused command has appended {_changes[0].Event.EventTypeName}.");
    }

    /// <summary>Commits everything that was appended and queued.</summary>
    public async Task Commit(CancellationToken ct)
    {
        session.StoreObjects(_streams.Values.Where(s => s.Appended > 0).Select(s => s.State!));
        if (messages is not null)
        {
            // sent in the same transaction: the alerts are reviewed even when this node stops after the commit
            foreach (
                var some in _reviewRequests.Concat(_changes.SelectMany(StockReviewRequest.From)).Distinct().Chunk(ReviewStock.BatchSize)
            )
                await messages.PublishAsync(new ReviewStock(some));
        }
        await session.SaveChangesAsync(ct);
        foreach (var action in _afterCommit)
            action();
    }

    /// <summary>
    /// Writes everything that was appended and queued, and rolls back. So a dry run meets every error that the database would raise.
    /// </summary>
    internal async Task CommitAndRollBack(CancellationToken ct)
    {
        ((ITransactionParticipantRegistrar)session).AddTransactionParticipant(new DryRun(_changes));
        try
        {
            await Commit(ct);
        }
        catch (DryRunEndedException)
        {
            // everything was written, and nothing is committed
        }
    }

    /// <summary>Aborts a transaction after all writes and before the commit.</summary>
    private sealed class DryRun(IEnumerable<Change> changes) : ITransactionParticipant
    {
        public Task BeforeCommitAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, CancellationToken token)
        {
            foreach (var change in changes)
                change.Event.Sequence = 0; // else Marten writes a tombstone for each
            throw new DryRunEndedException();
        }

        public Task AfterCommitAsync(CancellationToken token) => Task.CompletedTask;
    }

    private sealed class DryRunEndedException : Exception;

    /// <summary>
    /// Registers an action that runs after the commit, and not after a rollback. It must neither throw nor block: the command has taken
    /// effect.
    /// </summary>
    public void AfterCommit(Action action) => _afterCommit.Add(action);

    /// <summary>
    /// Schedules a message to this tenant for a point in time. The same transaction stores it, so it survives downtime and is lost with a
    /// rollback.
    /// </summary>
    public ValueTask Schedule(object message, DateTimeOffset at) =>
        (messages ?? throw new InvalidOperationException("This session has no messages.")).PublishAsync(
            message,
            new DeliveryOptions { ScheduledTime = at }
        );

    /// <summary>
    /// Requests a review of alerts that may have changed. It runs after the commit. In a session without messages the next scan does it.
    /// </summary>
    public void RequestReview(StockReviewRequest request) => _reviewRequests.Add(request);

    /// <summary>Creates a query in the same transaction, with the parameters $1, $2, ….</summary>
    public NpgsqlCommand CreateCommand(string sql, params object[] parameters)
    {
        var command = new NpgsqlCommand(sql, session.Connection);
        foreach (var parameter in parameters)
            command.Parameters.Add(new() { Value = parameter });
        return command;
    }

    /// <summary>
    /// Adds a query, with the parameters $1, $2, …, to the round trip of the next stream lock.
    /// It runs once the lock is held, so it sees what the previous holder committed.
    /// </summary>
    /// <param name="read">Function that reads the rows.</param>
    public Pending<T> QueryWithNextLock<T>(
        string sql,
        IReadOnlyList<object> parameters,
        Func<NpgsqlDataReader, CancellationToken, Task<T>> read
    )
    {
        var question = new NpgsqlBatchCommand(sql);
        foreach (var parameter in parameters)
            question.Parameters.Add(new() { Value = parameter });
        var asked = new Pending<T>();
        _pendingQueries.Add((question, async (reader, ct) => asked.Complete(await read(reader, ct))));
        return asked;
    }

    /// <summary>As <see cref="Read{T}"/>, in the round trip of the next stream lock.</summary>
    public Pending<T?> ReadWithNextLock<T>(Guid id)
        where T : class, IAggregate<T> =>
        QueryWithNextLock(
            $"select data from {Documents<T>()} where id = $1",
            [id],
            async (reader, ct) =>
                await reader.ReadAsync(ct) ? await session.DocumentStore.Options.Serializer().FromJsonAsync<T>(reader, 0, ct) : null
        );

    /// <summary>
    /// Reads the events of some types of a short stream in the round trip of the next stream lock, with ids and in version order.
    /// </summary>
    public Pending<IReadOnlyList<(Guid Id, object Data)>> EventsWithNextLock(Guid stream, params Type[] types)
    {
        var typeOf = types.ToDictionary(type => ((EventGraph)session.DocumentStore.Options.Events).EventMappingFor(type).EventTypeName);
        return QueryWithNextLock<IReadOnlyList<(Guid, object)>>(
            $"select id, type, data from {tenant.Schema}.mt_events where stream_id = $1 and type = any($2) order by version",
            [stream, typeOf.Keys.ToArray()],
            async (reader, ct) =>
            {
                var (events, serializer) = (new List<(Guid, object)>(), session.DocumentStore.Options.Serializer());
                while (await reader.ReadAsync(ct))
                    events.Add((reader.GetGuid(0), await serializer.FromJsonAsync(typeOf[reader.GetString(1)], reader, 2, ct)));
                return events;
            }
        );
    }

    /// <summary>Queues a statement of the same transaction, with ? for each parameter.</summary>
    public void Enqueue(string sql, params object[] parameters) => session.QueueSqlCommand(sql, parameters);

    /// <summary>
    /// Acquires the tenant's exclusive advisory lock <paramref name="what"/> until the end of the transaction, for a rule over several
    /// streams. Acquire it before locking any stream, so that no waiting transaction holds a stream.
    /// </summary>
    public Task AcquireLock(string what, CancellationToken ct) =>
        AcquireBy(AdvisoryLocks.Acquire(AdvisoryLocks.Key(tenant.Schema, what)), ct);

    /// <summary>As <see cref="AcquireLock"/>, in shared mode: it conflicts with exclusive holders only.</summary>
    public Task AcquireSharedLock(string what, CancellationToken ct) =>
        AcquireBy(AdvisoryLocks.AcquireShared(AdvisoryLocks.Key(tenant.Schema, what)), ct);

    private async Task AcquireBy(NpgsqlBatchCommand acquire, CancellationToken ct)
    {
        await using var batch = new NpgsqlBatch(session.Connection);
        batch.BatchCommands.Add(acquire);
        batch.BatchCommands.Add(new(ReadClock));
        _lockStarted = Stopwatch.GetTimestamp();
        await using var reader = await batch.ExecuteReaderAsync(ct);
        await reader.NextResultAsync(ct);
        EndLockWait();
        await ReadNow(reader, ct);
    }

    /// <summary>As <see cref="Lock{T}(IReadOnlyCollection{Guid}, IReadOnlyCollection{Guid}, CancellationToken)"/>.</summary>
    /// <param name="create">True to create all missing streams, false to create none.</param>
    public Task<IReadOnlyDictionary<Guid, T?>> Lock<T>(IReadOnlyCollection<Guid> ids, bool create, CancellationToken ct)
        where T : class, IAggregate<T> => Lock<T>(ids, create ? ids : [], ct);

    /// <summary>
    /// Locks the streams in ascending id order until the end of the transaction and loads their states; null for one that does not exist.
    /// Takes one round trip for any number of streams. Every command locks in this order, so two commands cannot wait for each other.
    /// </summary>
    /// <param name="create">
    /// The streams among <paramref name="ids"/> to create when missing, so that concurrent commands cannot create one of them
    /// independently.
    /// </param>
    public async Task<IReadOnlyDictionary<Guid, T?>> Lock<T>(
        IReadOnlyCollection<Guid> ids,
        IReadOnlyCollection<Guid> create,
        CancellationToken ct
    )
        where T : class, IAggregate<T>
    {
        var store = session.DocumentStore.Options;
        var streamIds = ids.Distinct().ToArray();
        await using var batch = new NpgsqlBatch(session.Connection);
        if (create.Count > 0)
        {
            // sorted like the locks below: a command that waits here holds only streams that it created itself, with lower ids
            batch.BatchCommands.Add(
                new(
                    $"""
                    insert into {tenant.Schema}.mt_streams (id, type, version, tenant_id)
                    select id, $2, 0, $3 from unnest($1) id order by id
                    on conflict (id) do nothing
                    """
                )
                {
                    Parameters =
                    {
                        new() { Value = create.Distinct().ToArray() },
                        new() { Value = StreamType<T>() },
                        new() { Value = session.TenantId },
                    },
                }
            );
        }
        batch.BatchCommands.Add(
            new($"select id, version from {tenant.Schema}.mt_streams where id = any($1) order by id for update")
            {
                Parameters = { new() { Value = streamIds } },
            }
        );
        batch.BatchCommands.Add(
            new($"select id, data from {Documents<T>()} where id = any($1)") { Parameters = { new() { Value = streamIds } } }
        );
        batch.BatchCommands.Add(new(ReadClock));
        foreach (var (question, _) in _pendingQueries)
            batch.BatchCommands.Add(question);

        var states = streamIds.ToDictionary(id => id, _ => (T?)null);
        _lockStarted = Stopwatch.GetTimestamp();
        await using var reader = await batch.ExecuteReaderAsync(ct);
        while (await reader.ReadAsync(ct))
            _streams[reader.GetGuid(0)] = new Loaded(reader.GetInt64(1));
        EndLockWait();
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
    public async Task<T?> Lock<T>(Guid id, CancellationToken ct)
        where T : class, IAggregate<T> => (await Lock<T>([id], false, ct))[id];

    /// <summary>
    /// Finds aggregates by id or code without locking them, for references that a command does not change. Codes are compared in upper
    /// case. The keys of the result are the references as given. Takes one round trip.
    /// </summary>
    public async Task<IReadOnlyDictionary<string, T>> Find<T>(IEnumerable<string> references, CancellationToken ct)
        where T : class, IAggregate<T>, ICoded
    {
        var wanted = references.Distinct().ToArray();
        var ids = wanted.Where(r => Guid.TryParse(r, out _)).Select(Guid.Parse).ToArray();
        var codes = wanted.SelectMany(Codes.Spellings).Distinct().ToArray();
        var store = session.DocumentStore.Options;
        await using var command = new NpgsqlCommand(
            $"select data from {Documents<T>()} where id = any($1) or data ->> 'code' = any($2)",
            session.Connection
        )
        {
            Parameters =
            {
                new() { Value = ids },
                new() { Value = codes },
            },
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
            if (found is not null || (Guid.TryParse(reference, out var id) && byId.TryGetValue(id, out found)))
                result[reference] = found;
        }
        return result;
    }

    /// <summary>The aggregate that <paramref name="reference"/> names, or null.</summary>
    public async Task<T?> Find<T>(string? reference, CancellationToken ct)
        where T : class, IAggregate<T>, ICoded => reference is null ? null : (await Find<T>([reference], ct)).GetValueOrDefault(reference);

    /// <summary>An aggregate by its id, not locked; null when it does not exist.</summary>
    public async Task<T?> Read<T>(Guid id, CancellationToken ct)
        where T : class, IAggregate<T>
    {
        var store = session.DocumentStore.Options;
        await using var command = new NpgsqlCommand($"select data from {Documents<T>()} where id = $1", session.Connection)
        {
            Parameters = { new() { Value = id } },
        };
        await using var reader = await command.ExecuteReaderAsync(ct);
        return await reader.ReadAsync(ct) ? await store.Serializer().FromJsonAsync<T>(reader, 0, ct) : null;
    }

    /// <summary>Any aggregate that meets the condition, not locked.</summary>
    public Task<T?> First<T>(Expression<Func<T, bool>> condition, CancellationToken ct)
        where T : class, IAggregate<T> => session.Query<T>().FirstOrDefaultAsync(condition, ct);

    /// <summary>Appends the events of an accepted decision, those of stock first. Returns the refusal of a refused one.</summary>
    public Refusal? Append(Decision decision)
    {
        if (decision is Decision.Refused { Refusal: var refusal })
            return refusal;
        var (stock, documents) = (Decision.Accepted)decision;
        var events = stock.Events.ToLookup(e => e.ItemId, e => e.Event);
        foreach (var (locked, after) in stock.Changed)
        {
            Append<StockItem>(locked.ItemId, [.. events[locked.ItemId]]);
            if (StockReviewRequest.From(locked, after, _changes[^1].Event.Id) is { } request)
                RequestReview(request);
        }
        foreach (var document in documents)
            document.AppendTo(this);
        return null;
    }

    /// <summary>Appends as above, and replies to an accepted decision.</summary>
    /// <param name="reply">
    /// Function that makes the reply from the effect on stock and the states after the command. It may enqueue further statements.
    /// </param>
    public Reply Append(Decision decision, Func<StockDecision, Reply> reply) =>
        Append(decision) is { } refusal ? refusal : reply(((Decision.Accepted)decision).Stock);

    /// <inheritdoc cref="Append(Decision, Func{StockDecision, Reply})"/>
    public async Task<Reply> Append(Decision decision, Func<StockDecision, Task<Reply>> reply) =>
        Append(decision) is { } refusal ? refusal : await reply(((Decision.Accepted)decision).Stock);

    /// <summary>The state of a stream that this session locked or started, after the events that it appended.</summary>
    /// <exception cref="KeyNotFoundException">The session has neither locked nor started the stream.</exception>
    public T State<T>(Guid id)
        where T : class, IAggregate<T> => (T)_streams[id].State!;

    /// <summary>Appends events to a stream that this session has locked, or begins a new one, and returns the state after them.</summary>
    public T Append<T>(Guid id, params IReadOnlyList<object> events)
        where T : class, IAggregate<T>
    {
        var isNew = !_streams.TryGetValue(id, out var stream);
        if (isNew)
            _streams[id] = stream = new Loaded(0);
        stream!.Appended += events.Count;
        var action = isNew
            ? session.Events.StartStream<T>(id, events)
            : session.Events.Append(id, stream.Version + stream.Appended, events);
        foreach (var appended in action.Events.Skip(action.Events.Count - events.Count))
        {
            // UUIDv7 ids order the rows that contain them by time; a movement that has an id already keeps it
            appended.Id = (appended.Data as StockMovement)?.MovementId ?? Guid.CreateVersion7(Now);
            appended.Timestamp = Now; // Marten would use the host's clock
            var after = T.Fold(id, (T?)stream.State, appended.Data);
            _changes.Add(new Change(appended, stream.State, after));
            stream.State = after;
        }
        return (T)stream.State!;
    }

    /// <summary>The table that holds the states of an aggregate.</summary>
    public string Documents<T>() => session.DocumentStore.Options.FindOrResolveDocumentType(typeof(T)).TableName.QualifiedName;

    private string StreamType<T>() => ((EventGraph)session.DocumentStore.Options.Events).AggregateAliasFor(typeof(T));

    /// <summary>The version of a stream that this session locked or started, including the events that it appended; else 0.</summary>
    public long VersionOf(Guid id) => _streams.TryGetValue(id, out var stream) ? stream.Version + stream.Appended : 0;

    private sealed class Loaded(long version)
    {
        public long Version { get; } = version;
        public int Appended { get; set; }
        public object? State { get; set; }
    }
}

/// <summary>The result of a query that runs with the next stream lock.</summary>
public sealed class Pending<T>
{
    private bool _isCompleted;
    private T? _value;

    /// <exception cref="InvalidOperationException">No stream has been locked since the query was added.</exception>
    public T Value =>
        _isCompleted
            ? _value!
            : throw new InvalidOperationException("The query runs with the next lock, and no stream has been locked since.");

    internal void Complete(T value) => (_value, _isCompleted) = (value, true);
}

/// <summary>The names of the headers that each event carries.</summary>
public static class Headers
{
    public const string Address = "address";
    public const string Agent = "agent";

    /// <summary>The seconds by which the client's clock was ahead of the ledger's; negative when it was behind.</summary>
    public const string ClockSkew = "clock_skew";
}
