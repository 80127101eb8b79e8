using System.CommandLine;
using System.Globalization;
using Fluxion.Host.CommandLine;
using Fluxion.Ledger.Tenancy;
using Fluxion.Projections.Replay;
using Marten.Exceptions;
using Spectre.Console;

namespace Fluxion.Benchmarks;

internal static class ReplayBenchmarkCommand
{
    private const int MaxBatchSize = 100_000;

    public static Command Create()
    {
        var tenant = Commands.Argument("tenant", "The slug of a tenant without writers; the host's `load` creates a tenant of any size");
        var batchSize = Commands.Number(
            "--batch-size",
            "Number of events that Marten applies in one transaction; Marten's own default without it",
            null,
            1,
            MaxBatchSize
        );
        return new Command("replay", "Compare a replay of all tables with Marten's own rebuild of them from the same events")
        {
            tenant,
            batchSize,
        }.Runs(
            (given, services, ct) =>
                Measure(given.GetRequiredValue(tenant), given.GetValue(batchSize) is > 0 and var size ? size : null, services, ct)
        );
    }

    private static async Task<int> Measure(string slug, int? batchSize, IServiceProvider services, CancellationToken ct)
    {
        var tenant = await services.Find(slug, ct);
        try
        {
            Print(
                tenant,
                await Output.WithProgress(
                    tenant.Slug,
                    report =>
                        new ReplayBenchmark(services).Run(
                            tenant,
                            batchSize,
                            step => report(0, 1, $"{tenant.Slug}: {step} …"),
                            (done, total) => report(done, total),
                            ct
                        )
                )
            );
            return 0;
        }
        catch (Exception e) when (e is BenchmarkRefusedException or ReplayRefusedException or MartenException or TimeoutException)
        {
            return Output.Refuse(e.GetBaseException().Message);
        }
    }

    private static void Print(Tenant tenant, ReplayMeasured measured)
    {
        var table = new Table()
            .AddColumn($"{tenant.Slug}: {measured.Events} events")
            .AddColumns([.. ((string[])["Seconds", "Events/s"]).Select(name => new TableColumn(name).RightAligned())]);
        void Row(string what, TimeSpan time) =>
            table.AddRow(
                what,
                time.TotalSeconds.ToString("0.0", CultureInfo.InvariantCulture),
                (measured.Events / time.TotalSeconds).ToString("0", CultureInfo.InvariantCulture)
            );
        Row("Replay of all tables and states, with the comparison", measured.Replay);
        Row("Marten's RebuildProjectionAsync of the tables", measured.Marten);
        AnsiConsole.Write(table);
        AnsiConsole.WriteLine(string.Create(CultureInfo.InvariantCulture, $"Ratio {measured.Ratio:0.0}; both have the same rows"));
    }
}
