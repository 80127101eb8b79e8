using System.Text.RegularExpressions;
using Fluxion.Ledger.Tenancy;
using Npgsql;

namespace Fluxion.Ledger.Access;

/// <summary>A login that may query the read models of a tenant in SQL.</summary>
/// <param name="Role">The tenant's analyst role, of which the login is a member.</param>
/// <param name="StatementTimeout">The timeout in PostgreSQL's notation; null when there is none.</param>
/// <param name="IsOurs">True when <see cref="Analysts.Grant"/> created the login; false when a superuser created it by hand.</param>
public sealed record Analyst(string Login, string Role, string? StatementTimeout, int Connections, long Open, bool IsOurs);

/// <summary>
/// Manages the logins of analysts: PostgreSQL roles that are members of the analyst role of one tenant. fluxion_owner creates them. It may
/// alter and drop only the roles that it created: see schema/cluster/0002_roles.sql. Roles belong to the server, and a tenant's role bears
/// the name of its schema. So another database, or a later tenant of the same name, has the same role. Two rules bind a login to one
/// tenant. It may connect only to this database (schema/cluster/0007_analysts_connect.sql). A new tenant starts without the analysts of a
/// former one.
/// </summary>
public sealed partial class Analysts(Databases databases)
{
    /// <summary>Timeout that ends a transaction left open. Its locks would otherwise block the next migration.</summary>
    private const string IdleInTransactionTimeout = "60s";

    private static readonly string[] Reserved = ["postgres", "public", "none"];

    public static string RoleOf(Tenant tenant) => $"{tenant.Schema}_analyst";

    /// <summary>The reason why <paramref name="login"/> is not valid as the name of an analyst's login; null when it is valid.</summary>
    public static string? ValidationError(string? login) =>
        login switch
        {
            null or "" => "A login is required, for example 'bi_reader'.",
            _ when !LoginPattern().IsMatch(login) =>
                "A login has 2 to 63 lower-case letters, digits and underscores, and begins with a letter, for example 'bi_reader'.",
            _ when ReservedPrefix().IsMatch(login) || Reserved.Contains(login) => $"The login '{login}' is reserved. "
                + "A login must not be postgres, public or none, and must not begin with pg_, fluxion_ or tenant_.",
            _ => null,
        };

    /// <summary>
    /// Creates a login that reads the read models of one tenant. A login that is already an analyst of the tenant gets the new limits.
    /// </summary>
    /// <returns>True when the login was created; false when it existed, and then its password is unchanged.</returns>
    /// <exception cref="AnalystException">A role of this name exists and is not an analyst of this tenant.</exception>
    public async Task<bool> Grant(
        Tenant tenant,
        string login,
        string password,
        TimeSpan statementTimeout,
        int connections,
        CancellationToken ct
    )
    {
        await using var connection = await databases.RequireOwner().OpenConnectionAsync(ct);
        var isMade = !await Exists(connection, login, ct);
        if (!isMade)
            await EnsureOwnedBy(connection, tenant, login, ct);
        // "set false" prevents SET ROLE to the group role. Settings are only the defaults of a session; the grants are the enforced limits
        var make =
            $"create role \"{login}\" login password '{ScramSha256.Verifier(password)}'; "
            + $"grant {RoleOf(tenant)} to \"{login}\" with inherit true, set false;";
        try
        {
            await Execute(
                connection,
                $"""
                {(isMade ? make : "")}
                {OnThisDatabase("grant", "to", login)}
                alter role "{login}" connection limit {connections};
                alter role "{login}" set default_transaction_read_only = on;
                alter role "{login}" set search_path = {tenant.Schema}, public;
                alter role "{login}" set statement_timeout = '{statementTimeout.TotalSeconds:0}s';
                alter role "{login}" set idle_in_transaction_session_timeout = '{IdleInTransactionTimeout}';
                """,
                ct
            );
        }
        catch (PostgresException e) when (e.SqlState is PostgresErrorCodes.DuplicateObject or PostgresErrorCodes.UniqueViolation)
        {
            throw NameConflict(tenant, login); // created concurrently
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.InsufficientPrivilege)
        {
            throw new AnalystException(
                $"{e.MessageText}. A superuser grants the owner that right: "
                    + $"grant {RoleOf(tenant)} to fluxion_owner with admin true, inherit false, set false"
            );
        }
        await using var mayConnect = new NpgsqlCommand("select has_database_privilege($1, current_database(), 'connect')", connection)
        {
            Parameters = { new() { Value = login } },
        };
        if (await mayConnect.ExecuteScalarAsync(ct) is not true)
        {
            throw new AnalystException(
                $"'{login}' may not connect: fluxion_owner cannot grant that. Run 'database init' again, as after every upgrade."
            );
        }
        return isMade;
    }

