using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http.Metadata;

namespace Fluxion.Host.Web;

/// <summary>
/// 413 for a body whose declared length is over the limit, before anything reads it (the server cuts one without, see <see cref="BadRequests"/>);
/// 400 for a NUL in the address, which PostgreSQL cannot keep and so nothing can be named by.
/// </summary>
public sealed class RequestLimits(RequestDelegate next)
{
    public async Task InvokeAsync(HttpContext http)
    {
        if (http.Request.Path.Value?.Contains('\0', StringComparison.Ordinal) == true
            || http.Request.Query.Any(q => q.Key.Contains('\0', StringComparison.Ordinal) || q.Value.Any(v => v?.Contains('\0', StringComparison.Ordinal) == true)))
        {
            await TypedResults.Problem(statusCode: 400, title: "The request is not valid", detail: "The address contains the character NUL (%00).").ExecuteAsync(http);
            return;
        }
        if (http.Request.ContentLength > For(http.GetEndpoint()?.Metadata))
        {
            await TooLarge(http);
            return;
        }
        await next(http);
    }

    /// <summary>In bytes: an endpoint's own limit, or the one of all.</summary>
    public static long For(IEnumerable<object>? endpoint) =>
        endpoint?.OfType<IRequestSizeLimitMetadata>().LastOrDefault()?.MaxRequestBodySize ?? FluxionHost.MaxBodyBytes;

    internal static Task TooLarge(HttpContext http)
    {
        http.Response.Headers.Connection = "close";
        // while an exception is handled the request has no endpoint of its own
        var endpoint = http.GetEndpoint() ?? http.Features.Get<IExceptionHandlerFeature>()?.Endpoint;
        return TypedResults.Problem(statusCode: 413, title: "Body too large",
            detail: $"A body of this request has at most {For(endpoint?.Metadata)} bytes. Split it into several requests.").ExecuteAsync(http);
    }
}
