using System.Collections.Concurrent;
using System.Diagnostics;
using System.Threading.Channels;
using Fluxion.Ledger.Alerts;
using Fluxion.Projections.Diagnostics;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Fluxion.Projections.Streaming;

/// <summary>An event of an alert, as sent to open streams.</summary>
/// <param name="Number">The sequence number of the event. It has gaps. Numbers increase in the order in which a tenant's alert events
/// become visible, because transactions that write alerts are serialized.</param>
/// <param name="Alert">The alert in its state when the event is read.</param>
public sealed record AlertStreamEvent(long Number, string Event, Guid? StoreId, AlertRow Alert);

/// <summary>
/// Feeds alert events to the streams that are open on this host. One connection listens for notifications, whatever the number of streams.
/// Events of a tenant are read once for all of its streams. Notifications only reduce the delay. While streams are open, this host also
/// checks every <see cref="PollInterval"/> whether their tenants have unread events.
/// </summary>
public sealed class AlertFeed(Databases databases, ILogger<AlertFeed> logger) : BackgroundService
{
    /// <summary>
    /// The maximum number of open streams on this host: 1,000. It is also the capacity of the queue of schemas to read.
    /// </summary>
    public const int MaxStreams = 1000;

    /// <summary>The maximum number of open streams of one tenant on this host: 200.</summary>
    public const int MaxStreamsPerTenant = 200;

    /// <summary>The maximum number of events by which a stream may lag before it is closed. Its client reconnects to get them.</summary>
    public const int MaxBacklog = 500;

    /// <summary>
    /// The number of events in one read. It is a fraction of <see cref="MaxBacklog"/>, so that a burst of events does not close a stream
    /// that keeps up.
    /// </summary>
    private const int RowBatchSize = 100;

    /// <summary>The maximum delay of a stream if notifications do not arrive.</summary>
    public static readonly TimeSpan PollInterval = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(1);

    /// <summary>
    /// A connection may be lost without an error. After this time without a notification, a statement checks whether it is still alive.
    /// </summary>
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(30);

    private static readonly string EventsSql = $"""
        select {AlertRow.Columns}, e.seq_id, e.type as event_type, a.store_id
        from alerts a
        join mt_events e on e.stream_id = a.id
        {AlertRow.Joins}
        where a.updated_at >= coalesce((select timestamp from mt_events where seq_id = $1), '-infinity') - interval '1 hour'
          and e.seq_id > $1
        order by e.seq_id limit {RowBatchSize}
        """;

    /// <summary>
    /// The latest event number, over the 20 alerts that were changed last: a transaction that began earlier may have committed later.
    /// </summary>
    private const string Latest = """
        select coalesce(max(seq_id), 0) from mt_events where stream_id in (select id from alerts order by updated_at desc limit 20)
        """;

    private readonly ConcurrentDictionary<string, TenantChannel> _channels = new();
    private readonly ConcurrentDictionary<string, bool> _failing = new();

    /// <summary>
    /// The queue of schemas to read now. A schema that does not fit is read by the next poll.
    /// The queue is bounded because any login can send notifications without limit.
    /// </summary>
    private readonly Channel<string> _woken = Channel.CreateBounded<string>(
        new BoundedChannelOptions(MaxStreams) { FullMode = BoundedChannelFullMode.DropWrite }
    );
    private int _open;

    /// <summary>The streams of a tenant, and the number up to which events were dispatched to them.</summary>
    private sealed class TenantChannel(Tenant tenant)
    {
        public Tenant Tenant => tenant;
        public HashSet<Subscription> Subscriptions { get; } = [];
        public long? LastDispatched { get; private set; }

        /// <summary>
        /// The tenant's last sequence number at a poll after which all events up to it were read, and none of them could still commit.
        /// </summary>
        public long? ReadTo { get; set; }

