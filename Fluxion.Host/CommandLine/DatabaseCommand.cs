using System.Globalization;
using System.Runtime.InteropServices;
using Fluxion.Host.Database;
using Fluxion.Ledger.Tenancy;
using JasperFx.CommandLine;
using Spectre.Console;

namespace Fluxion.Host.CommandLine;

public enum DatabaseAction { init, migrate }

public sealed class DatabaseInput : NetCoreInput
{
    [Description("init: make the database, its extensions and roles, as a superuser; migrate: bring all schemas up to date, as fluxion_owner")]
    public DatabaseAction Action { get; set; }

    [Description("init: a superuser's connection string; or set ConnectionStrings__FluxionAdmin")]
    [FlagAlias("admin", longAliasOnly: true)]
    public string? AdminFlag { get; set; }

    [Description("init: give roles that are there the passwords of the connection strings, whatever theirs are")]
    [FlagAlias("set-passwords", longAliasOnly: true)]
    public bool SetPasswordsFlag { get; set; }

    [Description("migrate: look also at schemas that are up to date as far as is known, and repair what was changed in them by hand")]
    [FlagAlias("all", longAliasOnly: true)]
    public bool AllFlag { get; set; }
}

[Description("Get a database ready for the ledger (init), or bring its schemas up to date (migrate)", Name = "database")]
public sealed class DatabaseCommand : LedgerCommand<DatabaseInput>
{
    protected override async Task<bool> Run(DatabaseInput input)
    {
        using var host = input.BuildHost();
        var services = host.Services;
        if (input.Action == DatabaseAction.migrate) return await Migrate(services, input.AllFlag);
        var connections = services.GetRequiredService<DatabaseConnections>();
        var admin = input.AdminFlag ?? services.GetRequiredService<IConfiguration>().GetConnectionString(DatabaseConnections.AdminName);
        if (admin is null) return Output.Refuse("init needs a superuser: --admin \"Host=…;Username=postgres;Password=…\"");
        await DatabaseInitialization.Run(admin, connections, input.SetPasswordsFlag, CancellationToken.None);
        AnsiConsole.MarkupLine("The database is ready; next: database migrate");
        return true;
    }

    /// <summary>With a bar for people, with a line a schema for a file. Interrupted it ends what it is at, and the next one begins there.</summary>
    private static async Task<bool> Migrate(IServiceProvider services, bool everything)
    {
        Output.WrapForPeopleAlone();
        using var stopping = new CancellationTokenSource();
        void Stop(PosixSignalContext signal)
        {
            signal.Cancel = true;
            stopping.Cancel();
        }
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        Migrated? last = null;
        try
        {
            var (tenants, failed) = await WithProgress(step => Migrations.Run(services, everything, stopping.Token, m => step(last = m)));
            foreach (var (name, failure, _, _) in failed) Output.Refuse($"{name}: {failure}");
            if (failed.Count > 0)
                return Output.Refuse($"{failed.Count} of {tenants + 1} schemas are as they were, and their tenants are not served by this version; all others are up to date. Repair what is named and run it again.");
            AnsiConsole.MarkupLineInterpolated($"All schemas are up to date: shared, template and {tenants} tenants ({last?.Done ?? 0} looked at)");
            return true;
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            return Output.Refuse($"Interrupted at {last?.Done ?? 0} of {last?.Total.ToString(CultureInfo.InvariantCulture) ?? "?"} schemas; run it again, it goes on from there.");
        }
    }

    private static Task<T> WithProgress<T>(Func<Action<Migrated>, Task<T>> run) => Console.IsOutputRedirected
        ? run(m => Console.WriteLine($"{m.Done}/{m.Total} {m.Name}{(m.Failure is null ? "" : " FAILED")}"))
        : Output.Bar().StartAsync(context =>
        {
            ProgressTask? bar = null; // none when there is nothing to do
            return run(m =>
            {
                bar ??= context.AddTask("Schemas");
                bar.MaxValue = m.Total;
                bar.Value = m.Done;
                bar.Description = $"{m.Done}/{m.Total} {m.Name}";
            });
        });
}
