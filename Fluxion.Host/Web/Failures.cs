using System.Diagnostics;
using System.Globalization;
using Fluxion.Host.Diagnostics;
using Fluxion.Ledger.Decisions;
using Fluxion.Ledger.Diagnostics;
using Fluxion.Ledger.Http;
using Fluxion.Ledger.Session;
using Microsoft.AspNetCore.Diagnostics;

namespace Fluxion.Host.Web;

/// <summary>
/// Maps an exception to a response. The status is 503 when the database is not available, out of resources or read-only. It is also 503
/// when the database or this host is overloaded. It is 500 for a fault of the ledger. A 503 has Retry-After, unless this host has no
/// owner's connection. The client does not know whether a request in progress was applied. It finds out when it repeats the request with
/// the same Idempotency-Key.
/// </summary>
public sealed class Failures : IExceptionHandler
{
    private const int RetryAfter = 5;

    public async ValueTask<bool> TryHandleAsync(HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
    {
        var failure = Failure.From(exception);
        httpContext.Features.Set(failure); // FailureLog logs it
        var request = httpContext.Request;
        var again =
            !HttpMethods.IsGet(request.Method) && request.Headers.ContainsKey(IdempotencyKey.Header)
                ? "Repeat the request with the same Idempotency-Key: it is applied once."
                : "Repeat the request.";
        if (exception is BusyException busy)
        {
            await Admission.TooMany(httpContext, busy.What, (int)busy.RetryAfter.TotalSeconds, StatusCodes.Status503ServiceUnavailable);
            return true;
        }
        var (status, title, detail) = failure.Cause switch
        {
            "no_owner" => (503, "Not on this host", exception.Message),
            Failure.Away => (503, "Database away", $"The database does not answer at the moment. {again}"),
            "disk_full" or "out_of_resources" => (
                503,
                "Out of resources",
                $"The database or this host has no disk space or memory left; the log of the host names the cause. {again}"
            ),
            "read_only" => (503, "Read-only", $"The database accepts no changes at the moment. {again}"),
            _ when failure.IsBusy => (503, "Busy", $"The load is too high at the moment: the request waited too long for others. {again}"),
            _ => (
                500,
                "Internal error",
                "This is a fault of the ledger. The log of the host has its cause under the traceId of this answer."
            ),
        };
        if (status == StatusCodes.Status503ServiceUnavailable && failure.Cause != "no_owner")
            httpContext.Response.Headers.RetryAfter = RetryAfter.ToString(CultureInfo.InvariantCulture);
        await TypedResults
            .Problem(
                statusCode: status,
                title: title,
                detail: detail,
                extensions: status == 500 ? new Dictionary<string, object?> { ["traceId"] = TraceId(httpContext) } : null
            )
            .ExecuteAsync(httpContext);
        return true;
    }

    internal static string TraceId(HttpContext http) => Activity.Current?.Id ?? http.TraceIdentifier;
}

/// <summary>Logs and counts every response with a status of 500 or more, with its cause. Health checks are excepted.</summary>
public sealed class FailureLog(RequestDelegate next, ILogger<FailureLog> logger)
{
    public async Task InvokeAsync(HttpContext http)
    {
        await next(http);
        if (
            http.Response.StatusCode < StatusCodes.Status500InternalServerError
            || http.Request.Path.StartsWithSegments("/health", StringComparison.Ordinal)
        )
            return;
        var failure = http.Features.Get<Failure>() ?? new Failure("refused", null);
        var refusal = failure.Refusal;
        Instruments.Failures.Add(1, new("cause", failure.Cause), new("sqlstate", refusal?.SqlState ?? ""));
        var (method, path, status, trace) = (
            http.Request.Method,
            Refusal.Shorten(http.Request.Path.ToUriComponent()),
            http.Response.StatusCode,
            Failures.TraceId(http)
        );
        if (failure.IsFault)
            logger.RequestFailed(failure.Exception, method, path, status, failure.Cause, refusal?.SqlState, refusal?.ConstraintName, trace);
        else if (failure.Cause == Failure.Away)
            logger.DatabaseAway(method, path, status, failure.Message, trace);
        else if (failure.Exception is not null)
            logger.DatabaseBusy(method, path, status, failure.Cause, refusal?.SqlState, failure.Message, trace);
        else
            logger.RequestRefused(method, path, status, trace);
    }
}
