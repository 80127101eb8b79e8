using Fluxion.Ledger.Session;
using Fluxion.Ledger.Tenancy;
using Fluxion.Projections.Replay;
using Fluxion.Projections.Writing;
using Microsoft.Extensions.DependencyInjection;

namespace Fluxion.Benchmarks;

/// <summary>The result of both measurements.</summary>
/// <param name="Events">The number of the tenant's events.</param>
/// <param name="Replay">
/// The duration of the replay of all tables and of the states that commands decide by, with the comparison to the live rows.
/// </param>
/// <param name="Marten">The duration of Marten's rebuild of the read models from the same events.</param>
internal sealed record ReplayMeasured(long Events, TimeSpan Replay, TimeSpan Marten)
{
    /// <summary>Marten's duration divided by the replay's.</summary>
    public double Ratio => Marten / Replay;
}

/// <summary>The comparison cannot be made; the attempt leaves nothing behind.</summary>
public sealed class BenchmarkRefusedException(string why) : Exception(why);

/// <summary>
/// Measures a replay of all read models and Marten's rebuild of the same tables from the same events, one after the other in one run. Both
/// must produce the same rows; otherwise the comparison is not valid.
/// </summary>
internal sealed class ReplayBenchmark(IServiceProvider services)
{
    /// <param name="batchSize">The number of events that Marten applies in one transaction; null for its default.</param>
    /// <param name="step">A callback that gets the name of each step when it begins.</param>
    /// <param name="progress">A callback that gets the number of processed events and the total.</param>
    /// <exception cref="BenchmarkRefusedException"/>
    /// <exception cref="NoOwnerException"/>
    /// <exception cref="ReplayRefusedException"/>
    public async Task<ReplayMeasured> Run(
        Tenant tenant,
        int? batchSize,
        Action<string>? step,
        Action<long, long>? progress,
        CancellationToken ct
    )
    {
        await using var held = await services
            .GetRequiredService<TenantProvisioning>()
            .AcquireLock(AdvisoryLocks.Key(tenant.Schema, "benchmark"), ct);
        await using var marten = new MartenRebuild(
            services.GetRequiredService<Databases>(),
            services.GetRequiredService<SchemaScripts>(),
            tenant
        );
        step?.Invoke("copying the events");
        var events = await marten.Prepare(ct);
        if (events == 0)
            throw new BenchmarkRefusedException($"{tenant.Slug} has no events.");

        step?.Invoke("replaying");
        var replay = await services.GetRequiredService<TenantReplay>().Run(tenant, new ReplayRequest(), progress, ct);
        if (replay.Events != events)
            throw new BenchmarkRefusedException($"{tenant.Slug} got new events during the measurement: choose a tenant without writers.");
        if (!replay.IsEqual)
            throw new BenchmarkRefusedException(
                $"The tables of {tenant.Slug} differ from its events: the host's `replay {tenant.Slug}` lists the differences."
            );

        step?.Invoke("rebuilding with Marten");
        var rebuilt = await marten.Run(batchSize, done => progress?.Invoke(done, events), ct);
        step?.Invoke("comparing the rows");
        foreach (var table in ReadModels.Tables.SelectMany(TableOf).Distinct())
        {
            if (await marten.Differences(table, ct) is > 0 and var differences)
                throw new BenchmarkRefusedException($"Marten's rebuild differs in {differences} rows of {table}.");
        }
        return new ReplayMeasured(events, replay.Elapsed, rebuilt);
    }

    private static IEnumerable<string> TableOf(IReadModel model)
    {
        var names = new Names();
        model.Write([], names);
        return names.Written;
    }

    /// <summary>Collects the names of the tables that a read model writes, by writing no rows.</summary>
    private sealed class Names : IRowWriter
    {
        public List<string> Written { get; } = [];

        public void Write<TRow>(Table<TRow> table, IReadOnlyList<TRow> rows, Func<TRow, object>? rowKey = null) => Written.Add(table.Name);
    }
}
