using System.Net.Sockets;
using Fluxion.Ledger.Http;
using Fluxion.Ledger.Tenancy;
using Npgsql;

namespace Fluxion.Host.Web;

/// <summary>Why a request could not be answered: for its log line, its counter and its client.</summary>
/// <param name="Cause">A word for the counter.</param>
/// <param name="Exception">Null when nothing was thrown.</param>
public sealed record Failure(string Cause, Exception? Exception)
{
    private const int OutOfDisk = 28; // ENOSPC

    /// <summary>The database does not answer.</summary>
    public const string Away = "database_away";

    /// <summary>A fault of ours, or of whoever configured the host: repeating the request does not help.</summary>
    public const string Fault = "fault";

    /// <summary>More is asked for than can be done at the moment.</summary>
    private static readonly HashSet<string> Busy =
        ["pool_exhausted", "too_many_connections", "deadlock", "lock_timeout", "statement_timeout", "command_timeout", "serialization", "turn_timeout", "host_busy"];

    public bool IsBusy => Busy.Contains(Cause);

    public bool IsFault => Cause is Fault or "unique_violation";

    public PostgresException? Refusal => Innermost<PostgresException>(Exception);

    /// <summary>What the database or its driver says, in one line; what libraries make of it has the statement in it.</summary>
    public string Message => (Refusal?.MessageText ?? Innermost<NpgsqlException>(Exception)?.Message ?? Exception?.Message ?? "").ReplaceLineEndings(" ");

    public static Failure From(Exception exception) => new(CauseOf(exception), exception);

    private static string CauseOf(Exception exception) => exception switch
    {
        NoOwnerException => "no_owner",
        BusyException => "host_busy",
        IOException { HResult: OutOfDisk } => "disk_full",
        _ when Innermost<PostgresException>(exception) is { } refusal => CauseOf(refusal.SqlState),
        _ when Innermost<NpgsqlException>(exception) is { } npgsql => npgsql switch
        {
            { Message: var m } when m.StartsWith("The connection pool has been exhausted", StringComparison.Ordinal) => "pool_exhausted",
            { InnerException: TimeoutException, Message: var m } when m.Contains("reading from stream", StringComparison.Ordinal) => "command_timeout",
            _ => Away,
        },
        _ when Innermost<SocketException>(exception) is not null => Away,
        _ when Innermost<TimeoutException>(exception) is not null => "turn_timeout",
        _ => Fault,
    };

    private static string CauseOf(string sqlState) => sqlState switch
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

    private static T? Innermost<T>(Exception? exception) where T : Exception =>
        exception is null ? null : Innermost<T>(exception.InnerException) ?? exception as T;
}
