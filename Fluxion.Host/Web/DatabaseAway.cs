using System.Net.Sockets;
using Fluxion.Ledger.Tenancy;
using Microsoft.AspNetCore.Diagnostics;
using Npgsql;

namespace Fluxion.Host.Web;

/// <summary>
/// 503 with Retry-After when the database is away or overloaded. What was in flight is undecided for the client: with its
/// Idempotency-Key it repeats the request and learns. 503 without it for what this host may not do in the database.
/// </summary>
public sealed class DatabaseAway : IExceptionHandler
{
    private const int RetryAfterSeconds = 5;

    public async ValueTask<bool> TryHandleAsync(HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
    {
        if (exception is NoOwnerException)
        {
            await TypedResults.Problem(statusCode: 503, title: "Not on this host", detail: exception.Message).ExecuteAsync(httpContext);
            return true;
        }
        if (!IsAway(exception)) return false;
        httpContext.Response.Headers.RetryAfter = RetryAfterSeconds.ToString(System.Globalization.CultureInfo.InvariantCulture);
        await TypedResults.Problem(statusCode: 503, title: "Database away",
            detail: $"The database does not answer at the moment. Repeat the request{(HttpMethods.IsGet(httpContext.Request.Method) ? "." : " with the same Idempotency-Key: it is applied once.")}").ExecuteAsync(httpContext);
        return true;
    }

    private static bool IsAway(Exception? exception) => exception switch
    {
        null => false,
        PostgresException
        {
            SqlState: PostgresErrorCodes.AdminShutdown or PostgresErrorCodes.CrashShutdown or PostgresErrorCodes.CannotConnectNow
            or PostgresErrorCodes.TooManyConnections or PostgresErrorCodes.LockNotAvailable or PostgresErrorCodes.QueryCanceled
            or PostgresErrorCodes.DeadlockDetected
        } => true,
        PostgresException => false,
        NpgsqlException or SocketException or TimeoutException => true,
        _ => IsAway(exception.InnerException),
    };
}