    /// <summary>Sets a new password and ends the sessions that were opened with the old one.</summary>
    /// <exception cref="AnalystException"/>
    public async Task Rotate(Tenant tenant, string login, string password, CancellationToken ct)
    {
        await using var connection = await databases.RequireOwner().OpenConnectionAsync(ct);
        await EnsureOwnedBy(connection, tenant, login, ct);
        await Execute(connection, $"alter role \"{login}\" password '{ScramSha256.Verifier(password)}'", ct);
        await EndSessions(connection, login, ct);
    }

    /// <summary>Revokes the login's access, ends its sessions, and drops it unless it is also an analyst in another database.</summary>
    /// <returns>True when the login was dropped.</returns>
    /// <exception cref="AnalystException"/>
    public async Task<bool> Revoke(Tenant tenant, string login, CancellationToken ct)
    {
        await using var connection = await databases.RequireOwner().OpenConnectionAsync(ct);
        await EnsureOwnedBy(connection, tenant, login, ct);
        await Execute(connection, OnThisDatabase("revoke", "from", login), ct);
        await EndSessions(connection, login, ct, inThisDatabase: true);
        if (await ConnectsElsewhere(connection, login, ct))
            return false;
        await Execute(connection, $"alter role \"{login}\" nologin; revoke {RoleOf(tenant)} from \"{login}\"", ct);
        await EndSessions(connection, login, ct);
        try
        {
            await Execute(connection, $"drop role \"{login}\"", ct);
            return true;
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.DependentObjectsStillExist)
        {
            throw new AnalystException(
                $"'{login}' has no access and no session any more, but its name stays taken: {e.Detail}. "
                    + "A superuser decides about those objects."
            );
        }
    }

    /// <summary>
    /// Removes the analysts of a former tenant of this database whose schema had the same name. Otherwise they could read the new tenant.
    /// </summary>
    /// <exception cref="TenantRefusedException">A superuser created some of them, and only a superuser can remove them.</exception>
    internal async Task RemoveFormer(Tenant tenant, CancellationToken ct)
    {
        await using var connection = await databases.RequireOwner().OpenConnectionAsync(ct);
        foreach (var former in await List(connection, [RoleOf(tenant)], ct))
            if (former.IsOurs)
                await Revoke(tenant, former.Login, ct);
        // Includes indirect members, through a group that is itself a member. Superusers and members of fluxion_owner read every tenant
        // by their own right.
        await using var rest = new NpgsqlCommand(
            """
            select login.rolname::text from pg_roles login join pg_roles tenant on tenant.rolname = $1
            where login.rolcanlogin and not pg_has_role(login.oid, current_user, 'member')
              and pg_has_role(login.oid, tenant.oid, 'member') and has_database_privilege(login.oid, current_database(), 'connect')
            order by 1
            """,
            connection
        )
        {
            Parameters = { new() { Value = RoleOf(tenant) } },
        };
        var left = new List<string>();
        await using (var reader = await rest.ExecuteReaderAsync(ct))
            while (await reader.ReadAsync(ct))
                left.Add(reader.GetString(0));
        if (left.Count > 0)
        {
            throw new TenantRefusedException(
                $"The role {RoleOf(tenant)} of a former tenant has members that a superuser made. "
                    + $"They would read the new one: {string.Join(", ", left)}. A superuser revokes {RoleOf(tenant)} from them first."
            );
        }
    }

    /// <summary>All logins that can read the read models of <paramref name="tenants"/>, created by this class or by hand.</summary>
    public async Task<IReadOnlyList<Analyst>> List(IEnumerable<Tenant> tenants, CancellationToken ct)
    {
        await using var connection = await databases.RequireOwner().OpenConnectionAsync(ct);
        return await List(connection, [.. tenants.Select(RoleOf)], ct);
    }

