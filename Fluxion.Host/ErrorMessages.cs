using Fluxion.Host.Database;
using Fluxion.Ledger.Access;
using Fluxion.Ledger.Tenancy;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Fluxion.Host;

/// <summary>The messages for people when a start or a command fails; each failure is printed once.</summary>
internal static class ErrorMessages
{
    /// <summary>
    /// The loggers that would print the same failure with its stack trace, or the shutdown of the host, before this message.
    /// </summary>
    private static readonly string[] Loggers =
    [
        "Microsoft.Extensions.Hosting.Internal.Host",
        "Microsoft.Hosting.Lifetime",
        "Wolverine.Runtime.WolverineRuntime",
    ];

    private const string LevelVariable = "Logging__LogLevel__Default";

    /// <summary>The message with the remedy; null when the user can do nothing about the failure.</summary>
    public static string? For(Exception failure) =>
        failure switch
        {
            SettingsException or EmbeddedDatabaseException or SchemaScriptException => failure.Message,
            TenantRefusedException or NoOwnerException or AnalystException => failure.Message,
            OptionsValidationException options => $"{string.Join("; ", options.Failures)}.",
            IOException { InnerException: AddressInUseException } =>
                $"{failure.Message} End what serves there, or serve elsewhere: --urls http://localhost:5081",
            NpgsqlException =>
                $"{failure.Message}. The database is the one that ConnectionStrings__Fluxion and ConnectionStrings__FluxionOwner name.",
            AggregateException { InnerException: { } first } => For(first),
            _ => null,
        };

    /// <summary>
    /// The message for an unforeseen failure, in one line; with the stack trace when <see cref="LevelVariable"/> is Debug or Trace.
    /// </summary>
    public static string Unexpected(Exception failure)
    {
        if (Environment.GetEnvironmentVariable(LevelVariable) is "Debug" or "Trace")
            return failure.ToString();
        var causes = new List<string>();
        for (var cause = failure; cause is not null; cause = cause.InnerException)
            if (cause is not AggregateException && !causes.Any(known => known.Contains(cause.Message, StringComparison.Ordinal)))
                causes.Add(cause.Message);
        return $"{string.Join(": ", causes).ReplaceLineEndings(" ")} ({failure.GetType().Name}; {LevelVariable}=Debug shows where)";
    }

    /// <summary>Mutes these loggers until the host has started; afterwards they log from their configured level.</summary>
    public static void LogOnlyOnceStarted(this WebApplicationBuilder builder, Func<bool> started)
    {
        foreach (var logger in Loggers)
        {
            var least = Enum.TryParse<LogLevel>(builder.Configuration[$"Logging:LogLevel:{logger}"], out var configured)
                ? configured
                : LogLevel.Warning;
            builder.Logging.AddFilter(logger, level => level >= least && started());
        }
    }
}

/// <summary>Calls back when the host has started, before the host logs that itself.</summary>
internal sealed class OnceStarted(Action tell) : IHostedLifecycleService
{
    public Task StartedAsync(CancellationToken cancellationToken)
    {
        tell();
        return Task.CompletedTask;
    }

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
