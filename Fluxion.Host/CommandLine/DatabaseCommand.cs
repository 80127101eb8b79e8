using System.CommandLine;
using System.Globalization;
using Fluxion.Host.Database;
using Fluxion.Ledger.Tenancy;
using Spectre.Console;

namespace Fluxion.Host.CommandLine;

internal static class DatabaseCommand
{
    public static Command Create()
    {
        var admin = Commands.Option("--admin", "A superuser's connection string; ConnectionStrings__FluxionAdmin by default");
        var passwords = new Option<bool>("--set-passwords")
        {
            Description = "Set the passwords of existing roles to those of the connection strings",
        };
        var all = new Option<bool>("--all")
        {
            Description = "Check also the schemas that are recorded as up to date, and repair changes made by hand",
        };
        return Commands.Group(
            "database",
            "Prepare a database for the ledger (init), or bring its schemas up to date (migrate)",
            new Command("init", "Create the database, its extensions and its roles, as a superuser") { admin, passwords }.Runs(
                (given, services, ct) => Initialize(given.GetValue(admin), given.GetValue(passwords), services, ct),
                prepared: false
            ),
            new Command("migrate", "Bring all schemas up to date, as fluxion_owner. An interrupted migration continues where it stopped")
            {
                all,
            }.Runs((given, services, ct) => Migrate(services, given.GetValue(all), ct), prepared: false)
        );
    }

    private static async Task<int> Initialize(string? given, bool setPasswords, IServiceProvider services, CancellationToken ct)
    {
        var admin = given ?? services.GetRequiredService<IConfiguration>().GetConnectionString(DatabaseConnections.AdminName);
        if (admin is null)
            return Output.Refuse("init needs a superuser: --admin \"Host=…;Username=postgres;Password=…\"");
        await DatabaseInitialization.Run(admin, services.GetRequiredService<DatabaseConnections>(), setPasswords, ct);
        AnsiConsole.MarkupLine("The database is ready; next: database migrate");
        return 0;
    }

    private static async Task<int> Migrate(IServiceProvider services, bool everything, CancellationToken ct)
    {
        Migrated? last = null;
        try
        {
            var (tenants, failed) = await Output.WithProgress(
                "Schemas",
                report =>
                    Migrations.Run(
                        services,
                        everything,
                        ct,
                        m =>
                        {
                            last = m;
                            report(m.Done, m.Total, $"{m.Done}/{m.Total} {m.Name}{(m.Failure is null ? "" : " FAILED")}");
                        }
                    )
            );
            foreach (var (name, failure, _, _) in failed)
                Output.Refuse($"{name}: {failure}");
            if (failed.Count > 0)
            {
                return Output.Refuse(
                    $"{failed.Count} of {tenants + 1} schemas were not changed, "
                        + "and this version does not serve their tenants. All others are up to date. "
                        + "Repair the named causes and run the command again."
                );
            }
            AnsiConsole.MarkupLineInterpolated(
                $"All schemas are up to date: shared, template and {tenants} tenants ({last?.Done ?? 0} checked)"
            );
            return 0;
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            var total = last?.Total.ToString(CultureInfo.InvariantCulture) ?? "?";
            return Output.Refuse($"Interrupted at {last?.Done ?? 0} of {total} schemas; run the command again to continue.");
        }
    }
}
