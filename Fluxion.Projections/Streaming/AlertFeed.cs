using System.Collections.Concurrent;
using System.Diagnostics;
using System.Threading.Channels;
using Fluxion.Ledger.Access;
using Fluxion.Ledger.Alerts;
using Fluxion.Ledger.Tenancy;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Fluxion.Projections.Streaming;

/// <summary>An event of an alert, for those who look on.</summary>
/// <param name="Number">Grows in the order in which the events of a tenant's alerts can be seen, since all that writes them takes turns;
/// not without gaps.</param>
/// <param name="Alert">As it is when the event is read.</param>
public sealed record AlertStreamEvent(long Number, string Event, Guid? StoreId, AlertRow Alert);

/// <summary>
/// What happens to alerts, for the streams that are open on this host: one connection listens, whatever their number, and what a tenant's
/// streams are told is read once for all of them. Notifications make it quick, and nothing depends on them: while streams are open, this
/// host also looks every <see cref="PollInterval"/> whether their tenants have events that it has not read.
/// </summary>
public sealed class AlertFeed(Databases databases, ILogger<AlertFeed> logger) : BackgroundService
{
    /// <summary>The most streams open on this host, and of one tenant.</summary>
    public const int MaxBacklog = 1000;
    public const int MostOfATenant = 200;

    /// <summary>How many events a stream may be behind before it is closed; its client comes back for them.</summary>
    public const int Ahead = 500;

    /// <summary>
    /// Events read at once: a fraction of <see cref="Ahead"/>, so that a stream that keeps up is never behind because many happen at once.
    /// </summary>
    private const int RowBatchSize = 100;

    /// <summary>How long a stream may be behind when notifications do not arrive.</summary>
    public static readonly TimeSpan PollInterval = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(1);

    /// <summary>
    /// A connection may be lost without a word of it: one that tells nothing for so long is asked whether it is still there.
    /// </summary>
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(30);

    private static readonly string EventsSql = $"""
        select {AlertRow.Columns}, e.seq_id, e.type, a.store_id
        {AlertRow.From}
          and a.updated_at >= coalesce((select timestamp from mt_events where seq_id = $2), '-infinity') - interval '1 hour'
          and e.seq_id > $2
        order by e.seq_id limit {RowBatchSize}
        """.Replace("from alerts a\n", "from alerts a\njoin mt_events e on e.stream_id = a.id\n", StringComparison.Ordinal);

    /// <summary>The latest number: of the alerts changed last, for a turn that began earlier may have ended later.</summary>
    private const string Latest = """
        select coalesce(max(seq_id), 0) from mt_events where $1::uuid[] is null and stream_id in (select id from alerts order by updated_at desc limit 20)
        """;

    private readonly ConcurrentDictionary<string, TenantChannel> _channels = new();
    private readonly ConcurrentDictionary<string, bool> _failing = new();

    /// <summary>
    /// Schemas to be read at once. One that finds no room is read by the next poll: any login may send notifications without end.
    /// </summary>
    private readonly Channel<string> _woken = Channel.CreateBounded<string>(
        new BoundedChannelOptions(MaxBacklog) { FullMode = BoundedChannelFullMode.DropWrite });
    private int _open;

    /// <summary>A tenant's streams, and up to which number they have been told.</summary>
    private sealed class TenantChannel(Tenant tenant)
    {
        public Tenant Tenant => tenant;
        public HashSet<Subscription> Subscriptions { get; } = [];
        public long? LastDispatched { get; private set; }

        /// <summary>The number of the tenant's last event when all events up to it had been read, and none could still commit.</summary>
        public long? ReadTo { get; set; }

        /// <summary>Under its lock: what comes after this reaches everybody who is there.</summary>
        public void MarkDispatched(long number)
        {
            LastDispatched = Subscriptions.Count == 0 ? null : number;
            foreach (var subscription in Subscriptions) subscription.IsLive.TrySetResult();
        }

        /// <summary>Under its lock: nobody is told, and nothing is read meanwhile.</summary>
        public void IsIdle() => LastDispatched = null;
    }

    /// <summary>One stream's part in the feed, until it is disposed of.</summary>
    public sealed class Subscription : IDisposable
    {
        private readonly AlertFeed _feed;

        internal Subscription(AlertFeed feed, Tenant tenant, Caller caller) => (_feed, Tenant, Caller) = (feed, tenant, caller);

        internal Tenant Tenant { get; }
        internal Caller Caller { get; }
        internal Channel<AlertStreamEvent> Channel { get; } = System.Threading.Channels.Channel.CreateBounded<AlertStreamEvent>(Ahead);
        internal CancellationTokenSource FallBehind { get; } = new();

