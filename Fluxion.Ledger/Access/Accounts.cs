using System.Globalization;
using System.Security.Claims;
using Fluxion.Ledger.Tenancy;
using Microsoft.Extensions.Caching.Memory;

namespace Fluxion.Ledger.Access;

/// <summary>
/// Checks whether a token still matches its account. A token carries the stamp of its account. The stamp grows when the role, the stores,
/// the password or the active state changes, and older tokens are refused. A positive result is cached for <see cref="CacheDuration"/>. So
/// an old token remains usable for that long after the change, on every node.
/// </summary>
public sealed class Accounts(Databases databases, IMemoryCache cache)
{
    public static readonly TimeSpan CacheDuration = TimeSpan.FromSeconds(5);

    /// <param name="user">The claims of a validated token that this ledger issued.</param>
    public async ValueTask<bool> IsCurrent(ClaimsPrincipal user, CancellationToken ct)
    {
        if (
            !Guid.TryParse(user.FindFirstValue(Claims.Subject), out var id)
            || !int.TryParse(user.FindFirstValue(Claims.Stamp), CultureInfo.InvariantCulture, out var stamp)
        )
            return false;
        var token = (typeof(Accounts), id, stamp);
        if (cache.TryGetValue(token, out _))
            return true;
        if (!await Read(id, stamp, user.FindFirstValue(Claims.Tenant), ct))
            return false;
        cache.Set(token, true, CacheDuration);
        return true;
    }

    private async Task<bool> Read(Guid id, int stamp, string? tenant, CancellationToken ct)
    {
        await using var connection = await databases.Queries.OpenConnectionAsync(ct);
        await using var batch = connection.CreateBatch();
        batch.BatchCommands.Add(
            new("select set_config($1, $2, true)")
            {
                Parameters =
                {
                    new() { Value = tenant is null ? Databases.PlatformSetting : Databases.TenantSetting },
                    new() { Value = tenant ?? "on" },
                },
            }
        );
        batch.BatchCommands.Add(
            new("select from shared.tenant_users where id = $1 and stamp = $2 and is_active")
            {
                Parameters =
                {
                    new() { Value = id },
                    new() { Value = stamp },
                },
            }
        );
        await using var reader = await batch.ExecuteReaderAsync(ct);
        await reader.NextResultAsync(ct);
        return await reader.ReadAsync(ct);
    }
}

/// <summary>The account changed after the token was issued.</summary>
public sealed class StaleTokenException() : Exception("The account has changed since the token was issued.");
