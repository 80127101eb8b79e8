using Fluxion.Ledger.Commands;

namespace Fluxion.Ledger.Access;

/// <summary>A user is an event in his tenant's ledger and a row with his password in shared.tenant_users, both or neither.</summary>
public static class Users
{
    public static User Register(
        LedgerSession ledger, string email, string fullName, string role, IReadOnlyList<Guid>? storeIds, string password)
    {
        var id = Guid.CreateVersion7(ledger.Now);
        email = Normalize(email);
        ledger.Queue("insert into shared.tenant_users (id, tenant_id, email, password_hash, full_name, role) values (?, ?, ?, ?, ?, ?)",
            id, ledger.Tenant.Id, email, Passwords.Hash(password), fullName, role);
        return ledger.Append<User>(id, new UserRegistered(email, fullName, role, storeIds));
    }

    /// <summary>E-mail addresses are compared in lower case.</summary>
    public static string Normalize(string email) => email.Trim().ToLowerInvariant();
}
