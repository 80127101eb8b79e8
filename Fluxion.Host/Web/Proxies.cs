using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.HttpOverrides;
using IPNetwork = System.Net.IPNetwork;

namespace Fluxion.Host.Web;

/// <summary>
/// The client's address and scheme behind proxies. X-Forwarded-For is read from its right end, a hop for each proxy that is trusted: the client is
/// the first address that is not one. What stands to the left of it was sent by the client, and is never looked at.
/// </summary>
public static class Proxies
{
    /// <summary>The framework's own switch: it takes the word of everybody.</summary>
    private const string TrustEverybody = "FORWARDEDHEADERS_ENABLED";

    private const string Form = "must be addresses and CIDR networks, separated by commas, for example 10.0.0.7, 172.16.0.0/12, fd00::/8";

    /// <exception cref="SettingsException">The framework's switch takes any client's word.</exception>
    public static void RequireNamedProxies(IConfiguration configuration)
    {
        if (!string.Equals(configuration[TrustEverybody], "true", StringComparison.OrdinalIgnoreCase)) return;
        throw new SettingsException($"ASPNETCORE_{TrustEverybody} is 'true': it lets every client choose its own address. " +
            $"Leave it out, and name your proxies in {FluxionSettings.Section}__{nameof(FluxionSettings.TrustedProxies)}.");
    }

    /// <summary>What is wrong with a list of proxies; null when nothing is.</summary>
    public static string? ValidationError(string proxies)
    {
        foreach (var entry in Entries(proxies))
        {
            if (Address(entry) is not null) continue;
            if (!IPNetwork.TryParse(entry, out var network)) return $"{Form}. '{entry}' is neither";
            if (!network.BaseAddress.Equals(IPAddress.Parse(entry.Split('/')[0]))) return $"{Form}. In '{entry}' the bits after the prefix must be 0";
            if (network.PrefixLength == 0) return $"must not contain '{entry}', which is every address there is";
        }
        return null;
    }

    /// <summary>Takes the word of the proxies that are named, and of nobody else.</summary>
    public static void UseTrustedProxies(this WebApplication app, string proxies)
    {
        if (Entries(proxies).Length == 0) return;
        var options = new ForwardedHeadersOptions
        {
            ForwardedHeaders = ForwardedHeaders.XForwardedFor | ForwardedHeaders.XForwardedProto,
            ForwardLimit = null, // as many hops as there are proxies that are trusted
        };
        options.KnownProxies.Clear();
        options.KnownIPNetworks.Clear();
        foreach (var entry in Entries(proxies))
        {
            if (Address(entry) is { } address) options.KnownProxies.Add(address);
            else options.KnownIPNetworks.Add(IPNetwork.Parse(entry));
        }
        app.UseForwardedHeaders(options);
    }

    /// <summary>An address written out: the framework also reads 10.1 as 10.0.0.1.</summary>
    private static IPAddress? Address(string entry) => !IPAddress.TryParse(entry, out var address) ? null
        : address.IsIPv4MappedToIPv6 ? address.MapToIPv4()
        : address.AddressFamily == AddressFamily.InterNetworkV6 || address.ToString() == entry ? address : null;

    private static string[] Entries(string proxies) => proxies.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
}
