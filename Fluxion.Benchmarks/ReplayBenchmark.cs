using Fluxion.Ledger.Tenancy;
using Fluxion.Projections.Replay;
using Fluxion.Projections.Writing;
using Microsoft.Extensions.DependencyInjection;

namespace Fluxion.Benchmarks;

/// <summary>What both came to.</summary>
/// <param name="Events">Of the tenant.</param>
/// <param name="Replay">How long the replay of all tables took, with the states that commands decide by and the comparison with the live rows.</param>
/// <param name="Marten">How long Marten took to rebuild the read models from the same events.</param>
internal sealed record ReplayMeasured(long Events, TimeSpan Replay, TimeSpan Marten)
{
    /// <summary>How many times faster the replay is.</summary>
    public double Ratio => Marten / Replay;
}

/// <summary>The two cannot be compared as was asked; nothing is left of the attempt.</summary>
public sealed class BenchmarkRefusedException(string why) : Exception(why);

/// <summary>
/// A replay of all read models beside Marten's rebuild of the same tables from the same events, one after the other in one run. Both have to come to the
/// same rows, or it would not be the same work.
/// </summary>
internal sealed class ReplayBenchmark(IServiceProvider services)
{
    /// <param name="batchSize">Events that Marten applies in one transaction; null for its default.</param>
    /// <param name="step">Told what begins.</param>
    /// <param name="progress">Told how many of how many events are done.</param>
    /// <exception cref="BenchmarkRefusedException"/>
    /// <exception cref="NoOwnerException"/>
    /// <exception cref="ReplayRefusedException"/>
    public async Task<ReplayMeasured> Run(Tenant tenant, int? batchSize, Action<string>? step, Action<long, long>? progress, CancellationToken ct)
    {
        await using var turn = await services.GetRequiredService<TenantProvisioning>().AcquireLock($"benchmark/{tenant.Schema}", ct);
        await using var marten = new MartenRebuild(services.GetRequiredService<Databases>(), services.GetRequiredService<SchemaScripts>(), tenant);
        step?.Invoke("copying the events");
        var events = await marten.Prepare(ct);
        if (events == 0) throw new BenchmarkRefusedException($"{tenant.Slug} has no events.");

        step?.Invoke("replaying");
        var replay = await services.GetRequiredService<TenantReplay>().Run(tenant, new ReplayRequest(), progress, ct);
        if (replay.Events != events) throw new BenchmarkRefusedException($"{tenant.Slug} got events meanwhile: measure where nobody writes.");
        if (!replay.IsEqual) throw new BenchmarkRefusedException($"The tables of {tenant.Slug} are not what its events say: `replay {tenant.Slug}` of the host tells where.");

        step?.Invoke("rebuilding with Marten");
        var rebuilt = await marten.Run(batchSize, done => progress?.Invoke(done, events), ct);
        step?.Invoke("comparing the rows");
        foreach (var table in ReadModels.Tables.SelectMany(TableOf).Distinct())
        {
            if (await marten.Differences(table, ct) is > 0 and var differences)
                throw new BenchmarkRefusedException($"Marten's rebuild came to other rows: {differences} in {table}.");
        }
        return new ReplayMeasured(events, replay.Elapsed, rebuilt);
    }

    private static IEnumerable<string> TableOf(IReadModel model)
    {
        var names = new Names();
        model.Write([], names);
        return names.Written;
    }

    /// <summary>A read model says which tables it writes by writing no rows.</summary>
    private sealed class Names : IRowWriter
    {
        public List<string> Written { get; } = [];

        public void Write<TRow>(Table<TRow> table, IReadOnlyList<TRow> rows, Func<TRow, object>? rowKey = null) => Written.Add(table.Name);
    }
}
