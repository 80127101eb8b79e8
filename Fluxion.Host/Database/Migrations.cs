using System.Data.Common;
using Fluxion.Ledger.Tenancy;
using Weasel.Core;
using Weasel.Core.Migrations;
using Weasel.Postgresql;
using Wolverine.Persistence.Durability;

namespace Fluxion.Host.Database;

/// <summary>Brings all schemas up to date before the host starts: shared, template, tenants, and Wolverine's message tables.</summary>
public static class Migrations
{
    private const string MessageSchema = "wolverine";

    /// <param name="everything">Also what is up to date by its fingerprint; otherwise a start without news looks at no schema.</param>
    /// <returns>The number of tenants, and which schemas failed.</returns>
    /// <exception cref="SchemaScriptException">The shared schema's.</exception>
    public static async Task<(int Tenants, IReadOnlyList<Migrated> Failed)> Run(
        IServiceProvider services, bool everything, CancellationToken ct, Action<Migrated>? progress = null)
    {
        var owner = services.GetRequiredService<Databases>().RequireOwner();
        var provisioning = services.GetRequiredService<TenantProvisioning>();
        var current = everything ? null : await services.GetRequiredService<SchemaFingerprints>().Current(ct);
        var report = await provisioning.Migrate(current, progress, ct);

        // the message store connects as the service, which runs no DDL: its objects are made with the owner's connection
        await provisioning.Migrate(MessageSchema, current, async () =>
        {
            await using var connection = await owner.OpenConnectionAsync(ct);
            var messages = ((IDatabase)services.GetRequiredService<IMessageStore>()).AllObjects().ToArray();
            var migration = await SchemaMigration.DetermineAsync(connection, ct, messages);
            if (migration.Difference != SchemaPatchDifference.None)
                await new PostgresqlMigrator().ApplyAllAsync(connection, migration, JasperFx.AutoCreate.CreateOrUpdate, new Quiet(), ct);
            await services.GetRequiredService<SchemaScripts>().Run(owner, "wolverine", MessageSchema, Guid.Empty, ct);
        }, ct);
        return report;
    }

    /// <summary>Does not write the DDL to the console.</summary>
    private sealed class Quiet : IMigrationLogger
    {
        public void SchemaChange(string sql) { }

        public void OnFailure(DbCommand command, Exception ex) => throw new InvalidOperationException($"The message tables cannot be made: {ex.Message}", ex);
    }
}
