using System.CommandLine;
using System.Globalization;
using CsvHelper;
using Fluxion.Ledger.Tenancy;
using Fluxion.Projections.Replay;
using Npgsql;
using Spectre.Console;

namespace Fluxion.Host.CommandLine;

internal static class ReplayCommand
{
    private const int Shown = 80;
    private const int MaxAtOnce = 16;

    public static Command Create()
    {
        var slug = Commands.Argument("tenant", "The tenant's slug, for example acme");
        slug.Arity = ArgumentArity.ZeroOrOne;
        var all = new Option<bool>("--all") { Description = "Replay all tenants, and print a line for each" };
        var parallel = Commands.Number("--parallel", "With --all: number of concurrent replays", 2, 1, MaxAtOnce);
        var table = Commands.Option("--table", "Compare this table alone, for example inventory");
        var to = Commands.Option(
            "--to",
            "End of the replay: a date (2026-11-24), a point in time with its offset (2026-11-24T10:00:00-04:00), "
                + "or the sequence number of an event. With an end, only tables that never replace a row are compared",
            ReplayEnd.Parse,
            ReplayEnd.Form
        );
        var swap = new Option<bool>("--swap")
        {
            Description = "Replace the rows that differ by those that follow from the events; commands continue meanwhile",
        };
        var file = Commands.Option("--out", "Write all differences, value by value, to this CSV file");
        var replay = new Command(
            "replay",
            "Rebuild a tenant's read models from its events and compare them with the live ones. "
                + "The exit code is 0 only when they are equal, or became equal with --swap"
        )
        {
            slug,
            all,
            parallel,
            table,
            to,
            swap,
            file,
        };
        replay.Validators.Add(given =>
        {
            if (!given.GetValue(all) && given.GetValue(slug) is null)
                given.AddError("Name a tenant, or use --all.");
            if (given.GetValue(all) && (given.GetValue(slug) ?? given.GetValue(file)) is not null)
                given.AddError("--all takes no tenant and no --out.");
        });
        return replay.Runs(
            (given, services, ct) =>
            {
                var request = new ReplayRequest(given.GetValue(table), given.GetValue(to), given.GetValue(swap));
                return given.GetValue(slug) is { } tenant
                    ? One(tenant, request, given.GetValue(file), services, ct)
                    : All(request, given.GetValue(parallel), services, ct);
            }
        );
    }

    private static async Task<int> One(string slug, ReplayRequest request, string? path, IServiceProvider services, CancellationToken ct)
    {
        var tenant = await services.Find(slug, ct);
        var replay = services.GetRequiredService<TenantReplay>();
        try
        {
            using var file = path is null ? null : new StreamWriter(path);
            using var csv = file is null
                ? null
                : CsvWriter.Create(file, CsvWriterOptions.Default with { Injection = CsvInjection.Escape }, leaveOpen: true);
            void Line(params ReadOnlySpan<string?> fields)
            {
                foreach (var field in fields)
                    csv!.WriteField(field);
                csv!.EndRecord();
            }
            if (csv is not null)
            {
                Line("table", "key", "column", "live", "replayed");
                request = request with { Report = d => Line(d.Table, d.Key, d.Column, d.Live, d.Replayed) };
            }
            var result = await Output.WithProgress(
                tenant.Slug,
                report => replay.Run(tenant, request, (done, total) => report(done, total), ct)
            );
            Print(result);
            return Conclude(tenant, request, result);
        }
        catch (Exception e)
            when (e is ReplayRefusedException or NoOwnerException or NpgsqlException or IOException or UnauthorizedAccessException)
        {
            return Output.Refuse(e.Message);
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            return Output.Refuse("Interrupted; nothing was changed.");
        }
    }

