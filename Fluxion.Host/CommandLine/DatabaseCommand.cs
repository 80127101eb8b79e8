using Fluxion.Host.Database;
using JasperFx.CommandLine;
using Spectre.Console;

namespace Fluxion.Host.CommandLine;

public enum DatabaseAction { init, migrate }

public sealed class DatabaseInput : NetCoreInput
{
    [Description("init: make the database, its extensions and roles, as a superuser; migrate: bring all schemas up to date, as fluxion_owner")]
    public DatabaseAction Action { get; set; }

    [Description("init: a superuser's connection string; or set ConnectionStrings__FluxionAdmin")]
    public string? AdminFlag { get; set; }
}

[Description("Get a database ready for the ledger (init), or bring its schemas up to date (migrate)", Name = "database")]
public sealed class DatabaseCommand : JasperFxAsyncCommand<DatabaseInput>
{
    public override async Task<bool> Execute(DatabaseInput input)
    {
        using var host = input.BuildHost();
        var services = host.Services;
        if (input.Action == DatabaseAction.migrate)
        {
            var tenants = await Migrations.Run(services, everything: true, CancellationToken.None);
            AnsiConsole.MarkupLineInterpolated($"All schemas are up to date: shared, template and {tenants} tenants");
            return true;
        }
        var connections = services.GetRequiredService<DatabaseConnections>();
        var admin = input.AdminFlag ?? services.GetRequiredService<IConfiguration>().GetConnectionString(DatabaseConnections.AdminName);
        if (admin is null) return Output.Refuse("init needs a superuser: --admin \"Host=…;Username=postgres;Password=…\"");
        await DatabaseInitialization.Run(admin, connections, CancellationToken.None);
        AnsiConsole.MarkupLine("The database is ready; next: database migrate");
        return true;
    }
}
