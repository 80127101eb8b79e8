using Fluxion.Benchmarks;
using Fluxion.Tests.Host;
using Fluxion.Tests.Tenancy;

namespace Fluxion.Tests.Replay;

/// <summary>Both sides of the replay benchmark do the same work.</summary>
[Collection(AlteredTables.Name)]
public sealed class ReplayBenchmarkTests(LedgerHost host)
{
    [Fact]
    public async Task marten_rebuilds_the_same_rows_and_the_benchmark_leaves_nothing_behind()
    {
        var tenant = await TestTenant.Create(host, altered: true);
        await TradingTenant.CreateDocuments(tenant.Admin);
        await using var superuser = await host.OpenSuperuser();
        Task<ReplayMeasured> Measure() =>
            new ReplayBenchmark(host.Services).Run(tenant.Registered, batchSize: 7, null, null, TestContext.Current.CancellationToken);

        var measured = await Measure();
        measured.Events.ShouldBe((await superuser.Column<long>($"select count(*) from {tenant.Schema}.mt_events"))[0]);
        measured.Marten.ShouldBeGreaterThan(TimeSpan.Zero);

        await superuser.Execute($"update {tenant.Schema}.products set name = 'x' where sku = 'P1'");
        (await Should.ThrowAsync<BenchmarkRefusedException>(Measure)).Message.ShouldContain("differ from its events");
        (
            await superuser.Column<string>(
                """
                select nspname::text from pg_namespace where nspname like 'benchmark%'
                union all
                select rolname::text from pg_roles where rolname like 'benchmark%'
                """
            )
        ).ShouldBeEmpty();
    }
}
