using System.Data;
using System.Diagnostics;
using System.Threading.Channels;
using Fluxion.Ledger.Diagnostics;
using Fluxion.Projections.Diagnostics;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Fluxion.Projections.Replay;

/// <summary>A request for a replay.</summary>
/// <param name="Table">The only table to replay; null for all.</param>
/// <param name="To">The end of the replay; null for the last event.</param>
/// <param name="Swap">Whether to replace differing rows by those that follow from the events.</param>
/// <param name="Report">Receives every differing value. Null: only the first ones of each table are kept.</param>
public sealed record ReplayRequest(string? Table = null, ReplayEnd? To = null, bool Swap = false, Action<Difference>? Report = null);

/// <param name="Events">The number of events replayed.</param>
/// <param name="Tables">The tables as they were before a swap.</param>
/// <param name="Swapped">The result of the swap; null if there was none.</param>
public sealed record ReplayResult(long Events, TimeSpan Elapsed, IReadOnlyList<ReplayedTable> Tables, Swapped? Swapped)
{
    /// <summary>Whether every compared row follows from the events.</summary>
    public bool IsEqual => Tables.All(t => t.Differences is null or 0);

    /// <summary>The number of buckets with different sums, whose rows were compared value by value.</summary>
    internal int SuspectBuckets { get; init; }

    public double EventsPerSecond => Events / Math.Max(Elapsed.TotalSeconds, 0.001);
}

/// <summary>A replay cannot run as requested. Nothing was changed.</summary>
public sealed class ReplayRefusedException(string why, bool isConflict = false) : Exception(why)
{
    /// <summary>Whether the same request may succeed later.</summary>
    public bool IsConflict => isConflict;
}

/// <summary>
/// Rebuilds the read models of one tenant from its events, by the code that writes them live, and compares them with the live tables.
/// Everything is read from one snapshot of the database. Events and rows commit together, so commands may continue meanwhile. First only
/// sums of digests are compared. If they differ, the events are replayed a second time. Rows in the candidate buckets are then written to a
/// shadow schema and compared value by value. The shadow schema is created in the snapshot's transaction. Without a swap it is rolled back
/// with it.
/// </summary>
public sealed class TenantReplay(Databases databases, TenantDocumentStores stores, ILogger<TenantReplay> logger)
{
    /// <summary>The number of the owner's connections that one replay has open concurrently.</summary>
    public static int Connections => ReplayWorkers.Count + 2;

    /// <summary>The maximum number of differing values kept for each table.</summary>
    public const int MaxSamples = 20;

    /// <summary>The audit trail, from which retention drops old rows.</summary>
    private const string Trail = "events";

    /// <summary>The tables of a replay: read models and states of aggregates.</summary>
    public IReadOnlyList<string> TablesOf(Tenant tenant) =>
        [.. TableShape.All(new StateRows(stores.ForTenant(tenant.Id.ToString()))).Select(shape => shape.Name)];

