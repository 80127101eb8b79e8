using System.Collections.Concurrent;
using System.Data;
using Marten;
using Npgsql;

namespace Fluxion.Projections.Replay;

/// <summary>
/// Reads, folds and projects the events of one snapshot with several parallel workers. Streams do not depend on each other. So each worker
/// takes one range of streams at a time, and writes rows of its own.
/// </summary>
internal sealed class ReplayWorkers(
    NpgsqlDataSource owner,
    Tenant tenant,
    DocumentStore store,
    StateRows states,
    string snapshot,
    IReadOnlyList<string> ranges
)
{
    /// <summary>The number of events after which a worker sends its rows and reports progress.</summary>
    private const int BatchSize = 1000;

    /// <summary>
    /// The number of workers: one per core, at least 2 and at most 8. More would compete with the server, which has to serve their reads.
    /// </summary>
    public static int Count { get; } = Math.Clamp(Environment.ProcessorCount, 2, 8);

    /// <summary>Returns when all workers have finished. After a failure it throws the first exception, once all have stopped.</summary>
    /// <param name="rows">The rows of each worker.</param>
    /// <param name="send">Sends the rows that a worker has written so far. The flag is true when the worker has finished.</param>
    /// <param name="progress">Receives the total number of events read so far. Workers do not call it concurrently.</param>
    /// <param name="beside">Work to do in parallel with the workers; null for none.</param>
    public async Task<long> Run<TRows>(
        IReadOnlyList<TRows> rows,
        Func<TRows, bool, CancellationToken, ValueTask> send,
        Action<long> progress,
        Func<CancellationToken, Task>? beside,
        CancellationToken ct
    )
        where TRows : ReplayedRows
    {
        var rest = new ConcurrentQueue<string>(ranges);
        var (events, counting) = (0L, new Lock());
        void Count(int more)
        {
            lock (counting)
                progress(events += more);
        }
        var work = rows.Select(own => (Func<CancellationToken, Task>)(stop => Work(rest, own, send, Count, stop)));
        if (beside is not null)
            work = work.Prepend(beside);
        await Parallel.ForEachAsync(
            work,
            new ParallelOptions { MaxDegreeOfParallelism = rows.Count + 1, CancellationToken = ct },
            async (one, stop) => await one(stop)
        );
        return events;
    }

    private async Task Work<TRows>(
        ConcurrentQueue<string> rest,
        TRows rows,
        Func<TRows, bool, CancellationToken, ValueTask> send,
        Action<int> count,
        CancellationToken ct
    )
        where TRows : ReplayedRows
    {
        await using var connection = await Open(owner, tenant, parallelWorkers: 0, ct); // there are already as many workers as cores
        await using var transaction = await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, ct);
        await using (var command = new NpgsqlCommand($"set transaction snapshot '{snapshot}'", connection))
            await command.ExecuteNonQueryAsync(ct);
        var events = new EventStreams(store, tenant.Schema);
        var folding = new StreamFolding(rows, states);
        var read = 0;
        while (rest.TryDequeue(out var range))
        {
            await foreach (var @event in events.Read(connection, range, ct))
            {
                folding.Add(@event);
                if (++read < BatchSize)
                    continue;
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
    /// Opens a connection that sees the rows of the tenant and aggregates them in memory. It lowers random_page_cost from the default of 4
    /// to 1.1. So the planner reads streams in the order of their index, without a sort.
    /// </summary>
    /// <param name="parallelWorkers">The maximum number of parallel server processes per query, besides the connection's own.</param>
    public static async Task<NpgsqlConnection> Open(NpgsqlDataSource owner, Tenant tenant, int parallelWorkers, CancellationToken ct)
    {
        var connection = await owner.OpenConnectionAsync(ct);
        await using var command = new NpgsqlCommand(
            $"""
            select set_config('{Databases.TenantSetting}', '{tenant.Id}', false), set_config('work_mem', '64MB', false),
                   set_config('random_page_cost', '1.1', false),
                   set_config('max_parallel_workers_per_gather', '{parallelWorkers}', false)
            """,
            connection
        );
        await command.ExecuteNonQueryAsync(ct);
        return connection;
    }
}
