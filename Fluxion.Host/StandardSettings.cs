namespace Fluxion.Host;

/// <summary>
/// Checks settings of ASP.NET Core and OpenTelemetry. Those would ignore a wrong value, or refuse it without naming the setting.
/// </summary>
internal static class StandardSettings
{
    private static readonly string[] Endpoints =
    [
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
        "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
    ];
    private static readonly string[] Milliseconds =
    [
        "OTEL_EXPORTER_OTLP_TIMEOUT",
        "OTEL_METRIC_EXPORT_INTERVAL",
        "OTEL_BSP_SCHEDULE_DELAY",
    ];

    /// <exception cref="SettingsException">A setting is not allowed; the message names it and the allowed values.</exception>
    public static void Check(IConfiguration configuration)
    {
        var wrong = LogLevels(configuration.GetSection("Logging"))
            .Where(level => !Enum.TryParse<LogLevel>(level.Value, ignoreCase: true, out var known) || !Enum.IsDefined(known))
            .Select(level =>
                NotAllowed(
                    level.Path.Replace(":", "__", StringComparison.Ordinal),
                    level.Value,
                    $"must be one of: {string.Join(", ", Enum.GetNames<LogLevel>())}"
                )
            )
            .Concat(
                Set(configuration, Endpoints)
                    .Where(s => !Uri.TryCreate(s.Value, UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https"))
                    .Select(s => NotAllowed(s.Name, s.Value, "must be a URL, for example http://localhost:4317"))
            )
            .Concat(
                Set(configuration, Milliseconds)
                    .Where(s => !int.TryParse(s.Value, out var value) || value <= 0)
                    .Select(s => NotAllowed(s.Name, s.Value, "must be a number of milliseconds above 0"))
            )
            .ToList();
        if (wrong.Count > 0)
            throw new SettingsException($"{string.Join("; ", wrong)}.");
    }

    /// <summary>The log levels of all categories, for all providers and for single ones: every section named LogLevel.</summary>
    private static IEnumerable<IConfigurationSection> LogLevels(IConfigurationSection section) =>
        section
            .GetChildren()
            .SelectMany(child =>
                child.Key == "LogLevel" ? child.GetChildren().Where(level => level.Value is { Length: > 0 }) : LogLevels(child)
            );

    private static IEnumerable<(string Name, string Value)> Set(IConfiguration configuration, IEnumerable<string> names) =>
        names.Select(name => (Name: name, Value: configuration[name] ?? "")).Where(s => s.Value.Length > 0);

    private static string NotAllowed(string name, string? value, string allowed) => $"{name} is '{value}': it {allowed}";
}
