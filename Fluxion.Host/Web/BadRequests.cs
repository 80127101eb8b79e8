using Microsoft.AspNetCore.Diagnostics;

namespace Fluxion.Host.Web;

/// <summary>
/// Errors that the server detects while it receives a body: 413 over the limit, 400 for malformed chunks, 408 when it stalls.
/// </summary>
public sealed class BadRequests : IExceptionHandler
{
    public async ValueTask<bool> TryHandleAsync(HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
    {
        if (exception is not BadHttpRequestException bad)
            return false;
        if (bad.StatusCode == StatusCodes.Status413PayloadTooLarge)
            await RequestLimits.TooLarge(httpContext);
        else
            await TypedResults
                .Problem(statusCode: bad.StatusCode, title: "The request is not valid", detail: bad.Message)
                .ExecuteAsync(httpContext);
        return true;
    }
}
