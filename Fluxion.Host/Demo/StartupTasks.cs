using Fluxion.Host.Database;
using Fluxion.Host.Diagnostics;
using Fluxion.Ledger.Tenancy;
using Fluxion.Ledger.Time;

namespace Fluxion.Host.Demo;

/// <summary>
/// Prepares the database before the host starts or a command runs: current schemas and, in Development, the demo tenant.
/// </summary>
public static class StartupTasks
{
    public static async Task Prepare(this WebApplication app, DatabaseConnections connections, CancellationToken ct)
    {
        // the first access to the database; it fails with a clear error when there is none
        await app.Services.GetRequiredService<LedgerClock>().Measure(app.Services.GetRequiredService<Databases>().Service, ct);
        var checks = app.Services.GetRequiredService<StartChecks>();
        if (connections.Owner is null)
            await checks.RequireSchema(ct); // the deployment migrates first, with `database migrate`
        else
            await Migrate(app, ct);
        await checks.RequireServiceRole(ct);
        await checks.RequireSettings(ct);
        if (connections.Owner is null || !app.Environment.IsDevelopment())
            return;
        if (await app.Services.GetRequiredService<TenantRegistry>().Find(DemoTenant.Slug, ct) is not null)
            return;
        Console.WriteLine($"Creating the demo tenant {DemoTenant.Slug} …");
        try
        {
            await DemoTenant.Ensure(app.Services, ct);
        }
        catch (TenantRefusedException e)
        {
            app.Logger.DemoTenantNotMade(e.Message); // it can be adopted
        }
    }

    private static async Task Migrate(WebApplication app, CancellationToken ct)
    {
        foreach (var (name, failure, _, _) in (await Migrations.Run(app.Services, everything: false, ct)).Failed)
            app.Logger.TenantNotMigrated(name, failure);
    }
}
