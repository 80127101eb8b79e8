using Fluxion.Host.Database;
using Fluxion.Ledger.Access;
using Fluxion.Ledger.Tenancy;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Fluxion.Host;

/// <summary>Why a start or a command failed, said once and for people.</summary>
internal static class ErrorMessages
{
    /// <summary>What names the same failure with its stack, or says that the host ends, before it is said here.</summary>
    private static readonly string[] Loggers = ["Microsoft.Extensions.Hosting.Internal.Host", "Microsoft.Hosting.Lifetime", "Wolverine.Runtime.WolverineRuntime"];

    private const string LevelVariable = "Logging__LogLevel__Default";

    /// <summary>What to do about it; null when it is none that its user can do anything about.</summary>
    public static string? For(Exception failure) => failure switch
    {
        SettingsException or EmbeddedDatabaseException or SchemaScriptException => failure.Message,
        TenantRefusedException or NoOwnerException or AnalystException => failure.Message,
        OptionsValidationException options => $"{string.Join("; ", options.Failures)}.",
        IOException { InnerException: AddressInUseException } => $"{failure.Message} End what serves there, or serve elsewhere: --urls http://localhost:5081",
        NpgsqlException => $"{failure.Message}. The database is the one that ConnectionStrings__Fluxion and ConnectionStrings__FluxionOwner name.",
        AggregateException { InnerException: { } first } => For(first),
        _ => null,
    };

    /// <summary>What nobody has foreseen, in one line; with all of it when <see cref="LevelVariable"/> asks for details.</summary>
    public static string Unexpected(Exception failure)
    {
        if (Environment.GetEnvironmentVariable(LevelVariable) is "Debug" or "Trace") return failure.ToString();
        var causes = new List<string>();
        for (var cause = failure; cause is not null; cause = cause.InnerException)
            if (cause is not AggregateException && !causes.Any(known => known.Contains(cause.Message, StringComparison.Ordinal))) causes.Add(cause.Message);
        return $"{string.Join(": ", causes).ReplaceLineEndings(" ")} ({failure.GetType().Name}; {LevelVariable}=Debug shows where)";
    }

    /// <summary>Mutes them until the host has started; from then on they log from the level on that is configured.</summary>
    public static void LogOnlyOnceStarted(this WebApplicationBuilder builder, Func<bool> started)
    {
        foreach (var logger in Loggers)
        {
            var least = Enum.TryParse<LogLevel>(builder.Configuration[$"Logging:LogLevel:{logger}"], out var configured) ? configured : LogLevel.Warning;
            builder.Logging.AddFilter(logger, level => level >= least && started());
        }
    }
}

/// <summary>Told when the host serves, before it says so itself.</summary>
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
