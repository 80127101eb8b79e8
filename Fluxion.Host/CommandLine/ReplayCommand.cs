using System.Globalization;
using System.Runtime.InteropServices;
using CsvHelper;
using Fluxion.Ledger.Tenancy;
using Fluxion.Projections.Replay;
using JasperFx.CommandLine;
using Npgsql;
using Spectre.Console;

namespace Fluxion.Host.CommandLine;

public sealed class ReplayInput : NetCoreInput
{
    [Description("The tenant's slug, for example acme")]
    public string? Tenant { get; set; }

    [Description("All tenants, a line each")]
    [FlagAlias("all", longAliasOnly: true)]
    public bool AllFlag { get; set; }

    [Description("With --all: tenants at once, 2 when left out")]
    public int ParallelFlag { get; set; } = 2;

    [Description("One table alone, for example inventory")]
    [FlagAlias("table", longAliasOnly: true)]
    public string? TableFlag { get; set; }

    [Description("Stop there: a date (2026-11-24), a point in time with its offset (2026-11-24T10:00:00-04:00), or the sequence number of an event; only tables that never replace a row are compared")]
    [FlagAlias("to", longAliasOnly: true)]
    public string? ToFlag { get; set; }

    [Description("Replace what differs by what the events say, while commands go on")]
    public bool SwapFlag { get; set; }

    [Description("Write all differences, value by value, to this CSV file")]
    public string? OutFlag { get; set; }
}

[Description("Build the read models of a tenant again from its events and compare them with the live ones; exit code 0 when they are equal, or are now with --swap", Name = "replay")]
public sealed class ReplayCommand : LedgerCommand<ReplayInput>
{
    private const int Shown = 80;
    private const int MaxAtOnce = 16;

    public ReplayCommand()
    {
        Usage("Replay all tenants and compare").Arguments().ValidFlags(x => x.AllFlag, x => x.ParallelFlag, x => x.TableFlag!, x => x.ToFlag!, x => x.SwapFlag);
        Usage("Replay a tenant and compare").Arguments(x => x.Tenant!).ValidFlags(x => x.TableFlag!, x => x.ToFlag!, x => x.SwapFlag, x => x.OutFlag!);
    }

    protected override async Task<bool> Run(ReplayInput input)
    {
        Output.WrapForPeopleAlone();
        using var host = input.BuildHost();
        var services = host.Services;
        using var stopping = new CancellationTokenSource();
        void Stop(PosixSignalContext signal)
        {
            signal.Cancel = true;
            stopping.Cancel();
        }
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);

