using System.Data;
using System.Diagnostics;
using System.Threading.Channels;
using Fluxion.Ledger;
using Fluxion.Ledger.Tenancy;
using Fluxion.Projections.Writing;
using JasperFx.Events;
using Marten;
using Npgsql;

namespace Fluxion.Projections.Replay;

/// <summary>What a replay is to do.</summary>
/// <param name="Table">One table alone; null for all.</param>
/// <param name="To">Where it stops; null at the last event.</param>
/// <param name="Swap">Whether what differs is replaced by what the events say.</param>
/// <param name="Report">Told of every difference, value by value; null to keep the first ones of each table alone.</param>
public sealed record ReplayRequest(string? Table = null, ReplayEnd? To = null, bool Swap = false, Action<Difference>? Report = null);

/// <param name="Events">How many events were replayed.</param>
/// <param name="Tables">As they were found.</param>
/// <param name="Swapped">What was put right; null when nothing was to be.</param>
public sealed record ReplayResult(long Events, TimeSpan Elapsed, IReadOnlyList<ReplayedTable> Tables, Swapped? Swapped)
{
    /// <summary>Whether every row that was compared is what the events say.</summary>
    public bool IsEqual => Tables.All(t => t.Differences is null or 0);

    public double EventsPerSecond => Events / Math.Max(Elapsed.TotalSeconds, 0.001);
}

/// <summary>A replay cannot be run as it was asked for; nothing was changed.</summary>
public sealed class ReplayRefusedException(string why, bool isConflict = false) : Exception(why)
{
    /// <summary>Whether the same request may be run later.</summary>
    public bool IsConflict => isConflict;
}

/// <summary>
/// Builds the read models of one tenant again from its events, by the code that writes them live, and compares them with the live ones. All of
/// it sees one snapshot of the database: events and rows commit together, so commands may go on meanwhile. The shadow schema is made in the
/// same transaction and gone with it.
/// </summary>
public sealed class TenantReplay(Databases databases, TenantStores stores)
{
    /// <summary>Differing values that are kept of each table.</summary>
    public const int Kept = 20;

    /// <summary>Tables of the data model that nothing writes yet: no event bears out a row of theirs.</summary>
    private static readonly string[] Unwritten = ["forecasts"];

    /// <summary>The audit trail, of which retention drops what is old.</summary>
    private const string Trail = "events";

    /// <summary>The tables of a replay, read models and aggregates' states.</summary>
    public IReadOnlyList<string> TablesOf(Tenant tenant) => [.. Rows(tenant).Rows.Tables];