    /// <exception cref="ReplayRefusedException">There is no such table, or another replay of the tenant is running.</exception>
    /// <exception cref="NoOwnerException"/>
    public async Task<ReplayResult> Run(Tenant tenant, ReplayRequest request, Action<long, long>? progress, CancellationToken ct)
    {
        var started = Stopwatch.GetTimestamp();
        if (tenant.SchemaFault is not null)
            throw new ReplayRefusedException(tenant.SchemaFault);
        if (request is { Swap: true, To: not null })
            throw new ReplayRefusedException("Rows of the past cannot replace the present rows: swap without an end.");
        var owner = databases.RequireOwner();
        var store = stores.ForTenant(tenant.Id.ToString());
        var states = new StateRows(store);
        var shapes = TableShape.All(states);
        if (request.Table is { } one)
        {
            if (shapes.All(shape => shape.Name != one))
                throw new ReplayRefusedException(
                    $"There is no table '{one}' to replay; there are: {string.Join(", ", shapes.Select(shape => shape.Name))}."
                );
            shapes = [.. shapes.Where(shape => shape.Name == one)];
        }
        var shadow = $"{tenant.Schema}_replay";

        // A separate connection holds the advisory lock until the end, across the transactions of a swap.
        await using var gate = await owner.OpenConnectionAsync(ct);
        await using var exclusive = await gate.BeginTransactionAsync(ct);
        if (!await AdvisoryLocks.TryAcquire(gate, ReplaysTable.LockKey(tenant.Schema), ct))
            throw new ReplayRefusedException($"A replay of '{tenant.Slug}' is under way; wait until it is done.", isConflict: true);
        await using var main = await ReplayWorkers.Open(owner, tenant, parallelWorkers: ReplayWorkers.Count, ct);
        await using var transaction = await main.BeginTransactionAsync(IsolationLevel.RepeatableRead, ct);
        var snapshot = (string)(await Scalar(main, "select pg_export_snapshot()", ct))!;
        var end = ReplayEnd.Condition(request.To, tenant.Schema);
        var total = (long)(await Scalar(main, $"select coalesce(max(e.seq_id), 0) from {tenant.Schema}.mt_events e where {end}", ct))!;
        var live = new Dictionary<string, LiveTable>();
        foreach (var shape in shapes)
            live[shape.Name] = await LiveTable.Read(
                main,
                tenant.Schema,
                shape,
                shape.Name == Trail ? await TrailSince(main, tenant, ct) : null,
                ct
            );
        // With an end, tables whose rows are replaced are not compared, because they contain only the current state.
        var compared = live.Values.Where(table => request.To is null || table.Shape.OnlyGrows).ToList();
        var known = request.To is null ? "true" : $"not exists (select from {tenant.Schema}.mt_events e where e.id = l.id and not ({end}))";
        var workers = new ReplayWorkers(
            owner,
            tenant,
            store,
            states,
            snapshot,
            [.. (await EventStreams.Ranges(main, tenant.Schema, ct)).Select(range => $"{range} and {end}")]
        );

        var sums = new Dictionary<string, BucketSums>();
        async Task SumUp(CancellationToken stop)
        {
            foreach (var table in compared)
                sums[table.Shape.Name] = await table.Sums(main, known, stop);
        }
        void Measure(double fraction) =>
            Instruments.ReplayProgress.Record(fraction, new KeyValuePair<string, object?>(Instruments.Tenant, tenant.Slug));
        void Report(long count)
        {
            progress?.Invoke(count, total);
            Measure((double)count / Math.Max(total, 1));
        }
        DigestedRows[] digested = [.. Enumerable.Range(0, ReplayWorkers.Count).Select(_ => new DigestedRows(live))];
        var events = await workers.Run(digested, (_, _, _) => default, Report, SumUp, ct);
        Measure(1); // sequence numbers have gaps, so the count of events stays below the last number
        var replayed = shapes.ToDictionary(shape => shape.Name, shape => digested.Sum(rows => rows.RowsOf(shape.Name)));
        var suspect = compared.ToDictionary(
            table => table.Shape.Name,
            table => DigestedRows.Sums(digested, table.Shape.Name).Differing(sums[table.Shape.Name]).ToHashSet()
        );

        var found = new Dictionary<string, (long Rows, List<Difference> First)>();
        if (suspect.Values.Any(buckets => buckets.Count > 0))
        {
            await Execute(
                main,
                $"""
                set local client_min_messages = warning;
                drop schema if exists {shadow} cascade;
                create schema {shadow};
                {string.Join('\n', compared.Select(table => ShadowOf(tenant.Schema, shadow, table.Shape)))}
                """,
                ct
            );
            await Shadow(workers, main, shadow, [.. digested.Select(_ => new ShadowRows(live, suspect))], ct);
            if (suspect.TryGetValue(Trail, out var old) && old.Count > 0)
                replayed[Trail] -= await Forget(main, tenant, shadow, ct);
            foreach (var table in compared)
                found[table.Shape.Name] = await Differences(
                    main,
                    tenant,
                    shadow,
                    table,
                    suspect[table.Shape.Name],
                    known,
                    request.Report,
                    ct
                );
        }
        var tables = shapes
            .Select(shape =>
                sums.TryGetValue(shape.Name, out var own)
                    ? new ReplayedTable(
                        shape.Name,
                        own.Rows,
                        replayed[shape.Name],
                        found.GetValueOrDefault(shape.Name).Rows,
                        found.GetValueOrDefault(shape.Name).First ?? []
                    )
                    : new ReplayedTable(shape.Name, null, replayed[shape.Name], null, [])
            )
            .ToList();
        Swapped? swapped = null;
        if (request.Swap && tables.Any(t => t.Differences > 0))
        {
            await Execute(main, Swap.Unseen(tenant.Schema, shadow), ct);
            await transaction.CommitAsync(ct);
            try
            {
                swapped = await new Swap(main, tenant.Schema, shadow, live, states, new EventStreams(store, tenant.Schema)).Run(
                    [.. shapes.Select(shape => shape.Name)],
                    ct
                );
            }
            finally
            {
                await DropShadow(owner, shadow);
            }
        }
        return new ReplayResult(events, Stopwatch.GetElapsedTime(started), tables, swapped)
        {
            SuspectBuckets = suspect.Values.Sum(buckets => buckets.Count),
        };
    }

