namespace Fluxion.Host.Diagnostics;

/// <summary>The log messages of this project, with event ids from 3000 to 3999. docs/diagnostics.md says what to do about each.</summary>
internal static partial class HostLog
{
    [LoggerMessage(
        3101,
        LogLevel.Error,
        "{Method} {Path} was answered with {Status}: {Cause}, SQLSTATE {SqlState}, constraint {Constraint} (trace {TraceId})"
    )]
    public static partial void RequestFailed(
        this ILogger logger,
        Exception? exception,
        string method,
        string path,
        int status,
        string cause,
        string? sqlState,
        string? constraint,
        string traceId
    );

    [LoggerMessage(
        3102,
        LogLevel.Warning,
        "{Method} {Path} was answered with {Status}: the database is not available, {Message} (trace {TraceId})"
    )]
    public static partial void DatabaseAway(this ILogger logger, string method, string path, int status, string message, string traceId);

    [LoggerMessage(
        3103,
        LogLevel.Warning,
        "{Method} {Path} was answered with {Status}: {Cause}, SQLSTATE {SqlState}, {Message} (trace {TraceId})"
    )]
    public static partial void DatabaseBusy(
        this ILogger logger,
        string method,
        string path,
        int status,
        string cause,
        string? sqlState,
        string message,
        string traceId
    );

    [LoggerMessage(3104, LogLevel.Warning, "{Method} {Path} was answered with {Status} (trace {TraceId})")]
    public static partial void RequestRefused(this ILogger logger, string method, string path, int status, string traceId);

    [LoggerMessage(3201, LogLevel.Warning, "Busy: too many {What} at once, a request of {Caller} was refused")]
    public static partial void HostBusy(this ILogger logger, string what, string caller);

    [LoggerMessage(
        3301,
        LogLevel.Warning,
        "ConnectionStrings__Fluxion connects as '{Role}', which {Why}: outside Development the host would not start"
    )]
    public static partial void ServiceRoleTooStrong(this ILogger logger, string role, string why);

    [LoggerMessage(3302, LogLevel.Error, "Wrong setting of the tenant {Tenant}, retention drops nothing by it: {Error}")]
    public static partial void TenantSettingsWrong(this ILogger logger, string tenant, string error);

    [LoggerMessage(3303, LogLevel.Warning, "The demo tenant was not created: {Reason}")]
    public static partial void DemoTenantNotMade(this ILogger logger, string reason);

    [LoggerMessage(3304, LogLevel.Error, "{Tenant} is not up to date and is not served: {Reason}")]
    public static partial void TenantNotMigrated(this ILogger logger, string tenant, string? reason);

    [LoggerMessage(3401, LogLevel.Information, "Retention: dropped {Chunks} old chunks of {Schema}.{Table}")]
    public static partial void ChunksDropped(this ILogger logger, string schema, string table, int chunks);

    [LoggerMessage(3402, LogLevel.Information, "Retention: deleted {Keys} expired idempotency keys of {Schema}")]
    public static partial void KeysDeleted(this ILogger logger, string schema, long keys);

    [LoggerMessage(3403, LogLevel.Information, "Retention does not run on this node, which has no ConnectionStrings__FluxionOwner")]
    public static partial void RetentionElsewhere(this ILogger logger);

    [LoggerMessage(3501, LogLevel.Warning, "{Difference}")]
    public static partial void ClockOff(this ILogger logger, string difference);

    [LoggerMessage(3502, LogLevel.Information, "The clock of this host shows the same time as the database's again")]
    public static partial void ClockRight(this ILogger logger);
}