        /// <summary>The caller holds the lock on this channel. Later events reach all current subscriptions.</summary>
        public void MarkDispatched(long number)
        {
            LastDispatched = Subscriptions.Count == 0 ? null : number;
            foreach (var subscription in Subscriptions)
                subscription.IsLive.TrySetResult();
        }

        /// <summary>The caller holds the lock on this channel. Without subscriptions, nothing is read or dispatched.</summary>
        public void IsIdle() => LastDispatched = null;
    }

    /// <summary>The subscription of one stream to the feed, until it is disposed of.</summary>
    public sealed class Subscription : IDisposable
    {
        private readonly AlertFeed _feed;

        internal Subscription(AlertFeed feed, Tenant tenant, Caller caller) => (_feed, Tenant, Caller) = (feed, tenant, caller);

        internal Tenant Tenant { get; }
        internal Caller Caller { get; }
        internal Channel<AlertStreamEvent> Channel { get; } = System.Threading.Channels.Channel.CreateBounded<AlertStreamEvent>(MaxBacklog);
        internal CancellationTokenSource FallBehind { get; } = new();

        /// <summary>
        /// Completed once all later events arrive through <see cref="Events"/>. The subscriber then reads the backlog, so that no event is
        /// lost between the two.
        /// </summary>
        internal TaskCompletionSource IsLive { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Ready(CancellationToken ct) => IsLive.Task.WaitAsync(ct);

        /// <summary>The events from now on.</summary>
        public ChannelReader<AlertStreamEvent> Events => Channel.Reader;

        /// <summary>Cancelled when the stream lags by more than <see cref="MaxBacklog"/> events. It receives no more events then.</summary>
        public CancellationToken IsLagging => FallBehind.Token;

        /// <summary>Whether the caller may see the event.</summary>
        public bool Matches(AlertStreamEvent alertEvent) =>
            Caller.Stores is null || (alertEvent.StoreId is { } store && Caller.MayUse(store));

        /// <summary>The number of the latest event.</summary>
        public Task<long> Latest(CancellationToken ct) => _feed.Number(Tenant, ct);

        /// <summary>The events after a number, up to now.</summary>
        public async IAsyncEnumerable<AlertStreamEvent> Since(
            long number,
            [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken ct
        )
        {
            for (IReadOnlyList<AlertStreamEvent> page; (page = await _feed.Read(Tenant, number, ct)).Count > 0; )
            {
                foreach (var alertEvent in page)
                    yield return alertEvent;
                number = page[^1].Number;
            }
        }

        public void Dispose() => _feed.Close(this);
    }

    /// <summary>Opens a subscription. Returns null if the limit of the host or of the tenant is reached.</summary>
    public Subscription? Subscribe(Tenant tenant, Caller caller)
    {
        if (Interlocked.Increment(ref _open) > MaxStreams)
        {
            Interlocked.Decrement(ref _open);
            return null;
        }
        var channel = _channels.GetOrAdd(tenant.Schema, _ => new TenantChannel(tenant));
        var subscription = new Subscription(this, tenant, caller);
        lock (channel)
        {
            if (channel.Subscriptions.Count >= MaxStreamsPerTenant)
            {
                Interlocked.Decrement(ref _open);
                return null;
            }
            channel.Subscriptions.Add(subscription);
            if (channel.LastDispatched is not null)
                subscription.IsLive.TrySetResult();
        }
        _woken.Writer.TryWrite(tenant.Schema); // the first stream of a tenant: determines the number from which events are dispatched
        return subscription;
    }

    private void Close(Subscription subscription)
    {
        var channel = _channels[subscription.Tenant.Schema];
        lock (channel)
        {
            if (!channel.Subscriptions.Remove(subscription))
                return;
            if (channel.Subscriptions.Count == 0)
                channel.IsIdle();
        }
        Interlocked.Decrement(ref _open);
    }

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.WhenAll(Listen(stoppingToken), Follow(stoppingToken));

    private async Task Listen(CancellationToken ct)
    {
        while (!ct.IsCancellationRequested)
        {
            try
            {
                await using var connection = await databases.Service.OpenConnectionAsync(ct);
                connection.Notification += (_, notification) =>
                {
                    if (_channels.ContainsKey(notification.Payload))
                        _woken.Writer.TryWrite(notification.Payload);
                };
                await using (var listen = new NpgsqlCommand($"listen {AlertNotifications.Channel}", connection))
                    await listen.ExecuteNonQueryAsync(ct);
                foreach (var schema in _channels.Keys)
                    _woken.Writer.TryWrite(schema); // for notifications that were missed
                while (true)
                {
                    if (await connection.WaitAsync(Silence, ct))
                        continue;
                    await using var alive = new NpgsqlCommand("select", connection);
                    await alive.ExecuteNonQueryAsync(ct);
                }
            }
            catch (Exception e) when (!ct.IsCancellationRequested)
            {
                logger.NotListening(e, PollInterval, Retry);
                await Task.Delay(Retry, CancellationToken.None);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    /// <summary>Runs as the only dispatcher, so streams receive events in order and without duplicates.</summary>
    private async Task Follow(CancellationToken ct)
    {
        var polled = Stopwatch.GetTimestamp();
        while (!ct.IsCancellationRequested)
        {
            await WaitUntilWoken(PollInterval - Stopwatch.GetElapsedTime(polled), ct);
            var toRead = new Dictionary<string, long?>();
            while (_woken.Reader.TryRead(out var schema))
                toRead.TryAdd(schema, null);
            if (Stopwatch.GetElapsedTime(polled) >= PollInterval)
            {
                await Attempt(
                    "The tenants of streams",
                    async () =>
                    {
                        foreach (var (schema, settled) in await Poll(ct))
                            toRead[schema] = settled;
                    },
                    ct
                );
                polled = Stopwatch.GetTimestamp();
            }
            foreach (var (schema, settled) in toRead)
            {
                if (!_channels.TryGetValue(schema, out var channel))
                    continue;
                await Attempt(
                    $"The alerts of {schema}",
                    async () =>
                    {
                        await Dispatch(channel, ct);
                        channel.ReadTo = settled ?? channel.ReadTo;
                    },
                    ct
                );
            }
        }
    }

    private async Task WaitUntilWoken(TimeSpan atMost, CancellationToken ct)
    {
        if (atMost <= TimeSpan.Zero)
            return;
        using var wait = CancellationTokenSource.CreateLinkedTokenSource(ct);
        wait.CancelAfter(atMost);
        try
        {
            await _woken.Reader.WaitToReadAsync(wait.Token);
        }
        catch (OperationCanceledException)
        {
            // it is time to poll, or the host is stopping
        }
    }

    /// <summary>
    /// Finds the tenants with open streams and unread events. It runs one statement for all tenants, and a second one if there are any.
    /// Each tenant comes with its last sequence number. The number is null while an event up to it may still commit; the next poll then
    /// reads the tenant again. A transaction that has drawn a number holds a lock on the sequence until it ends
    /// (<see cref="Audit.HighWaterMark"/>).
    /// </summary>
    private async Task<List<(string Schema, long? Settled)>> Poll(CancellationToken ct)
    {
        var open = new Dictionary<string, TenantChannel>();
        foreach (var (schema, channel) in _channels)
            lock (channel)
                if (channel.Subscriptions.Count > 0)
                    open[schema] = channel;
        if (open.Count == 0)
            return [];

        await using var connection = await databases.Service.OpenConnectionAsync(ct);
        async Task<List<T>> Of<T>(string sql, IEnumerable<string> schemas, Func<NpgsqlDataReader, T> read)
        {
            await using var command = new NpgsqlCommand(sql, connection) { Parameters = { new() { Value = schemas.ToArray() } } };
            await using var reader = await command.ExecuteReaderAsync(ct);
            var found = new List<T>();
            while (await reader.ReadAsync(ct))
                found.Add(read(reader));
            return found;
        }
        var last = await Of(
            """
            select schemaname::text, coalesce(last_value, 0) from pg_sequences
            where sequencename = 'mt_events_sequence' and schemaname = any($1)
            """,
            open.Keys,
            r => (Schema: r.GetString(0), Number: r.GetInt64(1))
        );
        last.RemoveAll(l => open[l.Schema].ReadTo == l.Number && open[l.Schema].LastDispatched is not null);
        if (last.Count == 0)
            return [];
        // The order matters: every transaction that has drawn a number up to the last one already holds the lock.
        var writing = await Of(
            """
            select n.nspname::text from pg_locks l join pg_class c on c.oid = l.relation join pg_namespace n on n.oid = c.relnamespace
            where l.locktype = 'relation' and l.database = (select oid from pg_database where datname = current_database())
              and l.mode = 'RowExclusiveLock' and c.relname = 'mt_events_sequence' and n.nspname = any($1)
            """,
            last.Select(l => l.Schema),
            r => r.GetString(0)
        );
        return [.. last.Select(l => (l.Schema, writing.Contains(l.Schema) ? (long?)null : l.Number))];
    }

    /// <summary>Logs a failure once. The next poll tries again.</summary>
    private async Task Attempt(string what, Func<Task> attempt, CancellationToken ct)
    {
        try
        {
            await attempt();
            _failing.TryRemove(what, out _);
        }
        catch (Exception e) when (e is not OperationCanceledException || !ct.IsCancellationRequested)
        {
            if (_failing.TryAdd(what, true))
                logger.StreamsNotRead(e, what, PollInterval);
        }
        catch (OperationCanceledException)
        {
            // the host is stopping
        }
    }

    private async Task Dispatch(TenantChannel channel, CancellationToken ct)
    {
        long? dispatched;
        lock (channel)
        {
            if (channel.Subscriptions.Count == 0)
                return;
            dispatched = channel.LastDispatched;
        }
        if (dispatched is null)
        {
            dispatched = await Number(channel.Tenant, ct);
            lock (channel)
                channel.MarkDispatched(dispatched.Value);
            return;
        }
        while (await Read(channel.Tenant, dispatched.Value, ct) is { Count: > 0 } page)
        {
            dispatched = page[^1].Number;
            lock (channel)
            {
                channel.MarkDispatched(dispatched.Value);
                foreach (
                    var (subscription, alertEvent) in channel.Subscriptions.SelectMany(s =>
                        page.Where(s.Matches).Select(alertEvent => (s, alertEvent))
                    )
                )
                    if (!subscription.Channel.Writer.TryWrite(alertEvent))
                        subscription.FallBehind.Cancel();
            }
        }
    }

    private async Task<long> Number(Tenant tenant, CancellationToken ct) => (await Query(tenant, Latest, r => r.GetInt64(0), ct)).Single();

    private Task<IReadOnlyList<AlertStreamEvent>> Read(Tenant tenant, long after, CancellationToken ct) =>
        Query(
            tenant,
            EventsSql,
            r => new AlertStreamEvent(
                r.Column<long>("seq_id"),
                r.Column<string>("event_type"),
                r.Column<Guid?>("store_id"),
                r.Row<AlertRow>()
            ),
            ct,
            after
        );

    private async Task<IReadOnlyList<T>> Query<T>(
        Tenant tenant,
        string sql,
        Func<NpgsqlDataReader, T> read,
        CancellationToken ct,
        params object[] parameters
    )
    {
        await using var connection = await databases.Service.OpenConnectionAsync(ct);
        await using var reader = await TenantQuery.Reader(connection, tenant, sql, parameters, ct);
        var found = new List<T>();
        while (await reader.ReadAsync(ct))
            found.Add(read(reader));
        return found;
    }
}
