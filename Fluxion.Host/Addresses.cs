using System.Globalization;

namespace Fluxion.Host;

/// <summary>
/// Determines the addresses that the host listens on. All settings of the framework work: --urls, ASPNETCORE_URLS, URLS,
/// ASPNETCORE_HTTP_PORTS, _HTTPS_PORTS and Kestrel:Endpoints. The default applies when none of them is set. It is not in appsettings.json,
/// where it would override the environment.
/// </summary>
public static class Addresses
{
    private const string Default = "http://localhost:5080";
    private const string Urls = "urls";
    private const string Form = "it must be addresses such as http://localhost:5080 or http://+:8080, separated by ;";
    private const int MaxPort = 65535;
    private static readonly string[] Ports = ["http_ports", "https_ports"];

    /// <exception cref="SettingsException">An address or a port is not valid.</exception>
    public static void UseAddresses(this WebApplicationBuilder builder)
    {
        var configuration = builder.Configuration;
        foreach (var address in Values(configuration[Urls]))
            if (ValidationError(address) is { } error)
                throw new SettingsException($"Urls (--urls, ASPNETCORE_URLS) is '{configuration[Urls]}': {error}");
        foreach (var name in Ports)
        {
            if (Values(configuration[name]).All(IsPort))
                continue;
            throw new SettingsException(
                $"ASPNETCORE_{name.ToUpperInvariant()} is '{configuration[name]}': it must be ports from 1 to {MaxPort}, separated by ;"
            );
        }
        foreach (var endpoint in configuration.GetSection("Kestrel:Endpoints").GetChildren())
            if (endpoint["Url"] is not { } url || ValidationError(url) is not null)
                throw new SettingsException($"Kestrel__Endpoints__{endpoint.Key}__Url is '{endpoint["Url"]}': {Form}");
        if (
            ((string[])[Urls, .. Ports]).All(name => string.IsNullOrEmpty(configuration[name]))
            && !configuration.GetSection("Kestrel:Endpoints").GetChildren().Any()
        )
            builder.WebHost.UseUrls(Default);
    }

    private static string? ValidationError(string address)
    {
        try
        {
            var parsed = BindingAddress.Parse(address);
            return parsed.Scheme.ToLowerInvariant() is not ("http" or "https") || parsed.Port > MaxPort || parsed.PathBase.Length > 0
                ? Form
                : null;
        }
        catch (FormatException)
        {
            return Form;
        }
    }

    private static string[] Values(string? setting) =>
        setting?.Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) ?? [];

    private static bool IsPort(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port is > 0 and <= MaxPort;
}
