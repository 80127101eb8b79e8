using System.Collections.Concurrent;
using System.Data;
using Fluxion.Ledger.Tenancy;
using Marten;
using Npgsql;

namespace Fluxion.Projections.Replay;

/// <summary>
/// Reads, folds and projects the events of one snapshot, several workers side by side: streams do not depend on each other, so each takes a
/// range of them at a time and writes rows of its own.
/// </summary>
internal sealed class ReplayWorkers(NpgsqlDataSource owner, Tenant tenant, DocumentStore store, StateRows states, string snapshot, IReadOnlyList<string> ranges)
{
    /// <summary>Events between two looks at a worker's rows.</summary>
    private const int BatchSize = 1000;

    /// <summary>One a core; the server has its own work with what they read.</summary>
    public static int Count { get; } = Math.Clamp(Environment.ProcessorCount, 2, 8);

    /// <summary>Returns when all are done, or throws what the first failure was, once all have stopped.</summary>
    /// <param name="rows">A worker's own each.</param>
    /// <param name="send">Takes away what a worker has written so far; all of it when it is done.</param>
    /// <param name="progress">Told of how many events more, by one worker at a time.</param>
    /// <param name="beside">What is to be done meanwhile.</param>
    public async Task<long> Run<TRows>(IReadOnlyList<TRows> rows, Func<TRows, bool, CancellationToken, ValueTask> send, Action<long> progress,
        Func<CancellationToken, Task>? beside, CancellationToken ct) where TRows : ReplayedRows
    {
        var rest = new ConcurrentQueue<string>(ranges);
        var (events, counting) = (0L, new Lock());
        void Count(int more)
        {
            lock (counting) progress(events += more);
        }
        IEnumerable<Func<CancellationToken, Task>> work = rows.Select(own => (Func<CancellationToken, Task>)(stop => Work(rest, own, send, Count, stop)));
        if (beside is not null) work = work.Prepend(beside);
        await Parallel.ForEachAsync(work, new ParallelOptions { MaxDegreeOfParallelism = rows.Count + 1, CancellationToken = ct }, async (one, stop) => await one(stop));
        return events;
    }

    private async Task Work<TRows>(ConcurrentQueue<string> rest, TRows rows, Func<TRows, bool, CancellationToken, ValueTask> send, Action<int> count, CancellationToken ct)
        where TRows : ReplayedRows
    {
        await using var connection = await Open(owner, tenant, parallelWorkers: 0, ct); // the workers are as many as the cores
        await using var transaction = await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, ct);
        await using (var command = new NpgsqlCommand($"set transaction snapshot '{snapshot}'", connection)) await command.ExecuteNonQueryAsync(ct);
        var events = new EventStreams(store, tenant.Schema);
        var folding = new StreamFolding(rows, states);
        var read = 0;
        while (rest.TryDequeue(out var range))
        {
            await foreach (var @event in events.Read(connection, range, ct))
            {
                folding.Add(@event);
                if (++read < BatchSize) continue;
                count(read);
                read = 0;
                await send(rows, false, ct);
            }
        }
        count(read);
        folding.End();
        await send(rows, true, ct);
    }

    /// <summary>
    /// A connection that sees the rows of the tenant and sums them up in memory. Streams are read in the order of their index, with nothing to sort, for
    /// which a page must not be taken to cost four times as much where it is read out of turn.
    /// </summary>
    /// <param name="parallelWorkers">How many processes of the server its queries may have beside its own.</param>
    public static async Task<NpgsqlConnection> Open(NpgsqlDataSource owner, Tenant tenant, int parallelWorkers, CancellationToken ct)
    {
        var connection = await owner.OpenConnectionAsync(ct);
        await using var command = new NpgsqlCommand($"""
            select set_config('{Databases.TenantSetting}', '{tenant.Id}', false), set_config('work_mem', '64MB', false), set_config('random_page_cost', '1.1', false),
                   set_config('max_parallel_workers_per_gather', '{parallelWorkers}', false)
            """, connection);
        await command.ExecuteNonQueryAsync(ct);
        return connection;
    }
}
