using System.Data.Common;
using Fluxion.Ledger.Tenancy;
using Weasel.Core;
using Weasel.Core.Migrations;
using Weasel.Postgresql;
using Wolverine.Persistence.Durability;

namespace Fluxion.Host.Database;

/// <summary>Migrates all schemas before the host starts: shared, template, tenants, and Wolverine's message tables.</summary>
public static class Migrations
{
    private const string MessageSchema = "wolverine";

    /// <param name="everything">
    /// True to migrate even schemas that are current by their fingerprint. Otherwise a start without changes inspects no schema.
    /// </param>
    /// <returns>The number of tenants, and the schemas whose migration failed.</returns>
    /// <exception cref="SchemaScriptException">The migration of the shared schema failed.</exception>
    public static async Task<(int Tenants, IReadOnlyList<Migrated> Failed)> Run(
        IServiceProvider services,
        bool everything,
        CancellationToken ct,
        Action<Migrated>? progress = null
    )
    {
        var owner = services.GetRequiredService<Databases>().RequireOwner();
        var provisioning = services.GetRequiredService<TenantProvisioning>();
        var current = everything ? null : await services.GetRequiredService<SchemaFingerprints>().Current(ct);
        var report = await provisioning.Migrate(current, progress, ct);

        // the message store connects with the service's role, which runs no DDL, so the owner's connection creates its objects
        await provisioning.Migrate(
            MessageSchema,
            current,
            async () =>
            {
                await using var connection = await owner.OpenConnectionAsync(ct);
                var messages = ((IDatabase)services.GetRequiredService<IMessageStore>()).AllObjects().ToArray();
                var migration = await SchemaMigration.DetermineAsync(connection, ct, messages);
                if (migration.Difference != SchemaPatchDifference.None)
                    await new PostgresqlMigrator().ApplyAllAsync(
                        connection,
                        migration,
                        JasperFx.AutoCreate.CreateOrUpdate,
                        new Quiet(),
                        ct
                    );
                await services.GetRequiredService<SchemaScripts>().Run(owner, "wolverine", MessageSchema, Guid.Empty, ct);
            },
            ct
        );
        return report;
    }

    /// <summary>A logger that does not write the DDL to the console.</summary>
    private sealed class Quiet : IMigrationLogger
    {
        public void SchemaChange(string sql) { }

        public void OnFailure(DbCommand command, Exception ex) =>
            throw new InvalidOperationException($"The message tables cannot be made: {ex.Message}", ex);
    }
}
