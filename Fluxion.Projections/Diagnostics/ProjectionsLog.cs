using Microsoft.Extensions.Logging;

namespace Fluxion.Projections.Diagnostics;

/// <summary>The log messages of this project, with event ids from 2000 to 2999. docs/diagnostics.md says what to do about each.</summary>
internal static partial class ProjectionsLog
{
    [LoggerMessage(2001, LogLevel.Debug, "{Tenant} is sealed up to {Sequence}: seal {Number}, {Hash}")]
    public static partial void Sealed(this ILogger logger, string tenant, long sequence, long number, string hash);

    [LoggerMessage(
        2101,
        LogLevel.Warning,
        "No connection listens for notifications, streams poll every {PollInterval}; again in {RetryAfter}"
    )]
    public static partial void NotListening(this ILogger logger, Exception exception, TimeSpan pollInterval, TimeSpan retryAfter);

    [LoggerMessage(2102, LogLevel.Warning, "{What} cannot be read for open streams; tried again every {PollInterval}")]
    public static partial void StreamsNotRead(this ILogger logger, Exception exception, string what, TimeSpan pollInterval);

    [LoggerMessage(2201, LogLevel.Error, "A replay of {Tenant} failed")]
    public static partial void ReplayFailed(this ILogger logger, Exception exception, string tenant);

    [LoggerMessage(2202, LogLevel.Error, "The result of the replay {Id} of {Tenant} could not be stored")]
    public static partial void ReplayNotStored(this ILogger logger, Exception exception, Guid id, string tenant);

    [LoggerMessage(2203, LogLevel.Warning, "The schema {Shadow} could not be dropped; the next replay that needs it drops it")]
    public static partial void ShadowNotDropped(this ILogger logger, Exception exception, string shadow);
}