        /// <summary>
        /// Set once what happens from then on comes as <see cref="Events"/>: what was before is to be read, and nothing is between the two.
        /// </summary>
        internal TaskCompletionSource IsLive { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Ready(CancellationToken ct) => IsLive.Task.WaitAsync(ct);

        /// <summary>What happens from now on.</summary>
        public ChannelReader<AlertStreamEvent> Events => Channel.Reader;

        /// <summary>Cancelled when the stream is more than <see cref="Ahead"/> events behind: it is told nothing more.</summary>
        public CancellationToken IsLagging => FallBehind.Token;

        /// <summary>Whether the caller may be told.</summary>
        public bool Matches(AlertStreamEvent alertEvent) => Caller.Stores is null || (alertEvent.StoreId is { } store && Caller.MayUse(store));

        /// <summary>The number of what happened last.</summary>
        public Task<long> Latest(CancellationToken ct) => _feed.Number(Tenant, ct);

        /// <summary>What happened after a number, until now.</summary>
        public async IAsyncEnumerable<AlertStreamEvent> Since(long number, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken ct)
        {
            for (IReadOnlyList<AlertStreamEvent> page; (page = await _feed.Read(Tenant, number, ct)).Count > 0;)
            {
                foreach (var alertEvent in page) yield return alertEvent;
                number = page[^1].Number;
            }
        }

        public void Dispose() => _feed.Close(this);
    }

    /// <summary>Null when as many streams are open as may be.</summary>
    public Subscription? Subscribe(Tenant tenant, Caller caller)
    {
        if (Interlocked.Increment(ref _open) > MaxBacklog)
        {
            Interlocked.Decrement(ref _open);
            return null;
        }
        var channel = _channels.GetOrAdd(tenant.Schema, _ => new TenantChannel(tenant));
        var subscription = new Subscription(this, tenant, caller);
        lock (channel)
        {
            if (channel.Subscriptions.Count >= MostOfATenant)
            {
                Interlocked.Decrement(ref _open);
                return null;
            }
            channel.Subscriptions.Add(subscription);
            if (channel.LastDispatched is not null) subscription.IsLive.TrySetResult();
        }
        _woken.Writer.TryWrite(tenant.Schema); // the first of a tenant: from where on
        return subscription;
    }