    /// <exception cref="ReplayRefusedException">There is no such table, or another replay of the tenant is under way.</exception>
    /// <exception cref="NoOwnerException"/>
    public async Task<ReplayResult> Run(Tenant tenant, ReplayRequest request, Action<long, long>? progress, CancellationToken ct)
    {
        var started = Stopwatch.GetTimestamp();
        if (request is { Swap: true, To: not null }) throw new ReplayRefusedException("What was then cannot take the place of what is now: swap without an end.");
        var owner = databases.RequireOwner();
        var (rows, states) = Rows(tenant);
        if (request.Table is { } one)
        {
            if (!rows.Tables.Contains(one)) throw new ReplayRefusedException($"There is no table '{one}' to replay; there are: {string.Join(", ", rows.Tables)}.");
            (rows, states) = Rows(tenant, one);
        }
        var shadow = $"{tenant.Schema}_replay";

        // a connection of its own holds the turn to the end, over the transactions of a swap
        await using var gate = await owner.OpenConnectionAsync(ct);
        await using var turn = await gate.BeginTransactionAsync(ct);
        if (!(bool)(await Scalar(gate, $"select pg_try_advisory_xact_lock(hashtextextended('{shadow}', 0))", ct))!)
            throw new ReplayRefusedException($"A replay of '{tenant.Slug}' is under way; wait until it is done.", isConflict: true);
        await using var main = await Snapshot(owner, tenant, ct);
        await using var transaction = await main.BeginTransactionAsync(IsolationLevel.RepeatableRead, ct);
        var snapshot = (string)(await Scalar(main, "select pg_export_snapshot()", ct))!;
        var total = (long)(await Scalar(main, $"select coalesce(max(e.seq_id), 0) from {tenant.Schema}.mt_events e where {ReplayEnd.Condition(request.To)}", ct))!;
        await Execute(main, $"""
            set local client_min_messages = warning;
            drop schema if exists {shadow} cascade;
            create schema {shadow};
            {string.Join('\n', rows.Tables.Select(table => ShadowOf(tenant.Schema, shadow, table, states.Has(table))))}
            """, ct);

        var events = await Project(tenant, owner, main, snapshot, shadow, request.To, rows, states, count => progress?.Invoke(count, total), ct);

        var forgotten = rows.Tables.Contains(Trail) ? await Forget(main, tenant, shadow, ct) : 0;
        var comparison = new Comparison(main, tenant.Schema, shadow);
        var tables = new List<ReplayedTable>();
        foreach (var table in rows.Tables)
        {
            var replayed = rows.RowsOf(table) - (table == Trail ? forgotten : 0);
            if (request.To is not null && !rows.OnlyGrows(table))
            {
                // a row that is replaced tells of now alone
                tables.Add(new ReplayedTable(table, null, replayed, null, []));
                continue;
            }
            var known = request.To is null ? "true"
                : $"not exists (select from {tenant.Schema}.mt_events e where e.id = l.id and not ({ReplayEnd.Condition(request.To)}))";
            var (live, differing) = await comparison.Compare(table, replayed, known, ct);
            var first = new List<Difference>();
            if (differing > 0)
            {
                await foreach (var difference in comparison.Differences(table, request.Report is null ? Kept : null, ct))
                {
                    request.Report?.Invoke(difference);
                    if (first.Count < Kept) first.Add(difference);
                }
            }
            tables.Add(new ReplayedTable(table, live, replayed, differing, first));
        }
        Swapped? swapped = null;
        if (request.Swap && tables.Any(t => t.Differences > 0))
        {
            await Execute(main, Swap.Unseen(tenant.Schema, shadow), ct);
            await transaction.CommitAsync(ct);
            swapped = await new Swap(main, tenant.Schema, shadow, rows, states, new EventStreams(stores.Of(tenant.Id.ToString()), tenant.Schema))
                .Run(rows.Tables, ct);
            await Execute(main, $"set client_min_messages = warning; drop schema {shadow} cascade", CancellationToken.None);
        }
        return new ReplayResult(events, Stopwatch.GetElapsedTime(started), tables, swapped);
    }

    /// <summary>Takes out of the shadow what the tenant's retention may have dropped (shared.apply_retention), unless it is still there.</summary>
    /// <returns>How many rows.</returns>
    private static async Task<long> Forget(NpgsqlConnection main, Tenant tenant, string shadow, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand($"""
            delete from {shadow}.{Trail} s
            using (select now() - nullif(coalesce(t.settings -> 'retention' ->> '{Trail}', c.value), '')::interval as since
                   from shared.tenants t left join shared.system_config c on c.key = 'retention.{Trail}' where t.id = $1) kept
            where s.created_at < kept.since and not exists (select from {tenant.Schema}.{Trail} l where l.id = s.id and l.created_at = s.created_at)
            """, main)
        { CommandTimeout = 0, Parameters = { new() { Value = tenant.Id } } };
        return await command.ExecuteNonQueryAsync(ct);
    }

    private (ShadowRows Rows, StateRows States) Rows(Tenant tenant, string? only = null)
    {
        var store = stores.Of(tenant.Id.ToString());
        var rows = new ShadowRows(table => only is null || table == only);
        var states = new StateRows(store, ((IDocumentStore)store).Options.AllKnownDocumentTypes().Select(d => d.DocumentType).Where(LedgerModel.IsAggregate));
        // each table is written once with no row: so it is known before there is one
        foreach (var table in ReadModels.Tables) table.Write([], rows);
        foreach (var table in Unwritten) rows.Write(new Table<Guid>(table), []);
        states.Write([], rows);
        return (rows, states);
    }

