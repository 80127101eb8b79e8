using Microsoft.Extensions.Logging;

namespace Fluxion.Ledger.Diagnostics;

/// <summary>The log messages of this project, with event ids from 1000 to 1999. docs/diagnostics.md says what to do about each.</summary>
internal static partial class LedgerLog
{
    [LoggerMessage(1001, LogLevel.Error, "{Service}: {What} failed. The next run repeats it; a run starts every {Interval}")]
    public static partial void PeriodicWorkFailed(this ILogger logger, Exception exception, string service, string what, TimeSpan interval);

    [LoggerMessage(1002, LogLevel.Information, "{Service}: {What} succeeds again, after {Failures} failures")]
    public static partial void PeriodicWorkRecovered(this ILogger logger, string service, string what, int failures);

    [LoggerMessage(1101, LogLevel.Warning, "Hosts are not notified that alerts have changed; their streams find out by polling")]
    public static partial void NotificationsFailed(this ILogger logger, Exception exception);

    [LoggerMessage(
        1201,
        LogLevel.Warning,
        "The schema {Schema} of a tenant that could not be created was not dropped; the next attempt drops it"
    )]
    public static partial void SchemaNotDropped(this ILogger logger, Exception exception, string schema);
}
