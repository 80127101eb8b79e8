using System.Globalization;
using Fluxion.Host;
using Fluxion.Host.CommandLine;
using Fluxion.Host.Database;
using Fluxion.Host.Demo;
using Fluxion.Ledger.Tenancy;
using Fluxion.Projections.Replay;
using JasperFx.CommandLine;
using Marten.Exceptions;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Spectre.Console;

namespace Fluxion.Benchmarks;

public sealed class ReplayBenchmarkInput
{
    [Description("The tenant's slug; `load` of the host makes one of any size")]
    public string Tenant { get; set; } = "";

    [Description("Events that Marten applies in one transaction; its default when left out")]
    [FlagAlias("batch-size", longAliasOnly: true)]
    public int? BatchSizeFlag { get; set; }
}

[Description("A replay of all tables beside Marten's own rebuild of them from the same events", Name = "replay")]
public sealed class ReplayBenchmarkCommand : JasperFxAsyncCommand<ReplayBenchmarkInput>
{
    private const int MaxBatchSize = 100_000;

    public ReplayBenchmarkCommand() => Usage("Measure on a tenant that exists and to which nobody writes").Arguments(x => x.Tenant);

    public override async Task<bool> Execute(ReplayBenchmarkInput input)
    {
        Output.WrapForPeopleAlone();
        if (input.BatchSizeFlag is < 1 or > MaxBatchSize) return Output.Refuse($"--batch-size is 1 to {MaxBatchSize}.");
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory, ApplicationName = typeof(FluxionHost).Assembly.GetName().Name });
        try
        {
            await using var connections = await DatabaseConnections.Resolve(builder.Configuration, builder.Environment, Console.WriteLine, CancellationToken.None);
            builder.AddFluxion(FluxionSettings.Read(builder.Configuration, builder.Environment));
            builder.Services.AddSingleton(connections);
            await using var app = builder.Build();
            await app.Prepare(connections, CancellationToken.None);
            if (await app.Services.GetRequiredService<TenantRegistry>().Find(input.Tenant, CancellationToken.None) is not { } tenant)
                return Output.Refuse($"There is no tenant '{input.Tenant}'.");
            Print(tenant, await WithProgress(tenant, (step, progress) =>
                new ReplayBenchmark(app.Services).Run(tenant, input.BatchSizeFlag, step, progress, CancellationToken.None)));
            return true;
        }
        catch (Exception e) when (e is BenchmarkRefusedException or ReplayRefusedException or NoOwnerException or SettingsException or EmbeddedDatabaseException
                                      or SchemaScriptException or NpgsqlException or MartenException or TimeoutException)
        {
            return Output.Refuse(e.GetBaseException().Message);
        }
    }

    private static void Print(Tenant tenant, ReplayMeasured measured)
    {
        var table = new Table().AddColumn($"{tenant.Slug}: {measured.Events} events").AddColumns([.. ((string[])["Seconds", "Events/s"]).Select(name => new TableColumn(name).RightAligned())]);
        void Row(string what, TimeSpan time) => table.AddRow(what, time.TotalSeconds.ToString("0.0", CultureInfo.InvariantCulture), (measured.Events / time.TotalSeconds).ToString("0", CultureInfo.InvariantCulture));
        Row("Replay of all tables and states, with the comparison", measured.Replay);
        Row("Marten's RebuildProjectionAsync of the tables", measured.Marten);
        AnsiConsole.Write(table);
        AnsiConsole.WriteLine(string.Create(CultureInfo.InvariantCulture, $"Ratio {measured.Ratio:0.0}; both came to the same rows"));
    }

    /// <summary>A bar for people; for a file a line a step.</summary>
    private static Task<T> WithProgress<T>(Tenant tenant, Func<Action<string>, Action<long, long>?, Task<T>> run) => Console.IsOutputRedirected
        ? run(step => Console.WriteLine($"{tenant.Slug}: {step} …"), null)
        : Output.Bar().StartAsync(context =>
        {
            var bar = context.AddTask(tenant.Slug);
            return run(step => (bar.Description, bar.Value) = ($"{tenant.Slug}: {step}", 0), (done, total) => (bar.MaxValue, bar.Value) = (Math.Max(total, 1), done));
        });
}
