using Fluxion.Ledger.Time;
using Marten;

namespace Fluxion.Ledger.Tenancy;

/// <summary>The result of an adoption.</summary>
/// <param name="WasRegistered">True when the registry had the tenant already; then only its name and accounts could change.</param>
/// <param name="AccountsMade">The number of users that had no account. Nobody knows their passwords; an admin sets them.</param>
/// <param name="AccountsChanged">The number of accounts that differed from their user in name, role or active state.</param>
/// <param name="AccountsRemoved">The number of accounts without a user.</param>
/// <param name="Admin">The admin whose password was set; null when none was.</param>
public sealed record Adopted(Tenant Tenant, bool WasRegistered, int AccountsMade, int AccountsChanged, int AccountsRemoved, string? Admin);

/// <summary>
/// Reconciles the shared schema with a tenant's own schema, after only one of them was restored from a backup. The tenant's schema is
/// authoritative: its tables contain the tenant id, and its events define the users. It does not contain the tenant's name, its settings
/// in the registry, or passwords.
/// </summary>
public sealed class TenantAdoption(
    TenantSchemas schemas,
    TenantProvisioning provisioning,
    TenantRegistry registry,
    SchemaFingerprints fingerprints
)
{
    /// <summary>
    /// Registers the tenant if the registry lacks it, and reconciles its accounts with its users. A repeated adoption changes nothing but
    /// the password.
    /// </summary>
    /// <param name="name">The company's name. Null keeps the name, or uses the slug when the registry has lost it.</param>
    /// <param name="adminEmail">
    /// The active admin whose password is set. Null means the first active admin when no active admin has an account, and otherwise
    /// nobody.
    /// </param>
    /// <param name="adminPasswordHash">The hash of the new password; null sets none.</param>
    /// <exception cref="TenantRefusedException">There is nothing to adopt, or the schema belongs to another tenant.</exception>
    public async Task<Adopted> Adopt(string slug, string? name, string? adminEmail, string? adminPasswordHash, CancellationToken ct)
    {
        await using var held = await provisioning.AcquireLockOf(slug, ct);
        registry.Forget(slug);
        var registered = await registry.Find(slug, ct);
        var schema = Tenant.SchemaOf(slug);
        var found =
            await schemas.Find(schema, ct)
            ?? throw new TenantRefusedException($"There is no schema {schema} to adopt. Restore it first.", isUnknown: true);
        if (found.TenantId is not { } id)
            throw new TenantRefusedException($"The schema {schema} does not say which tenant it belongs to.");
        if (registered is null && !found.HasEvents)
            throw new TenantRefusedException($"The schema {schema} has no events. Add the tenant instead: the schema is replaced.");
        if (registered is not null && registered.Id != id)
        {
            throw new TenantRefusedException(
                $"The registry has '{slug}' with the id {registered.Id}; the schema {schema} belongs to the tenant {id}. "
                    + "Restore both from one backup."
            );
        }
        var tenant = registered ?? new Tenant(id, slug, name ?? slug, Tenant.Active, Timestamps.ToMicroseconds(found.Since!.Value));
        if (name is not null)
            tenant = tenant with { Name = name };

        using var store = await provisioning.MigrateSchema(schema, id, everything: true, ct);
        await using var session = store.LightweightSession(id.ToString());
        var ledger = new LedgerSession(session, tenant, Caller.System(tenant));
        await ledger.Begin(ct);
        if (await SlugOf(ledger, id, ct) is { } other && other != slug)
            throw new TenantRefusedException($"The tenant {id} of the schema {schema} is registered as '{other}'.");
        ledger.Enqueue(
            """
            insert into shared.tenants (id, slug, name, schema_name, status, created_at) values (?, ?, ?, ?, ?, ?)
            on conflict (id) do update set name = excluded.name where tenants.name <> excluded.name
            """,
            id,
            slug,
            tenant.Name,
            schema,
            tenant.Status,
            tenant.CreatedAt
        );

        var users = (await session.Query<User>().ToListAsync(ct)).ToDictionary(user => user.Id);
        var accounts = (await Accounts(ledger, ct)).ToDictionary(account => account.Id);
        var removed = accounts.Keys.Where(account => !users.ContainsKey(account)).ToArray();
        var made = users.Values.Where(user => !accounts.ContainsKey(user.Id)).ToList();
        var changed = users.Values.Where(user => accounts.TryGetValue(user.Id, out var account) && account != Account.From(user)).ToList();
        // deleted first, because another user may have got the e-mail address of a removed account
        ledger.Enqueue("delete from shared.tenant_users where tenant_id = ? and id = any(?)", id, removed);
        foreach (var user in made)
        {
            ledger.Enqueue(
                """
                insert into shared.tenant_users (id, tenant_id, email, password_hash, full_name, role, is_active, stamp)
                values (?, ?, ?, ?, ?, ?, ?, ?)
                """,
                user.Id,
                id,
                user.Email,
                Passwords.DummyHash,
                user.FullName,
                user.Role,
                user.IsActive,
                Stamp(ledger)
            );
        }
        foreach (var user in changed)
        {
            ledger.Enqueue(
                """
                update shared.tenant_users set full_name = ?, role = ?, is_active = ?, stamp = greatest(stamp + 1, ?) where id = ?
                """,
                user.FullName,
                user.Role,
                user.IsActive,
                Stamp(ledger),
                user.Id
            );
        }

        var admin = Admin(users.Values, accounts, adminEmail);
        if (admin is not null && adminPasswordHash is not null)
            await Users.SetPassword(ledger, admin.Id.ToString(), adminPasswordHash, checkedHash: null, ct);
        await ledger.Commit(ct);
        registry.Forget(slug);
        await fingerprints.Record(schema, CancellationToken.None);
        return new Adopted(
            tenant,
            registered is not null,
            made.Count,
            changed.Count,
            removed.Length,
            Admin: adminPasswordHash is null ? null : admin?.Email
        );
    }

    /// <summary>The columns that accounts and users have in common, except the e-mail address, which never changes.</summary>
    private sealed record Account(Guid Id, string FullName, string Role, bool IsActive)
    {
        public static Account From(User user) => new(user.Id, user.FullName, user.Role, user.IsActive);
    }

    private static User? Admin(IReadOnlyCollection<User> users, Dictionary<Guid, Account> accounts, string? email)
    {
        var admins = users.Where(u => u.IsActiveAdmin).OrderBy(u => u.Id.ToString(), StringComparer.Ordinal).ToList(); // ids grow with time
        if (email is not null)
        {
            return admins.Find(u => u.Email == Users.Normalize(email))
                ?? throw new TenantRefusedException(
                    $"{email} is not an active admin of the tenant. Its active admins: {string.Join(", ", admins.Select(u => u.Email))}."
                );
        }
        return admins.Any(a => accounts.ContainsKey(a.Id)) ? null : admins.FirstOrDefault();
    }

    /// <summary>Minutes since 1970. This is greater than the stamp of any account, so every token issued before is refused.</summary>
    private static int Stamp(LedgerSession ledger) => (int)(ledger.Now - DateTimeOffset.UnixEpoch).TotalMinutes;

    private static async Task<string?> SlugOf(LedgerSession ledger, Guid id, CancellationToken ct)
    {
        await using var command = ledger.CreateCommand("select slug from shared.tenants where id = $1", id);
        return (string?)await command.ExecuteScalarAsync(ct);
    }

    private static async Task<List<Account>> Accounts(LedgerSession ledger, CancellationToken ct)
    {
        await using var command = ledger.CreateCommand(
            "select id, full_name, role, is_active from shared.tenant_users where tenant_id = $1",
            ledger.Tenant.Id
        );
        await using var reader = await command.ExecuteReaderAsync(ct);
        var accounts = new List<Account>();
        while (await reader.ReadAsync(ct))
            accounts.Add(new Account(reader.GetGuid(0), reader.GetString(1), reader.GetString(2), reader.GetBoolean(3)));
        return accounts;
    }
}

/// <summary>The reason why a tenant cannot be created or adopted, as a message for people. Nothing was changed.</summary>
public sealed class TenantRefusedException(string message, bool isUnknown = false) : Exception(message)
{
    /// <summary>Whether the tenant's schema does not exist.</summary>
    public bool IsUnknown => isUnknown;
}
