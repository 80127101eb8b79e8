using Fluxion.Ledger.Session;
using Npgsql;

namespace Fluxion.Host.Database;

/// <summary>
/// Prepares a database for the ledger, as a superuser. It creates the database, the extensions, and the two roles with the passwords of
/// the configured connection strings. It is idempotent and safe to run concurrently. Run it again after an upgrade of TimescaleDB.
/// </summary>
public static class DatabaseInitialization
{
    /// <param name="admin">A superuser's connection string; the database that it names is ignored.</param>
    /// <param name="setPasswords">
    /// True to set the passwords of existing roles to those of the connection strings. Clients that use the old passwords can then no
    /// longer connect.
    /// </param>
    /// <exception cref="SettingsException">
    /// The connection strings do not name the roles fluxion_app and fluxion_owner, or an existing role has another password.
    /// </exception>
    public static async Task Run(string admin, DatabaseConnections connections, bool setPasswords, CancellationToken ct)
    {
        var service = new NpgsqlConnectionStringBuilder(connections.Service);
        var owner = new NpgsqlConnectionStringBuilder(connections.Owner);
        if (service.Username != "fluxion_app" || owner.Username != "fluxion_owner" || service.Database is not { Length: > 0 } database)
        {
            throw new SettingsException(
                "ConnectionStrings__Fluxion must name the role fluxion_app, and ConnectionStrings__FluxionOwner the role fluxion_owner. "
                    + "Both must name the same database."
            );
        }

        // the advisory lock is acquired in the database postgres, because roles belong to the cluster
        await using var cluster = await Connect(admin, "postgres", ct);
        await AdvisoryLocks.AcquireForSession(cluster, AdvisoryLocks.GlobalKey("database init"), ct);
        if (!setPasswords)
        {
            foreach (var role in (NpgsqlConnectionStringBuilder[])[service, owner])
            {
                if (await IsThere(cluster, role.Username!, ct) && await IsRefused(role, ct))
                    throw new SettingsException(
                        $"The role {role.Username} of this server has another password than the connection string. "
                            + "Put it into the connection string. Or set the role's password for the whole server with --set-passwords. "
                            + "Clients with the old password can then no longer connect to any of its databases."
                    );
            }
        }
        await using (
            var exists = new NpgsqlCommand("select exists (select from pg_database where datname = $1)", cluster)
            {
                Parameters = { new() { Value = database } },
            }
        )
        {
            if (!(bool)(await exists.ExecuteScalarAsync(ct))!)
                await Execute(cluster, $"create database {Quoted(database)}", ct);
        }
        await using var target = await Connect(admin, database, ct);
        foreach (var script in Directory.EnumerateFiles(Path.Combine(SchemaFolder, "cluster"), "*.sql").Order(StringComparer.Ordinal))
            await Execute(target, await File.ReadAllTextAsync(script, ct), ct);
        foreach (var role in (NpgsqlConnectionStringBuilder[])[service, owner])
        {
            // DDL takes no parameters, so the server quotes the password
            await using var set = new NpgsqlCommand("select format('alter role %I with password %L', $1, $2)", target)
            {
                Parameters =
                {
                    new() { Value = role.Username! },
                    new() { Value = role.Password ?? "" },
                },
            };
            if (role.Password is { Length: > 0 })
                await Execute(target, (string)(await set.ExecuteScalarAsync(ct))!, ct);
        }
    }

    private static async Task<bool> IsThere(NpgsqlConnection connection, string role, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand("select exists (select from pg_roles where rolname = $1)", connection)
        {
            Parameters = { new() { Value = role } },
        };
        return (bool)(await command.ExecuteScalarAsync(ct))!;
    }

    /// <summary>
    /// Whether the server refuses the password. The server checks the password before the database, so the database may be missing.
    /// </summary>
    private static async Task<bool> IsRefused(NpgsqlConnectionStringBuilder role, CancellationToken ct)
    {
        try
        {
            await using var connection = new NpgsqlConnection(
                new NpgsqlConnectionStringBuilder(role.ConnectionString) { Pooling = false }.ConnectionString
            );
            await connection.OpenAsync(ct);
            return false;
        }
        catch (PostgresException e)
        {
            return e.SqlState == PostgresErrorCodes.InvalidPassword;
        }
    }

    /// <summary>The folder <c>schema</c> beside the program.</summary>
    public static string SchemaFolder => Path.Combine(AppContext.BaseDirectory, "schema");

    private static async Task<NpgsqlConnection> Connect(string admin, string database, CancellationToken ct)
    {
        var connection = new NpgsqlConnection(
            new NpgsqlConnectionStringBuilder(admin) { Database = database, Pooling = false }.ConnectionString
        );
        await connection.OpenAsync(ct);
        return connection;
    }

    private static async Task Execute(NpgsqlConnection connection, string sql, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(ct);
    }

    private static string Quoted(string identifier) => $"\"{identifier.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
}
