using Fluxion.Ledger.Tenancy;
using Npgsql;
using NpgsqlTypes;

namespace Fluxion.Ledger.Access;

/// <summary>An account with its password hash, read without a lock.</summary>
/// <param name="IsOpen">True when the account is active and not locked after failures.</param>
public sealed record Account(Guid Id, string PasswordHash, bool IsOpen);

/// <summary>An account whose password was correct.</summary>
public sealed record SignedIn(Guid Id, string Role, int Stamp);

/// <summary>
/// Verifies passwords of accounts. A password is verified while no connection is held. The result is recorded under the row lock of the
/// account, and only if the account is still open and still has the verified hash. So concurrent guesses are counted one after the other,
/// and no guess after the fifth failure learns that it was correct.
/// </summary>
public sealed class Credentials(Databases databases, PasswordHashing passwords)
{
    public const int FailuresBeforeLock = 5;
    public static readonly TimeSpan LockFor = TimeSpan.FromMinutes(15);

    /// <summary>The maximum number of checks when the account changes during a check.</summary>
    private const int MaxAttempts = 3;

    /// <summary>The maximum wait for another transaction that is changing the account.</summary>
    private const string LockTimeout = "5s";

    /// <summary>The account when the password is correct and the account is open; otherwise null, after the same time.</summary>
    /// <param name="tenant">The tenant; null for an administrator of the platform.</param>
    /// <exception cref="Http.BusyException"/>
    public async Task<SignedIn?> SignIn(Tenant? tenant, string email, string password, CancellationToken ct)
    {
        for (var attempt = 1; attempt <= MaxAttempts; attempt++)
        {
            var account = await Find(tenant, email, ct);
            var matches = await passwords.Verify(account?.PasswordHash ?? Passwords.DummyHash, password, ct);
            if (account is not { IsOpen: true })
                return null;
            if (await RecordAttempt(tenant, account, matches, ct) is { } noted)
                return matches ? noted : null;
        }
        return null;
    }

    /// <summary>
    /// Whether the password is that of the account and the account is open. A failure is recorded here; the caller handles a success.
    /// </summary>
    /// <exception cref="Http.BusyException"/>
    public async Task<bool> Match(Tenant tenant, Account? account, string password, CancellationToken ct)
    {
        var matches = await passwords.Verify(account?.PasswordHash ?? Passwords.DummyHash, password, ct);
        if (account is not { IsOpen: true })
            return false;
        if (!matches)
            await RecordAttempt(tenant, account, matches: false, ct);
        return matches;
    }

    /// <summary>The account with this e-mail address; null when there is none.</summary>
    /// <param name="tenant">The tenant; null for an administrator of the platform.</param>
    public async Task<Account?> Find(Tenant? tenant, string email, CancellationToken ct)
    {
        await using var connection = await databases.Service.OpenConnectionAsync(ct);
        await using var batch = new NpgsqlBatch(connection);
        batch.BatchCommands.Add(CanRead(tenant));
        batch.BatchCommands.Add(
            new(
                """
                select id, password_hash, is_active and coalesce(locked_until < now(), true)
                from shared.tenant_users where email = $1::citext and tenant_id is not distinct from $2
                """
            )
            {
                Parameters =
                {
                    new() { Value = Users.Normalize(email) },
                    new() { Value = (object?)tenant?.Id ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Uuid },
                },
            }
        );
        await using var reader = await batch.ExecuteReaderAsync(ct);
        await reader.NextResultAsync(ct);
        return await reader.ReadAsync(ct) ? new Account(reader.GetGuid(0), reader.GetString(1), reader.GetBoolean(2)) : null;
    }

    /// <summary>Counts a failure, or resets the count. Null when the account has changed since it was read.</summary>
    private async Task<SignedIn?> RecordAttempt(Tenant? tenant, Account account, bool matches, CancellationToken ct)
    {
        await using var connection = await databases.Service.OpenConnectionAsync(ct);
        await using var batch = new NpgsqlBatch(connection);
        batch.BatchCommands.Add(CanRead(tenant));
        batch.BatchCommands.Add(new($"set local lock_timeout = '{LockTimeout}'"));
        var note = new NpgsqlBatchCommand(
            $"""
            update shared.tenant_users set {(matches
                ? "failed_sign_ins = 0, locked_until = null, last_login_at = now()"
                : """
                  failed_sign_ins = case when failed_sign_ins + 1 >= $3 then 0 else failed_sign_ins + 1 end,
                  locked_until = case when failed_sign_ins + 1 >= $3 then now() + $4 else locked_until end
                  """)}
            where id = $1 and password_hash = $2 and is_active and coalesce(locked_until < now(), true)
            returning role, stamp
            """
        )
        {
            Parameters =
            {
                new() { Value = account.Id },
                new() { Value = account.PasswordHash },
            },
        };
        if (!matches)
        {
            note.Parameters.Add(new() { Value = FailuresBeforeLock });
            note.Parameters.Add(new() { Value = LockFor });
        }
        batch.BatchCommands.Add(note);
        await using var reader = await batch.ExecuteReaderAsync(ct);
        await reader.NextResultAsync(ct);
        return await reader.ReadAsync(ct) ? new SignedIn(account.Id, reader.GetString(0), reader.GetInt32(1)) : null;
    }

    private static NpgsqlBatchCommand CanRead(Tenant? tenant) =>
        new("select set_config($1, $2, true)")
        {
            Parameters =
            {
                new() { Value = tenant is null ? Databases.PlatformSetting : Databases.TenantSetting },
                new() { Value = tenant is null ? "on" : tenant.Id.ToString() },
            },
        };
}