    /// <summary>No index, no constraint, no trigger, no log: what is written here is read once.</summary>
    private static string ShadowOf(string schema, string shadow, string table, bool isState) => isState
        ? $"create unlogged table {shadow}.{table} as select id, data from {schema}.{table} where false;"
        : $"create unlogged table {shadow}.{table} (like {schema}.{table} including defaults);";

    /// <summary>Three at work side by side: one reads, one folds and projects, one writes.</summary>
    private async Task<long> Project(Tenant tenant, NpgsqlDataSource owner, NpgsqlConnection main, string snapshot, string shadow, ReplayEnd? to,
        ShadowRows rows, StateRows states, Action<long> progress, CancellationToken ct)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var read = Channel.CreateBounded<List<IEvent>>(4);
        var copy = Channel.CreateBounded<CopyBatch>(8);
        var count = 0L;

        async Task Guard(Func<Task> work, Action<Exception?> done)
        {
            try
            {
                await work();
                done(null);
            }
            catch (Exception e)
            {
                done(e);
                await stop.CancelAsync();
                throw;
            }
        }

        async Task ReadEvents()
        {
            await using var reader = await Snapshot(owner, tenant, stop.Token);
            await using var transaction = await reader.BeginTransactionAsync(IsolationLevel.RepeatableRead, stop.Token);
            await Execute(reader, $"set transaction snapshot '{snapshot}'", stop.Token);
            await new EventStreams(stores.Of(tenant.Id.ToString()), tenant.Schema).Read(reader, ReplayEnd.Condition(to), read.Writer, stop.Token);
        }

        async Task ProjectEvents()
        {
            var streams = new StreamFolding(rows, states);
            await foreach (var batch in read.Reader.ReadAllAsync(stop.Token))
            {
                foreach (var @event in batch) streams.Add(@event);
                count += batch.Count;
                await rows.Send(copy.Writer, all: false, stop.Token);
                progress(count);
            }
            streams.End();
            await rows.Send(copy.Writer, all: true, stop.Token);
        }

        async Task CopyRows()
        {
            await foreach (var batch in copy.Reader.ReadAllAsync(stop.Token)) await batch.Into(main, $"{shadow}.{batch.Table}", stop.Token);
        }

        Task[] work =
        [
            Guard(() => Task.Run(ReadEvents), e => read.Writer.TryComplete(e)),
            Guard(() => Task.Run(ProjectEvents), e => copy.Writer.TryComplete(e)),
            Guard(() => Task.Run(CopyRows), _ => { }),
        ];
        try
        {
            await Task.WhenAll(work);
        }
        catch (Exception) when (!ct.IsCancellationRequested)
        {
            // the one that failed, not those that were told to stop
            throw work.Where(w => w.IsFaulted).Select(w => w.Exception!.InnerExceptions[0]).FirstOrDefault(e => e is not (OperationCanceledException or ChannelClosedException))
                ?? work.First(w => !w.IsCompletedSuccessfully).Exception!;
        }
        return count;
    }

    private static async Task<NpgsqlConnection> Snapshot(NpgsqlDataSource owner, Tenant tenant, CancellationToken ct)
    {
        var connection = await owner.OpenConnectionAsync(ct);
        await Execute(connection, $"select set_config('{Databases.TenantSetting}', '{tenant.Id}', false)", ct);
        return connection;
    }

    private static async Task Execute(NpgsqlConnection connection, string sql, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        await command.ExecuteNonQueryAsync(ct);
    }

    private static async Task<object?> Scalar(NpgsqlConnection connection, string sql, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        return await command.ExecuteScalarAsync(ct);
    }
}
