using System.Net.Sockets;
using Fluxion.Ledger.Http;
using Fluxion.Ledger.Tenancy;
using Npgsql;

namespace Fluxion.Host.Web;

/// <summary>The reason why a request failed, for its log line, its counter and its client.</summary>
/// <param name="Cause">The cause in one word, for the counter.</param>
/// <param name="Exception">The exception; null when none was thrown.</param>
public sealed record Failure(string Cause, Exception? Exception)
{
    private const int OutOfDisk = 28; // ENOSPC

    /// <summary>The database does not answer.</summary>
    public const string Away = "database_away";

    /// <summary>A fault of the ledger, or of the host's configuration: repeating the request does not help.</summary>
    public const string Fault = "fault";

    /// <summary>The causes of a temporary overload.</summary>
    private static readonly HashSet<string> Busy =
    [
        "pool_exhausted",
        "too_many_connections",
        "deadlock",
        "lock_timeout",
        "statement_timeout",
        "command_timeout",
        "serialization",
        "queue_timeout",
        "host_busy",
    ];

    public bool IsBusy => Busy.Contains(Cause);

    public bool IsFault => Cause is Fault or "unique_violation";

    public PostgresException? Refusal => Innermost<PostgresException>(Exception);

    /// <summary>
    /// The message of the database or its driver, in one line. The exceptions of libraries around it contain the statement.
    /// </summary>
    public string Message =>
        (Refusal?.MessageText ?? Innermost<NpgsqlException>(Exception)?.Message ?? Exception?.Message ?? "").ReplaceLineEndings(" ");

    public static Failure From(Exception exception) => new(CauseOf(exception), exception);

    private static string CauseOf(Exception exception) =>
        exception switch
        {
            NoOwnerException => "no_owner",
            BusyException => "host_busy",
            IOException { HResult: OutOfDisk } => "disk_full",
            _ when Innermost<PostgresException>(exception) is { } refusal => CauseOf(refusal.SqlState),
            _ when Innermost<NpgsqlException>(exception) is { } npgsql => npgsql switch
            {
                { Message: var m } when m.StartsWith("The connection pool has been exhausted", StringComparison.Ordinal) =>
                    "pool_exhausted",
                { InnerException: TimeoutException, Message: var m } when m.Contains("reading from stream", StringComparison.Ordinal) =>
                    "command_timeout",
                _ => Away,
            },
            _ when Innermost<SocketException>(exception) is not null => Away,
            _ when Innermost<TimeoutException>(exception) is not null => "queue_timeout",
            _ => Fault,
        };

    private static string CauseOf(string sqlState) =>
        sqlState switch
        {
            PostgresErrorCodes.DeadlockDetected => "deadlock",
            PostgresErrorCodes.LockNotAvailable => "lock_timeout",
            PostgresErrorCodes.QueryCanceled => "statement_timeout",
            PostgresErrorCodes.SerializationFailure => "serialization",
            PostgresErrorCodes.TooManyConnections => "too_many_connections",
            PostgresErrorCodes.UniqueViolation => "unique_violation",
            PostgresErrorCodes.DiskFull => "disk_full",
            PostgresErrorCodes.ReadOnlySqlTransaction => "read_only",
            ['5', '3', ..] => "out_of_resources",
            ['5', '7', 'P', ..] or ['0', '8', ..] or ['2', '8', ..] or PostgresErrorCodes.InvalidCatalogName => Away,
            _ => Fault,
        };

    private static T? Innermost<T>(Exception? exception)
        where T : Exception => exception is null ? null : Innermost<T>(exception.InnerException) ?? exception as T;
}
