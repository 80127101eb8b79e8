using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.HttpOverrides;
using IPNetwork = System.Net.IPNetwork;

namespace Fluxion.Host.Web;

/// <summary>
/// Determines the client's address and scheme behind proxies. X-Forwarded-For is read from its right end, one hop for each trusted proxy.
/// The client is the first address that is not a trusted proxy. Addresses to the left of it were sent by the client and are ignored.
/// </summary>
public static class Proxies
{
    /// <summary>The framework's own switch, which trusts the headers of every client.</summary>
    private const string TrustEverybody = "FORWARDEDHEADERS_ENABLED";

    private const string Form = "must be addresses and CIDR networks, separated by commas, for example 10.0.0.7, 172.16.0.0/12, fd00::/8";

    /// <exception cref="SettingsException">The framework's switch is on, so that every client could choose its address.</exception>
    public static void RequireNamedProxies(IConfiguration configuration)
    {
        if (!string.Equals(configuration[TrustEverybody], "true", StringComparison.OrdinalIgnoreCase))
            return;
        throw new SettingsException(
            $"ASPNETCORE_{TrustEverybody} is 'true': it lets every client choose its own address. "
                + $"Leave it out, and name your proxies in {FluxionSettings.Section}__{nameof(FluxionSettings.TrustedProxies)}."
        );
    }

    /// <summary>The error in a list of proxies; null when the list is valid.</summary>
    public static string? ValidationError(string proxies)
    {
        foreach (var entry in Entries(proxies))
        {
            if (Address(entry) is not null)
                continue;
            if (!IPNetwork.TryParse(entry, out var network))
                return $"{Form}. '{entry}' is neither";
            if (!network.BaseAddress.Equals(IPAddress.Parse(entry.Split('/')[0])))
                return $"{Form}. In '{entry}' the bits after the prefix must be 0";
            if (network.PrefixLength == 0)
                return $"must not contain '{entry}', which is every address there is";
        }
        return null;
    }

    /// <summary>Trusts the forwarded headers of the named proxies only.</summary>
    public static void UseTrustedProxies(this WebApplication app, string proxies)
    {
        if (Entries(proxies).Length == 0)
            return;
        var options = new ForwardedHeadersOptions
        {
            ForwardedHeaders = ForwardedHeaders.XForwardedFor | ForwardedHeaders.XForwardedProto,
            ForwardLimit = null, // one hop for each trusted proxy
        };
        options.KnownProxies.Clear();
        options.KnownIPNetworks.Clear();
        foreach (var entry in Entries(proxies))
        {
            if (Address(entry) is { } address)
                options.KnownProxies.Add(address);
            else
                options.KnownIPNetworks.Add(IPNetwork.Parse(entry));
        }
        app.UseForwardedHeaders(options);
    }

    /// <summary>An address in its full form; null otherwise. The framework would also accept 10.1 as 10.0.0.1.</summary>
    private static IPAddress? Address(string entry) =>
        !IPAddress.TryParse(entry, out var address) ? null
        : address.IsIPv4MappedToIPv6 ? address.MapToIPv4()
        : address.AddressFamily == AddressFamily.InterNetworkV6 || address.ToString() == entry ? address
        : null;

    private static string[] Entries(string proxies) =>
        proxies.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
}