    private void Close(Subscription subscription)
    {
        var channel = _channels[subscription.Tenant.Schema];
        lock (channel)
        {
            if (!channel.Subscriptions.Remove(subscription)) return;
            if (channel.Subscriptions.Count == 0) channel.IsIdle();
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
                    if (_channels.ContainsKey(notification.Payload)) _woken.Writer.TryWrite(notification.Payload);
                };
                await using (var listen = new NpgsqlCommand($"listen {AlertNotifications.Channel}", connection))
                    await listen.ExecuteNonQueryAsync(ct);
                foreach (var schema in _channels.Keys) _woken.Writer.TryWrite(schema); // of what was missed
                while (true)
                {
                    if (await connection.WaitAsync(Silence, ct)) continue;
                    await using var alive = new NpgsqlCommand("select", connection);
                    await alive.ExecuteNonQueryAsync(ct);
                }
            }
            catch (Exception e) when (!ct.IsCancellationRequested)
            {
                logger.LogWarning(e, "No connection listens for notifications, streams poll every {PollInterval}; again in {Retry}",
                    PollInterval, Retry);
                await Task.Delay(Retry, CancellationToken.None);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    /// <summary>The only reader: what it tells a stream is in order, and nothing comes twice.</summary>
    private async Task Follow(CancellationToken ct)
    {
        var polled = Stopwatch.GetTimestamp();
        while (!ct.IsCancellationRequested)
        {
            await WaitUntilWoken(PollInterval - Stopwatch.GetElapsedTime(polled), ct);
            var toRead = new Dictionary<string, long?>();
            while (_woken.Reader.TryRead(out var schema)) toRead.TryAdd(schema, null);
            if (Stopwatch.GetElapsedTime(polled) >= PollInterval)
            {
                await Attempt("The tenants of streams", async () =>
                {
                    foreach (var (schema, settled) in await Poll(ct)) toRead[schema] = settled;
                });
                polled = Stopwatch.GetTimestamp();
            }
            foreach (var (schema, settled) in toRead)
            {
                if (!_channels.TryGetValue(schema, out var channel)) continue;
                await Attempt($"The alerts of {schema}", async () =>
                {
                    await Dispatch(channel, ct);
                    channel.ReadTo = settled ?? channel.ReadTo;
                });
            }
        }
    }

    private async Task WaitUntilWoken(TimeSpan atMost, CancellationToken ct)
    {
        if (atMost <= TimeSpan.Zero) return;
        using var wait = CancellationTokenSource.CreateLinkedTokenSource(ct);
        wait.CancelAfter(atMost);
        try
        {
            await _woken.Reader.WaitToReadAsync(wait.Token);
        }
        catch (OperationCanceledException)
        {
            // it is time to poll, or the host stops
        }
    }

    /// <summary>
    /// The tenants with open streams whose events have not all been read: one statement for all of them, and a second one when there are
    /// any. Each comes with its last number, or with null while an event up to that number may still commit: then it is read again the next
    /// time. A transaction that has drawn a number holds a lock on the sequence to its end (<see cref="Audit.HighWaterMark"/>).
    /// </summary>
    private async Task<List<(string Schema, long? Settled)>> Poll(CancellationToken ct)
    {
        var open = new Dictionary<string, TenantChannel>();
        foreach (var (schema, channel) in _channels)
            lock (channel) if (channel.Subscriptions.Count > 0) open[schema] = channel;
        if (open.Count == 0) return [];

        await using var connection = await databases.Service.OpenConnectionAsync(ct);
        async Task<List<T>> Of<T>(string sql, IEnumerable<string> schemas, Func<NpgsqlDataReader, T> read)
        {
            await using var command = new NpgsqlCommand(sql, connection) { Parameters = { new() { Value = schemas.ToArray() } } };
            await using var reader = await command.ExecuteReaderAsync(ct);
            var found = new List<T>();
            while (await reader.ReadAsync(ct)) found.Add(read(reader));
            return found;
        }
        var last = await Of("""
            select schemaname::text, coalesce(last_value, 0) from pg_sequences
            where sequencename = 'mt_events_sequence' and schemaname = any($1)
            """, open.Keys, r => (Schema: r.GetString(0), Number: r.GetInt64(1)));
        last.RemoveAll(l => open[l.Schema].ReadTo == l.Number && open[l.Schema].LastDispatched is not null);
        if (last.Count == 0) return [];
        // in this order: whoever draws a number up to the last one holds the lock by now
        var writing = await Of("""
            select n.nspname::text from pg_locks l join pg_class c on c.oid = l.relation join pg_namespace n on n.oid = c.relnamespace
            where l.locktype = 'relation' and l.database = (select oid from pg_database where datname = current_database())
              and l.mode = 'RowExclusiveLock' and c.relname = 'mt_events_sequence' and n.nspname = any($1)
            """, last.Select(l => l.Schema), r => r.GetString(0));
        return [.. last.Select(l => (l.Schema, writing.Contains(l.Schema) ? (long?)null : l.Number))];
    }

    /// <summary>What fails is logged once, and tried again by the next poll.</summary>
    private async Task Attempt(string what, Func<Task> attempt)
    {
        try
        {
            await attempt();
            _failing.TryRemove(what, out _);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            if (_failing.TryAdd(what, true))
                logger.LogWarning(e, "{What} cannot be read for open streams; tried again every {PollInterval}", what, PollInterval);
        }
        catch (OperationCanceledException)
        {
            // the host stops
        }
    }

    private async Task Dispatch(TenantChannel channel, CancellationToken ct)
    {
        long? dispatched;
        lock (channel)
        {
            if (channel.Subscriptions.Count == 0) return;
            dispatched = channel.LastDispatched;
        }
        if (dispatched is null)
        {
            dispatched = await Number(channel.Tenant, ct);
            lock (channel) channel.MarkDispatched(dispatched.Value);
            return;
        }
        while (await Read(channel.Tenant, dispatched.Value, ct) is { Count: > 0 } page)
        {
            dispatched = page[^1].Number;
            lock (channel)
            {
                channel.MarkDispatched(dispatched.Value);
                foreach (var (subscription, alertEvent) in channel.Subscriptions.SelectMany(s => page.Where(s.Matches).Select(alertEvent => (s, alertEvent))))
                    if (!subscription.Channel.Writer.TryWrite(alertEvent)) subscription.FallBehind.Cancel();
            }
        }
    }

    private async Task<long> Number(Tenant tenant, CancellationToken ct) => (await Query(tenant, Latest, r => r.GetInt64(0), ct)).Single();

    private Task<IReadOnlyList<AlertStreamEvent>> Read(Tenant tenant, long after, CancellationToken ct) => Query(tenant, EventsSql,
        r => new AlertStreamEvent(r.GetInt64(20), r.GetString(21), r.GetFieldValue<Guid?>(22), AlertRow.Read(r)), ct, after);

    private async Task<IReadOnlyList<T>> Query<T>(Tenant tenant, string sql, Func<NpgsqlDataReader, T> read, CancellationToken ct, params object[] parameters)
    {
        await using var connection = await databases.Service.OpenConnectionAsync(ct);
        await using var batch = new NpgsqlBatch(connection);
        batch.BatchCommands.Add(new("select set_config($1, $2, true), set_config('search_path', $3, true)")
        {
            Parameters = { new() { Value = Databases.TenantSetting }, new() { Value = tenant.Id.ToString() }, new() { Value = $"{tenant.Schema}, public" } },
        });
        var query = new NpgsqlBatchCommand(sql) { Parameters = { new() { Value = DBNull.Value } } };
        foreach (var parameter in parameters) query.Parameters.Add(new() { Value = parameter });
        batch.BatchCommands.Add(query);
        await using var reader = await batch.ExecuteReaderAsync(ct);
        await reader.NextResultAsync(ct);
        var found = new List<T>();
        while (await reader.ReadAsync(ct)) found.Add(read(reader));
        return found;
    }
}
