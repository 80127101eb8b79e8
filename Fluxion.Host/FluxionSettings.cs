using System.Text;
using Fluxion.Ledger.Access;

namespace Fluxion.Host;

/// <summary>The settings below <c>Fluxion</c>: in the environment <c>Fluxion__SigningKey</c> and so on.</summary>
public sealed class FluxionSettings
{
    /// <summary>Signs the tokens; at least 32 bytes, the same on every node. Required outside Development.</summary>
    public string SigningKey { get; init; } = "";

    /// <summary>How long a token is good for, in minutes.</summary>
    public int TokenMinutes { get; init; } = 60;

    /// <summary>Requests for a token from one client address in a minute; more are 429.</summary>
    public int SignInsPerMinute { get; init; } = 30;

    /// <summary>The secret of appsettings.Development.json.</summary>
    private const string DevelopmentPrefix = "development only";

    /// <exception cref="SettingsException">A setting is missing or unsafe; the message says which and what to do.</exception>
    public static FluxionSettings Read(IConfiguration configuration, IHostEnvironment environment)
    {
        var settings = configuration.GetSection("Fluxion").Get<FluxionSettings>() ?? new FluxionSettings();
        if (Encoding.UTF8.GetByteCount(settings.SigningKey) < Tokens.MinKeyBytes)
        {
            throw new SettingsException(
                $"Set Fluxion__SigningKey to a secret of at least {Tokens.MinKeyBytes} bytes, the same on every node, for example from: openssl rand -base64 48");
        }
        if (!environment.IsDevelopment() && settings.SigningKey.StartsWith(DevelopmentPrefix, StringComparison.Ordinal))
            throw new SettingsException("Fluxion__SigningKey is the one of Development, which everybody knows. Set one of your own.");
        return settings;
    }
}

/// <summary>The host cannot start as it is configured.</summary>
public sealed class SettingsException(string message) : Exception(message);
