using Fluxion.Host.Diagnostics;
using Fluxion.Ledger.Tenancy;
using Npgsql;

namespace Fluxion.Host.Database;

/// <summary>Checks of the configuration that need the database. They run once, before the host serves or a command runs.</summary>
public sealed class StartChecks(Databases databases, SchemaScripts scripts, IHostEnvironment environment, ILogger<StartChecks> logger)
{
    private const string Migrate = "run 'database migrate' with ConnectionStrings__FluxionOwner set";

    /// <summary>
    /// Requires every schema object that this build expects. A host without the owner's connection does not migrate the schema itself.
    /// </summary>
    /// <exception cref="SettingsException">The schema is missing or older than this build.</exception>
    public async Task RequireSchema(CancellationToken ct)
    {
        await using var connection = await databases.Service.OpenConnectionAsync(ct);
        try
        {
            await using var command = new NpgsqlCommand("select * from shared.missing_scripts($1, $2) limit 1", connection)
            {
                Parameters =
                {
                    new() { Value = scripts.Names("shared") },
                    new() { Value = scripts.Names("tenant") },
                },
            };
            if (await command.ExecuteScalarAsync(ct) is not string missing)
                return;
            throw new SettingsException(
                $"The schema of the database '{connection.Database}' is older than this version, which needs {missing}: {Migrate}."
            );
        }
        catch (PostgresException e)
            when (e.SqlState
                    is PostgresErrorCodes.InvalidSchemaName
                        or PostgresErrorCodes.UndefinedFunction
                        or PostgresErrorCodes.InsufficientPrivilege
            )
        {
            // the schema shared does not exist, or is older than this function
            throw new SettingsException(
                $"The database '{connection.Database}' has no ledger, or one that is older than this version: {Migrate}."
            );
        }
    }

    /// <summary>Requires a service role that is subject to row-level security, which isolates the tenants.</summary>
    /// <exception cref="SettingsException">The role bypasses row-level security, outside Development.</exception>
    public async Task RequireServiceRole(CancellationToken ct)
    {
        await using var command = databases.Service.CreateCommand(
            """
            select current_user::text,
                   case when r.rolsuper then 'is a superuser'
                        when r.rolbypassrls then 'bypasses row level security (BYPASSRLS)'
                        when pg_has_role(r.oid, n.nspowner, 'member')
                            then format('owns the schemas, as %s does', pg_get_userbyid(n.nspowner)) end
            from pg_roles r left join pg_namespace n on n.nspname = 'shared'
            where r.rolname = current_user
            """
        );
        await using var reader = await command.ExecuteReaderAsync(ct);
        await reader.ReadAsync(ct);
        if (reader.IsDBNull(1))
            return;
        var (role, why) = (reader.GetString(0), reader.GetString(1));
        if (!environment.IsDevelopment())
        {
            throw new SettingsException(
                $"ConnectionStrings__{DatabaseConnections.ServiceName} connects as '{role}', which {why}: "
                    + "nothing would keep the tenants apart. It must be fluxion_app, or a role with no more rights."
            );
        }
        logger.ServiceRoleTooStrong(role, why);
    }

    /// <summary>Checks the settings that are stored in the database. A wrong setting of a tenant is only logged.</summary>
    /// <exception cref="SettingsException">A setting of the installation is not allowed.</exception>
    public async Task RequireSettings(CancellationToken ct)
    {
        await using var batch = databases.Service.CreateBatch();
        batch.BatchCommands.Add(
            new(
                """
                select format('%s in shared.system_config is ''%s'': it %s', key, value, shared.setting_objection(key, value))
                from shared.system_config where shared.setting_objection(key, value) is not null order by key
                """
            )
        );
        batch.BatchCommands.Add(
            new(
                """
                select slug, shared.tenant_settings_objection(settings) from shared.tenants
                where settings ? 'retention' and shared.tenant_settings_objection(settings) is not null order by slug
                """
            )
        );
        await using var reader = await batch.ExecuteReaderAsync(ct);
        var wrong = new List<string>();
        while (await reader.ReadAsync(ct))
            wrong.Add(reader.GetString(0));
        if (wrong.Count > 0)
            throw new SettingsException($"{string.Join("; ", wrong)}.");
        await reader.NextResultAsync(ct);
        while (await reader.ReadAsync(ct))
            logger.TenantSettingsWrong(reader.GetString(0), reader.GetString(1));
    }
}