    private static async Task<List<Analyst>> List(NpgsqlConnection connection, string[] roles, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(
            """
            select login.rolname::text as login, tenant.rolname::text as role,
                   split_part((select s from unnest(login.rolconfig) s where s like 'statement_timeout=%'), '=', 2) as statement_timeout,
                   login.rolconnlimit as connections, (select count(*) from pg_stat_activity where usesysid = login.oid) as open,
                   pg_has_role(login.oid, 'member with admin option') as is_ours
            from pg_auth_members m join pg_roles tenant on tenant.oid = m.roleid join pg_roles login on login.oid = m.member
            where tenant.rolname = any($1) and login.rolcanlogin and login.rolname <> current_user
              and has_database_privilege(login.oid, current_database(), 'connect')
            order by 2, 1
            """,
            connection
        );
        command.Parameters.Add(new() { Value = roles });
        return await command.ReadAll<Analyst>(ct);
    }

    /// <exception cref="AnalystException">The login is not an analyst of this tenant, or a superuser created it.</exception>
    private static async Task EnsureOwnedBy(NpgsqlConnection connection, Tenant tenant, string login, CancellationToken ct)
    {
        if ((await List(connection, [RoleOf(tenant)], ct)).Find(a => a.Login == login) is { } analyst)
        {
            if (analyst.IsOurs)
                return;
            throw new AnalystException($"'{login}' was not made by 'analysts grant': the superuser who made it changes and drops it.");
        }
        throw await Exists(connection, login, ct)
            ? NameConflict(tenant, login)
            : new AnalystException($"There is no analyst '{login}' of {tenant.Slug}.");
    }

    /// <summary>Whether the login has the CONNECT privilege on a database other than this one.</summary>
    private static async Task<bool> ConnectsElsewhere(NpgsqlConnection connection, string login, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(
            """
            select exists (
                select from pg_database d cross join aclexplode(d.datacl) granted
                where d.datname <> current_database() and granted.grantee = $1::text::regrole and granted.privilege_type = 'CONNECT')
            """,
            connection
        )
        {
            Parameters = { new() { Value = $"\"{login}\"" } },
        };
        return (bool)(await command.ExecuteScalarAsync(ct))!;
    }

    /// <summary>The key of the advisory lock that serializes grants and revokes of CONNECT.</summary>
    public static readonly string LockKey = AdvisoryLocks.GlobalKey("analysts");

    /// <summary>
    /// Grants or revokes CONNECT on this database; the server quotes its name. PostgreSQL fails one of two concurrent grants on a
    /// database. So an advisory lock serializes them until the end of the transaction.
    /// </summary>
    private static string OnThisDatabase(string verb, string preposition, string login) =>
        $"""
            {AdvisoryLocks.AcquireInScript(LockKey)}
            do $$ begin execute format('{verb} connect on database %I {preposition} %I', current_database(), '{login}'); end $$;
            """;

    private static AnalystException NameConflict(Tenant tenant, string login) =>
        new($"There is a role '{login}' already, and it is no analyst of {tenant.Slug}: names are shared by the whole server.");

    private static async Task<bool> Exists(NpgsqlConnection connection, string login, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand("select exists (select from pg_roles where rolname = $1)", connection);
        command.Parameters.Add(new() { Value = login });
        return (bool)(await command.ExecuteScalarAsync(ct))!;
    }

    /// <summary>
    /// Ends the sessions of a login. pg_terminate_backend requires the rights of the target role. The owner takes them in a transaction
    /// that is rolled back. If it kept them, it would see rows through the analysts' policies that row-level security hides from it.
    /// </summary>
    private static async Task EndSessions(NpgsqlConnection connection, string login, CancellationToken ct, bool inThisDatabase = false)
    {
        await using var transaction = await connection.BeginTransactionAsync(ct);
        await Execute(connection, $"grant \"{login}\" to current_user with inherit true, set false", ct);
        await Execute(
            connection,
            $"""
            select pg_terminate_backend(pid, 5000) from pg_stat_activity
            where usename = '{login}' and (datname = current_database() or not {inThisDatabase})
            """,
            ct
        );
        await transaction.RollbackAsync(ct);
    }

    private static async Task Execute(NpgsqlConnection connection, string sql, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(ct);
    }

    [GeneratedRegex(@"^[a-z][a-z0-9_]{1,62}\z")]
    private static partial Regex LoginPattern();

    [GeneratedRegex("^(pg|fluxion|tenant)_")]
    private static partial Regex ReservedPrefix();
}

/// <summary>The reason why an analyst's login cannot be created, altered or dropped, as a message for people.</summary>
public sealed class AnalystException(string message) : Exception(message);
