using System.Net;
using System.Security.Claims;
using Fluxion.Ledger.Tenancy;
using Microsoft.AspNetCore.Http;

namespace Fluxion.Ledger.Access;

/// <summary>The sender of a request, read from a validated token.</summary>
/// <param name="TenantId">Null for an administrator of the platform.</param>
/// <param name="Stores">The stores whose stock the user may move and see; null for every store.</param>
public sealed record Caller(
    Guid UserId,
    Guid? TenantId,
    string Email,
    string Role,
    IReadOnlySet<Guid>? Stores,
    string? Address,
    string? Agent
)
{
    public bool MayUse(Guid storeId) => Stores is null || Stores.Contains(storeId);

    /// <summary>Whether the user has the role <paramref name="least"/> or a higher one.</summary>
    public bool Is(string least) => Roles.AtLeast(least).Contains(Role);

    /// <summary>The stores as a parameter of a query; null admits every row.</summary>
    public Guid[]? StoreFilter => Stores?.ToArray();

    /// <exception cref="InvalidOperationException">The request carries no validated token.</exception>
    public static Caller From(HttpContext http)
    {
        var user = http.User;
        string Claim(string type) => user.FindFirstValue(type) ?? throw new InvalidOperationException($"The token has no claim '{type}'.");
        var stores = user.FindAll(Claims.Store).Select(c => Guid.Parse(c.Value)).ToHashSet();
        return new Caller(
            Guid.Parse(Claim(Claims.Subject)),
            user.FindFirstValue(Claims.Tenant) is { } tenant ? Guid.Parse(tenant) : null,
            Claim(Claims.Email),
            Claim(Claims.Role),
            user.HasClaim(c => c.Type == Claims.EveryStore) ? null : stores,
            NormalizeAddress(http.Connection.RemoteIpAddress),
            TruncateAgent(http.Request.Headers.UserAgent)
        );
    }

    /// <summary>The system itself, for provisioning and for reactions that no user sent.</summary>
    public static Caller System(Tenant tenant) => new(Guid.Empty, tenant.Id, "system", Roles.Admin, null, null, null);

    /// <summary>
    /// Converts an address to a form that PostgreSQL's inet accepts. A listener on [::] reports an IPv4 client as a mapped IPv6 address;
    /// it becomes the IPv4 address. The scope is removed (the %2 of fe80::1%2): it is this machine's own number of a network.
    /// </summary>
    private static string? NormalizeAddress(IPAddress? address) =>
        address is null ? null
        : address.IsIPv4MappedToIPv6 ? address.MapToIPv4().ToString()
        : new IPAddress(address.GetAddressBytes()).ToString();

    /// <summary>Keeps at most 500 characters and never splits a surrogate pair: PostgreSQL does not store half a pair.</summary>
    private static string? TruncateAgent(string? agent) =>
        agent is { Length: > 500 } ? agent[..(char.IsHighSurrogate(agent[499]) ? 499 : 500)] : agent;
}

/// <summary>The names of the claims in the ledger's own tokens.</summary>
public static class Claims
{
    public const string Subject = "sub";
    public const string Email = "email";
    public const string Role = "role";
    public const string Tenant = "tenant";
    public const string TenantSlug = "tenant_slug";
    public const string Stamp = "stamp";
    public const string Store = "store";
    public const string EveryStore = "every_store";
}
