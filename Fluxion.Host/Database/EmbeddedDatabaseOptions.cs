using System.Globalization;
using System.Runtime.InteropServices;

namespace Fluxion.Host.Database;

/// <summary>The location and the credentials of the embedded database. Every setting has a working default.</summary>
public sealed record EmbeddedDatabaseOptions
{
    /// <summary>
    /// The folder of the unpacked server (110 MB; 400 MB during installation). It is owned by the account that runs the host, and all
    /// users can enter it. Default <c>/var/tmp/fluxion-&lt;user id&gt;</c>.
    /// </summary>
    public string Home { get; init; } = $"/var/tmp/fluxion-{GetEffectiveUserId()}";

    /// <summary>The data directory; <see langword="null"/> for <c>data</c> below <see cref="Home"/>.</summary>
    public string? Data { get; init; }

    /// <summary>The TCP port on 127.0.0.1; 0 for any free port. A running server keeps its own port. Default 5480.</summary>
    public int Port { get; init; } = 5480;

    /// <summary>The Debian mirror for the download, which happens only once.</summary>
    public string Mirror { get; init; } = "http://deb.debian.org/debian";

    /// <summary>The password of the superuser <c>postgres</c>, set when the data directory is created.</summary>
    public string Password { get; init; } = "postgres";

    /// <summary>Whether the server keeps running after the host has ended.</summary>
    public bool Keep { get; init; }

    internal string DataDirectory => Path.GetFullPath(Data ?? Path.Combine(Home, "data"));

    /// <summary>
    /// Reads <c>FLUXION_DATABASE_HOME</c>, <c>_DATA</c>, <c>_PORT</c>, <c>_PASSWORD</c>, <c>_KEEP</c> (<c>true</c> or <c>false</c>) and
    /// <c>FLUXION_DEBIAN_MIRROR</c>. A variable that is not set keeps its default.
    /// </summary>
    /// <exception cref="SettingsException">The value of a variable is not allowed.</exception>
    public static EmbeddedDatabaseOptions FromEnvironment()
    {
        var defaults = new EmbeddedDatabaseOptions();
        return new EmbeddedDatabaseOptions
        {
            Home = Read("FLUXION_DATABASE_HOME") ?? defaults.Home,
            Data = Read("FLUXION_DATABASE_DATA"),
            Port =
                Read("FLUXION_DATABASE_PORT") is not { } port ? defaults.Port
                : int.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number <= 65535 ? number
                : throw NotAllowed("FLUXION_DATABASE_PORT", port, "a port from 1 to 65535, or 0 for any that is free"),
            Mirror =
                Read("FLUXION_DEBIAN_MIRROR") is not { } mirror ? defaults.Mirror
                : Uri.TryCreate(mirror, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https" ? mirror
                : throw NotAllowed("FLUXION_DEBIAN_MIRROR", mirror, $"an address such as {defaults.Mirror}"),
            Password = Read("FLUXION_DATABASE_PASSWORD") ?? defaults.Password,
            Keep =
                Read("FLUXION_DATABASE_KEEP") is { } keep
                && (bool.TryParse(keep, out var value) ? value : throw NotAllowed("FLUXION_DATABASE_KEEP", keep, "true or false")),
        };

        static SettingsException NotAllowed(string name, string value, string allowed) =>
            new($"{name} is '{value}': it must be {allowed}.");

        static string? Read(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;
    }

    private static uint GetEffectiveUserId() => OperatingSystem.IsLinux() ? geteuid() : 0;

    [DllImport("libc")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern uint geteuid();
}
