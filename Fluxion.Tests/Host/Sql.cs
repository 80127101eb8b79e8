using Fluxion.Ledger.Access;
using Fluxion.Ledger.Session;
using Npgsql;

namespace Fluxion.Tests.Host;

/// <summary>Executes SQL as a client with its own connection string does.</summary>
public static class Sql
{
    public const string Refused = PostgresErrorCodes.InsufficientPrivilege;

    public static async Task<NpgsqlConnection> Open(string connectionString)
    {
        var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false }.ConnectionString);
        await connection.OpenAsync();
        return connection;
    }

    public static async Task<NpgsqlConnection> OpenSuperuser(this LedgerHost host)
    {
        var connection = host.Superuser();
        await connection.OpenAsync();
        return connection;
    }

    /// <summary>All rows, each as an array of its values.</summary>
    public static async Task<List<object?[]>> Rows(this NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await using var reader = await command.ExecuteReaderAsync();
        var rows = new List<object?[]>();
        do
        {
            while (await reader.ReadAsync())
                rows.Add([.. Enumerable.Range(0, reader.FieldCount).Select(i => reader.IsDBNull(i) ? null : reader.GetValue(i))]);
        } while (await reader.NextResultAsync());
        return rows;
    }

    /// <summary>The first column of all rows.</summary>
    public static async Task<List<T>> Column<T>(this NpgsqlConnection connection, string sql) =>
        [.. (await connection.Rows(sql)).Select(row => (T)row[0]!)];

    public static async Task Execute(this NpgsqlConnection connection, string sql) => await connection.Rows(sql);

    /// <summary>
    /// Drops roles that may connect to this database, under the advisory lock that serializes grants and revokes of that right.
    /// </summary>
    public static async Task DropLogins(this NpgsqlConnection superuser, params string[] roles)
    {
        await using var transaction = await superuser.BeginTransactionAsync();
        await superuser.Execute(AdvisoryLocks.AcquireInScript(Analysts.LockKey));
        var names = string.Join(", ", roles.Select(role => $"'{role}'"));
        foreach (var role in await superuser.Column<string>($"select rolname::text from pg_roles where rolname in ({names})"))
        {
            // the owner granted the right to connect, and only the owner can revoke it
            await superuser.Execute(
                $"""
                set local role fluxion_owner;
                do $$ begin execute format('revoke connect on database %I from {role}', current_database()); end $$;
                reset role;
                drop owned by {role};
                drop role {role}
                """
            );
        }
        await transaction.CommitAsync();
    }

    /// <summary>The SQLSTATE with which a statement fails; null when it succeeds. Its changes are rolled back.</summary>
    public static async Task<string?> Failure(this NpgsqlConnection connection, string sql)
    {
        await using var transaction = await connection.BeginTransactionAsync();
        try
        {
            await connection.Rows(sql);
            return null;
        }
        catch (PostgresException e)
        {
            return e.SqlState;
        }
    }
}