        var to = input.ToFlag is null ? null : ReplayEnd.Parse(input.ToFlag);
        if (input.ToFlag is not null && to is null) return Output.Refuse($"--to {ReplayEnd.Form}.");
        if (input.AllFlag) return await All(input, to, services, stopping.Token);
        if (input.Tenant is null) return Output.Refuse("Say which tenant, or --all.");
        var tenant = await Find(services, input.Tenant, stopping.Token);
        var replay = services.GetRequiredService<TenantReplay>();
        try
        {
            using var file = input.OutFlag is null ? null : new StreamWriter(input.OutFlag);
            using var csv = file is null ? null : CsvWriter.Create(file, CsvWriterOptions.Default with { Injection = CsvInjection.Escape }, leaveOpen: true);
            void Line(params ReadOnlySpan<string?> fields)
            {
                foreach (var field in fields) csv!.WriteField(field);
                csv!.EndRecord();
            }
            if (csv is not null) Line("table", "key", "column", "live", "replayed");
            var request = new ReplayRequest(input.TableFlag, to, input.SwapFlag, csv is null ? null : d => Line(d.Table, d.Key, d.Column, d.Live, d.Replayed));
            var result = await WithProgress(tenant.Slug, step => replay.Run(tenant, request, step, stopping.Token));
            Print(result);
            return Conclude(tenant, to is not null, result);
        }
        catch (Exception e) when (e is ReplayRefusedException or NoOwnerException or NpgsqlException or IOException or UnauthorizedAccessException)
        {
            return Output.Refuse(e.Message);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            return Output.Refuse("Interrupted; nothing was changed.");
        }
    }

    /// <summary>Each tenant is looked at, also when another one differs or cannot be replayed.</summary>
    private static async Task<bool> All(ReplayInput input, ReplayEnd? to, IServiceProvider services, CancellationToken ct)
    {
        if (input.Tenant is not null || input.OutFlag is not null) return Output.Refuse("--all takes no tenant and no --out.");
        if (input.ParallelFlag is < 1 or > MaxAtOnce) return Output.Refuse($"--parallel is 1 to {MaxAtOnce}.");
        var replay = services.GetRequiredService<TenantReplay>();
        // no more at once than the pool has connections for
        var atOnce = services.GetRequiredService<Databases>().Owner is { } owner
            ? Math.Clamp(new NpgsqlConnectionStringBuilder(owner.ConnectionString).MaxPoolSize / TenantReplay.Connections, 1, input.ParallelFlag) : 1;
        var tenants = await services.GetRequiredService<TenantRegistry>().List(null, int.MaxValue, ct);
        var (right, turn) = (0, new Lock());
        try
        {
            await Parallel.ForEachAsync(tenants, new ParallelOptions { MaxDegreeOfParallelism = atOnce, CancellationToken = ct }, async (tenant, _) =>
            {
                try
                {
                    var result = await replay.Run(tenant, new ReplayRequest(input.TableFlag, to, input.SwapFlag), null, ct);
                    lock (turn)
                    {
                        AnsiConsole.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{tenant.Slug}: {result.Events} events in {result.Elapsed.TotalSeconds:0.0} s"));
                        foreach (var t in result.Tables.Where(t => t.Differences > 0)) Differences(t);
                        if (Conclude(tenant, to is not null, result)) right++;
                    }
                }
                catch (Exception e) when (e is not (OperationCanceledException or NoOwnerException))
                {
                    lock (turn) Output.Refuse($"{tenant.Slug}: {e.Message}");
                }
            });
        }
        catch (NoOwnerException e)
        {
            return Output.Refuse(e.Message);
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            return Output.Refuse("Interrupted.");
        }
        return right == tenants.Count || Output.Refuse($"{tenants.Count - right} of {tenants.Count} tenants are not what their events say, or could not be replayed.");
    }

    private static void Print(ReplayResult result)
    {
        var table = new Table().AddColumn("Table").AddColumns(
            [.. ((string[])["Live rows", "Replayed rows", "Differences"]).Select(name => new TableColumn(name).RightAligned())]);
        foreach (var t in result.Tables) table.AddRow(new Text(t.Name), Number(t.LiveRows), Number(t.ReplayedRows), Number(t.Differences));
        AnsiConsole.Write(table);

        foreach (var t in result.Tables.Where(t => t.Differences > 0)) Differences(t);
        AnsiConsole.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{result.Events} events in {result.Elapsed.TotalSeconds:0.0} s, {result.EventsPerSecond:0} events/s"));
    }

    private static void Differences(ReplayedTable t)
    {
        AnsiConsole.MarkupLineInterpolated($"[bold]{t.Name}[/]: rows that differ: {t.Differences}");
        foreach (var d in t.First)
        {
            AnsiConsole.WriteLine(d switch
            {
                { Column: { } column } => $"  {d.Key}: {column} is {Short(d.Live)}, replayed {Short(d.Replayed)}",
                { Live: null } => $"  {d.Key}: missing, replayed {Short(d.Replayed)}",
                _ => $"  {d.Key}: no event makes this row, it is {Short(d.Live)}",
            });
        }
    }

    private static bool Conclude(Tenant tenant, bool isOfThen, ReplayResult result)
    {
        if (result.Events == 0 && isOfThen) AnsiConsole.MarkupLineInterpolated($"No event of {tenant.Slug} is that old: the replay is empty");
        if (result.Swapped is { } swapped)
        {
            AnsiConsole.MarkupLineInterpolated($"{tenant.Slug}: {swapped.Rows} rows were replaced; commands were held for {swapped.CommandsHeld.TotalMilliseconds:0} ms");
            return true;
        }
        if (!result.IsEqual) return Output.Refuse($"{tenant.Slug}: {result.Tables.Sum(t => t.Differences ?? 0)} rows are not what the events say.");
        AnsiConsole.MarkupLineInterpolated($"{tenant.Slug}: {(isOfThen ? "the tables that only grow are" : "every row is")} what the events say");
        return true;
    }

    private static Text Number(long? number) => new(number?.ToString(CultureInfo.InvariantCulture) ?? "-");

    private static string Short(string? value) => value is null ? "null" : value.Length <= Shown ? value : value[..Shown] + "…";

    private static Task<T> WithProgress<T>(string what, Func<Action<long, long>?, Task<T>> run) => Console.IsOutputRedirected
        ? run(null)
        : Output.Bar().StartAsync(context =>
        {
            var bar = context.AddTask(what, maxValue: 1);
            return run((done, total) =>
            {
                bar.MaxValue = Math.Max(total, 1);
                bar.Value = done;
                bar.Description = done < total ? $"{what}: {done} events" : $"{what}: comparing";
            });
        });
}
