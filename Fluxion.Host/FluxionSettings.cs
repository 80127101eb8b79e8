using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Reflection;
using System.Text;
using Fluxion.Host.Web;
using Fluxion.Ledger.Access;
using Microsoft.Extensions.Options;

namespace Fluxion.Host;

/// <summary>The settings in the section <c>Fluxion</c>; in the environment they are <c>Fluxion__SigningKey</c> and so on.</summary>
public sealed class FluxionSettings
{
    public const string Section = "Fluxion";

    /// <summary>The key that signs the tokens: at least 32 bytes, the same on every node. Required outside Development.</summary>
    public string SigningKey { get; set; } = "";

    /// <summary>The lifetime of a token in minutes.</summary>
    [Range(1, 10_080)]
    public int TokenMinutes { get; set; } = 60;

    /// <summary>The maximum number of token requests from one client address per minute; further ones are answered with 429.</summary>
    [Range(1, 1_000_000)]
    public int SignInsPerMinute { get; set; } = 30;

    /// <summary>
    /// The proxies that are trusted to report the client's address: addresses and CIDR networks, separated by commas. See
    /// <see cref="Proxies"/>.
    /// </summary>
    public string TrustedProxies { get; set; } = "";

    /// <summary>Reads and validates the settings from the configuration of the host.</summary>
    /// <exception cref="OptionsValidationException">
    /// A setting is missing, unknown or not allowed. Each failure names the setting and the allowed values.
    /// </exception>
    public static FluxionSettings Read(IConfiguration configuration, IHostEnvironment environment)
    {
        var rules = new FluxionSettingsRules(configuration.GetSection(Section), environment);
        return new OptionsFactory<FluxionSettings>([rules], [], [rules]).Create(Options.DefaultName);
    }
}

/// <summary>
/// Reads and validates the settings. A failure names the setting, its value and the allowed values. It never contains the value of a
/// secret.
/// </summary>
internal sealed class FluxionSettingsRules(IConfigurationSection section, IHostEnvironment environment)
    : IConfigureOptions<FluxionSettings>,
        IValidateOptions<FluxionSettings>
{
    /// <summary>The prefix of the secret in appsettings.Development.json.</summary>
    private const string DevelopmentPrefix = "development only";

    private static readonly PropertyInfo[] Known = typeof(FluxionSettings).GetProperties(BindingFlags.Public | BindingFlags.Instance);

    public void Configure(FluxionSettings options)
    {
        foreach (var property in Known)
            if (Parse(property) is { } value)
                property.SetValue(options, value);
    }

    public ValidateOptionsResult Validate(string? name, FluxionSettings options)
    {
        var failures = Known
            .Where(IsNotAllowed)
            .Select(property => NotAllowed(property.Name, section[property.Name]!, Allowed(property)))
            .Concat(section.GetChildren().Where(child => Known.All(property => !Is(property, child))).Select(Unknown))
            .ToList();
        if (Encoding.UTF8.GetByteCount(options.SigningKey.Trim()) < Tokens.MinKeyBytes)
        {
            failures.Add(
                $"Set {Name(nameof(options.SigningKey))} to a secret of at least {Tokens.MinKeyBytes} bytes, the same on every node, "
                    + "for example from: openssl rand -base64 48"
            );
        }
        if (!environment.IsDevelopment() && options.SigningKey.StartsWith(DevelopmentPrefix, StringComparison.Ordinal))
            failures.Add($"{Name(nameof(options.SigningKey))} is the one of Development, which everybody knows. Set one of your own");
        if (Proxies.ValidationError(options.TrustedProxies) is { } error)
            failures.Add(NotAllowed(nameof(options.TrustedProxies), options.TrustedProxies, error));
        return failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);
    }

    /// <summary>The configured value; null when the setting is missing or its value has the wrong type.</summary>
    private object? Parse(PropertyInfo property)
    {
        if (section[property.Name] is not { Length: > 0 } text)
            return null;
        if (property.PropertyType == typeof(string))
            return text;
        return int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number : null;
    }

    private bool IsNotAllowed(PropertyInfo property) =>
        section[property.Name] is { Length: > 0 }
        && (Parse(property) is not { } value || property.GetCustomAttribute<RangeAttribute>() is { } range && !range.IsValid(value));

    private static string Allowed(PropertyInfo property) =>
        property.GetCustomAttribute<RangeAttribute>() is { } range
            ? string.Create(CultureInfo.InvariantCulture, $"must be a whole number from {range.Minimum} to {range.Maximum}")
            : "must be a text";

    private static string NotAllowed(string name, string value, string allowed) => $"{Name(name)} is '{value}': it {allowed}";

    private static string Unknown(IConfigurationSection child) =>
        $"{Name(child.Key)} is not a setting: there are {string.Join(", ", Known.Select(property => Name(property.Name)))}";

    private static bool Is(PropertyInfo property, IConfigurationSection child) =>
        string.Equals(property.Name, child.Key, StringComparison.OrdinalIgnoreCase) && !child.GetChildren().Any();

    private static string Name(string key) => $"{FluxionSettings.Section}__{key}";
}

/// <summary>The host cannot start as it is configured.</summary>
public sealed class SettingsException(string message) : Exception(message);
