using System.Net;
using System.Security.Claims;

namespace Fluxion.Ledger.Http;

/// <summary>Reads the caller of a request.</summary>
public static class HttpCaller
{
    extension(Caller)
    {
        /// <summary>The sender of a request, from its validated token and its connection.</summary>
        /// <exception cref="InvalidOperationException">The request carries no validated token.</exception>
        public static Caller From(HttpContext http)
        {
            var user = http.User;
            string Claim(string type) =>
                user.FindFirstValue(type) ?? throw new InvalidOperationException($"The token has no claim '{type}'.");
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
    }

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
