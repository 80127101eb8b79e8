using Fluxion.Ledger.Tenancy;
using Npgsql;

namespace Fluxion.Ledger.Access;

/// <summary>The administrators of the platform. They belong to no tenant, so no tenant's events record them.</summary>
public static class PlatformAdministrators
{
    /// <returns>True when the administrator was added; false when the address was already taken.</returns>
    public static async Task<bool> Add(Databases databases, string email, string fullName, string password, CancellationToken ct)
    {
        var hash = Passwords.Hash(password);
        await using var connection = await databases.Service.OpenConnectionAsync(ct);
        await using var batch = new NpgsqlBatch(connection);
        batch.BatchCommands.Add(new("select set_config($1, 'on', true)") { Parameters = { new() { Value = Databases.PlatformSetting } } });
        batch.BatchCommands.Add(
            new(
                """
                insert into shared.tenant_users (id, tenant_id, email, password_hash, full_name, role)
                values ($1, null, $2::citext, $3, $4, $5)
                on conflict (tenant_id, email) do nothing
                """
            )
            {
                Parameters =
                {
                    new() { Value = Guid.CreateVersion7() },
                    new() { Value = Users.Normalize(email) },
                    new() { Value = hash },
                    new() { Value = fullName },
                    new() { Value = Roles.Platform },
                },
            }
        );
        return await batch.ExecuteNonQueryAsync(ct) == 1;
    }
}