    /// <summary>Replays every tenant, even after another one differs or cannot be replayed.</summary>
    private static async Task<int> All(ReplayRequest request, int parallel, IServiceProvider services, CancellationToken ct)
    {
        var replay = services.GetRequiredService<TenantReplay>();
        // as many concurrent replays as the pool has connections for
        var atOnce = services.GetRequiredService<Databases>().Owner is { } owner
            ? Math.Clamp(new NpgsqlConnectionStringBuilder(owner.ConnectionString).MaxPoolSize / TenantReplay.Connections, 1, parallel)
            : 1;
        var tenants = await services.GetRequiredService<TenantRegistry>().List(null, int.MaxValue, ct);
        var (right, output) = (0, new Lock());
        try
        {
            await Parallel.ForEachAsync(
                tenants,
                new ParallelOptions { MaxDegreeOfParallelism = atOnce, CancellationToken = ct },
                async (tenant, _) =>
                {
                    try
                    {
                        var result = await replay.Run(tenant, request, null, ct);
                        lock (output)
                        {
                            AnsiConsole.WriteLine(
                                string.Create(
                                    CultureInfo.InvariantCulture,
                                    $"{tenant.Slug}: {result.Events} events in {result.Elapsed.TotalSeconds:0.0} s"
                                )
                            );
                            foreach (var t in result.Tables.Where(t => t.Differences > 0))
                                Differences(t);
                            if (Conclude(tenant, request, result) == 0)
                                right++;
                        }
                    }
                    catch (Exception e) when (e is not (OperationCanceledException or NoOwnerException))
                    {
                        lock (output)
                            Output.Refuse($"{tenant.Slug}: {e.Message}");
                    }
                }
            );
        }
        catch (NoOwnerException e)
        {
            return Output.Refuse(e.Message);
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            return Output.Refuse("Interrupted.");
        }
        return right == tenants.Count
            ? 0
            : Output.Refuse($"{tenants.Count - right} of {tenants.Count} tenants differ from their events, or could not be replayed.");
    }

    private static void Print(ReplayResult result)
    {
        var table = new Table()
            .AddColumn("Table")
            .AddColumns([
                .. ((string[])["Live rows", "Replayed rows", "Differences"]).Select(name => new TableColumn(name).RightAligned()),
            ]);
        foreach (var t in result.Tables)
            table.AddRow(new Text(t.Name), Number(t.LiveRows), Number(t.ReplayedRows), Number(t.Differences));
        AnsiConsole.Write(table);

        foreach (var t in result.Tables.Where(t => t.Differences > 0))
            Differences(t);
        AnsiConsole.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"{result.Events} events in {result.Elapsed.TotalSeconds:0.0} s, {result.EventsPerSecond:0} events/s"
            )
        );
    }

    private static void Differences(ReplayedTable t)
    {
        AnsiConsole.MarkupLineInterpolated($"[bold]{t.Name}[/]: rows that differ: {t.Differences}");
        foreach (var d in t.First)
        {
            AnsiConsole.WriteLine(
                d switch
                {
                    { Column: { } column } => $"  {d.Key}: {column} is {Short(d.Live)}, replayed {Short(d.Replayed)}",
                    { Live: null } => $"  {d.Key}: missing, replayed {Short(d.Replayed)}",
                    _ => $"  {d.Key}: no event makes this row, it is {Short(d.Live)}",
                }
            );
        }
    }

    private static int Conclude(Tenant tenant, ReplayRequest request, ReplayResult result)
    {
        var isOfThen = request.To is not null;
        if (result.Events == 0 && isOfThen)
            AnsiConsole.MarkupLineInterpolated($"No event of {tenant.Slug} is that old: the replay is empty");
        if (result.Swapped is { } swapped)
        {
            AnsiConsole.MarkupLineInterpolated(
                $"{tenant.Slug}: {swapped.Rows} rows were replaced; commands were held for {swapped.CommandsHeld.TotalMilliseconds:0} ms"
            );
            return 0;
        }
        if (!result.IsEqual)
            return Output.Refuse($"{tenant.Slug}: {result.Tables.Sum(t => t.Differences ?? 0)} rows differ from the events.");
        AnsiConsole.MarkupLineInterpolated(
            $"{tenant.Slug}: {(isOfThen ? "every row of the tables that only grow" : "every row")} follows from the events"
        );
        return 0;
    }

    private static Text Number(long? number) => new(number?.ToString(CultureInfo.InvariantCulture) ?? "-");

    private static string Short(string? value) =>
        value is null ? "null"
        : value.Length <= Shown ? value
        : value[..Shown] + "…";
}