    /// <summary>
    /// Replays a second time, and copies the rows into the shadow schema, which only the transaction of <paramref name="main"/> sees.
    /// </summary>
    private static async Task Shadow(ReplayWorkers workers, NpgsqlConnection main, string shadow, ShadowRows[] rows, CancellationToken ct)
    {
        var copy = Channel.CreateBounded<CopyBatch>(8);
        async Task CopyRows()
        {
            try
            {
                await foreach (var batch in copy.Reader.ReadAllAsync(ct))
                    await batch.Into(main, $"{shadow}.{batch.Table}", ct);
            }
            catch (Exception e)
            {
                copy.Writer.TryComplete(e);
                throw;
            }
        }
        var copying = Task.Run(CopyRows, ct);
        try
        {
            await workers.Run(rows, (own, all, stop) => own.Send(copy.Writer, all, stop), _ => { }, null, ct);
        }
        finally
        {
            copy.Writer.TryComplete();
            await copying;
        }
    }

    private static async Task<(long Rows, List<Difference> First)> Differences(
        NpgsqlConnection main,
        Tenant tenant,
        string shadow,
        LiveTable table,
        IReadOnlyCollection<int> suspect,
        string known,
        Action<Difference>? report,
        CancellationToken ct
    )
    {
        var comparison = new Comparison(main, tenant.Schema, shadow);
        var differing = await comparison.Compare(table, suspect, known, ct);
        var first = new List<Difference>();
        if (differing == 0)
            return (0, first);
        await foreach (var difference in comparison.Differences(table.Shape.Name, report is null ? MaxSamples : null, ct))
        {
            report?.Invoke(difference);
            if (first.Count < MaxSamples)
                first.Add(difference);
        }
        return (differing, first);
    }

    /// <summary>
    /// The time before which rows may be absent from the audit trail. Null if the trail must be complete.
    /// </summary>
    private static async Task<DateTimeOffset?> TrailSince(NpgsqlConnection main, Tenant tenant, CancellationToken ct) =>
        await Scalar(
            main,
            $"""
            select least(kept.since, (select min(created_at) from {tenant.Schema}.{Trail})) from ({KeptSince(
                tenant
            )}) kept where kept.since is not null
            """,
            ct
        )
            is DateTime at
            ? new DateTimeOffset(at)
            : null;

    /// <summary>The query for the retention limit, with the same rules as shared.apply_retention.</summary>
    private static string KeptSince(Tenant tenant) =>
        $"""
            select now() - nullif(coalesce(t.settings -> 'retention' ->> '{Trail}', c.value), '')::interval as since
            from shared.tenants t left join shared.system_config c on c.key = 'retention.{Trail}' where t.id = '{tenant.Id}'
            """;

    /// <summary>Deletes from the shadow the rows that the tenant's retention may have dropped, unless they still exist.</summary>
    /// <returns>The number of deleted rows.</returns>
    private static async Task<long> Forget(NpgsqlConnection main, Tenant tenant, string shadow, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(
            $"""
            delete from {shadow}.{Trail} s using ({KeptSince(tenant)}) kept
            where s.created_at < kept.since
                and not exists (select from {tenant.Schema}.{Trail} l where l.id = s.id and l.created_at = s.created_at)
            """,
            main
        )
        {
            CommandTimeout = 0,
        };
        return await command.ExecuteNonQueryAsync(ct);
    }

    /// <summary>
    /// Creates a table without indexes, constraints, triggers or write-ahead log, because its rows are read only once.
    /// </summary>
    private static string ShadowOf(string schema, string shadow, TableShape table) =>
        table.IsState
            ? $"create unlogged table {shadow}.{table.Name} as select id, data from {schema}.{table.Name} where false;"
            : $"create unlogged table {shadow}.{table.Name} (like {schema}.{table.Name} including defaults);";

    /// <summary>
    /// Drops the shadow schema, even if the swap failed. If the connection is lost too, the next replay that needs a shadow drops it.
    /// </summary>
    private async Task DropShadow(NpgsqlDataSource owner, string shadow)
    {
        try
        {
            await using var connection = await owner.OpenConnectionAsync();
            await Execute(connection, $"set client_min_messages = warning; drop schema if exists {shadow} cascade", CancellationToken.None);
        }
        catch (NpgsqlException e)
        {
            logger.ShadowNotDropped(e, shadow); // the result of the swap does not depend on this
        }
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
