using Fluxion.Ledger.Catalog;

namespace Fluxion.Ledger.Access;

/// <param name="StoreIds">The stores whose stock the user may move and see; null for every store.</param>
/// <param name="Version">
/// The version, which grows with every change. Send it with the next change to get a 409 if somebody else changed the user first.
/// </param>
public sealed record UserReceipt(Guid Id, string Email, string Role, IReadOnlyList<Guid>? StoreIds, bool IsActive, long Version)
{
    public static UserReceipt From(LedgerSession ledger, User user) =>
        new(user.Id, user.Email, user.Role, user.StoreIds, user.IsActive, ledger.VersionOf(user.Id));
}

/// <summary>
/// A user is a stream in the tenant's ledger and a row with the password in shared.tenant_users. One transaction writes both.
/// </summary>
public static class Users
{
    /// <summary>
    /// The advisory lock for changes of users. Without it, two concurrent changes could each rely on the other user as the last admin.
    /// </summary>
    private const string LockName = "users";

    /// <summary>Registers a user of every store, without a command.</summary>
    /// <param name="passwordHash">The hash, computed before the session began: see <see cref="PasswordHashing"/>.</param>
    public static void Register(LedgerSession ledger, string email, string fullName, string role, string passwordHash)
    {
        var registered = new UserRegistered(Normalize(email), fullName, role, StoreIds: null);
        AddAccount(ledger, ledger.Append<User>(Guid.CreateVersion7(ledger.Now), registered), passwordHash);
    }

    /// <summary>Adds the account of a new user.</summary>
    public static void AddAccount(LedgerSession ledger, User user, string passwordHash) =>
        // replaces an account whose user the ledger does not know, because the ledger was restored from an older backup
        ledger.Enqueue(
            $"""
            insert into shared.tenant_users (id, tenant_id, email, password_hash, full_name, role) values (?, ?, ?, ?, ?, ?)
            on conflict (tenant_id, email) do update
                set id = excluded.id, password_hash = excluded.password_hash, full_name = excluded.full_name, role = excluded.role,
                    is_active = true, last_login_at = null, failed_sign_ins = 0, locked_until = null
            where not exists (select from {ledger.Tenant.Schema}.mt_doc_user known where known.id = tenant_users.id)
            """,
            user.Id,
            ledger.Tenant.Id,
            user.Email,
            passwordHash,
            user.FullName,
            user.Role
        );

    /// <summary>Decides on a change. An event that changes nothing is left out, and the loss of the last active admin is refused.</summary>
    /// <param name="isLastAdmin">Whether the user is an active admin, and nobody else is.</param>
    public static Decision Decide(User user, bool isLastAdmin, object @event)
    {
        var after = User.Fold(user.Id, user, @event);
        if (CatalogEntry.AreEqual(user, after))
            return Decision.Accept();
        if (isLastAdmin && !after.IsActiveAdmin)
            return Refusal.Conflict("Last admin", $"{user.Email} is the last active admin. Make somebody else an admin first.");
        return Decision.Accept(DocumentEvents.Of<User>(user.Id, @event));
    }

    /// <summary>Handles a change of a user, and changes the account with it.</summary>
    /// <param name="decide">The decision on the locked user, and on whether nobody else is an active admin.</param>
    public static async Task<Reply> Change(
        LedgerSession ledger,
        string reference,
        long? version,
        Func<User, bool, Decision> decide,
        CancellationToken ct
    )
    {
        await ledger.AcquireLock(LockName, ct);
        if (await Lock(ledger, reference, ct) is not { } before)
            return Refusal.NotFound("user", "id", reference);
        if (ledger.VersionOf(before.Id) is var current && version is not null && version != current)
            return Refusal.ChangedMeanwhile($"The user {before.Email}", current, version.Value);
        var isLastAdmin =
            before.IsActiveAdmin && await ledger.First<User>(u => u.Id != before.Id && u.IsActive && u.Role == Roles.Admin, ct) is null;
        return ledger.Append(
            decide(before, isLastAdmin),
            _ =>
            {
                var after = ledger.State<User>(before.Id);
                if (ledger.VersionOf(before.Id) > current)
                {
                    ledger.Enqueue(
                        "update shared.tenant_users set full_name = ?, role = ?, is_active = ?, stamp = stamp + ? where id = ?",
                        after.FullName,
                        after.Role,
                        after.IsActive,
                        User.HaveSameRights(before, after) ? 0 : 1,
                        after.Id
                    );
                }
                return Reply.Ok(UserReceipt.From(ledger, after));
            }
        );
    }

    /// <summary>Sets a password, unlocks an account that was locked after failures, and invalidates the tokens issued before.</summary>
    /// <param name="checkedHash">
    /// The hash against which the current password was verified; the account must still have it. Null when an admin sets the password.
    /// </param>
    public static async Task<Reply> SetPassword(
        LedgerSession ledger,
        string reference,
        string passwordHash,
        string? checkedHash,
        CancellationToken ct
    )
    {
        if (await Lock(ledger, reference, ct) is not { } user)
            return Refusal.NotFound("user", "id", reference);
        var isCurrent = checkedHash is null || await HasPassword(ledger, user.Id, checkedHash, ct);
        return ledger.Append(
            ChangePasswordEndpoint.Decide(user, isCurrent),
            _ =>
            {
                // creates the account of a user that has none, because the accounts were restored from an older backup
                ledger.Enqueue(
                    """
                    insert into shared.tenant_users (id, tenant_id, email, password_hash, full_name, role, is_active)
                    values (?, ?, ?, ?, ?, ?, ?)
                    on conflict (id) do update
                        set password_hash = excluded.password_hash, failed_sign_ins = 0, locked_until = null, stamp = tenant_users.stamp + 1
                    """,
                    user.Id,
                    ledger.Tenant.Id,
                    user.Email,
                    passwordHash,
                    user.FullName,
                    user.Role,
                    user.IsActive
                );
                return Reply.Ok(UserReceipt.From(ledger, user));
            }
        );
    }

    /// <summary>
    /// Whether an account that is not locked has this hash. The row is locked, so the hash stays until the end of the transaction.
    /// </summary>
    private static async Task<bool> HasPassword(LedgerSession ledger, Guid id, string hash, CancellationToken ct)
    {
        await using var command = ledger.CreateCommand(
            "select 1 from shared.tenant_users where id = $1 and password_hash = $2 and coalesce(locked_until < now(), true) for update",
            id,
            hash
        );
        return await command.ExecuteScalarAsync(ct) is not null;
    }

    /// <summary>The user with this id or e-mail address, locked for the transaction.</summary>
    private static async Task<User?> Lock(LedgerSession ledger, string reference, CancellationToken ct)
    {
        var email = Normalize(reference);
        var id = Guid.TryParse(reference, out var guid) ? guid : (await ledger.First<User>(u => u.Email == email, ct))?.Id;
        return id is null ? null : await ledger.Lock<User>(id.Value, ct);
    }

    /// <summary>E-mail addresses are compared in lower case.</summary>
    public static string Normalize(string email) => email.Trim().ToLowerInvariant();
}
