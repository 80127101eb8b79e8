using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http.Metadata;

namespace Fluxion.Host.Web;

/// <summary>
/// Answers 413 when the declared length of a body exceeds the limit, before the body is read. For a body without a declared length, the
/// server enforces the limit: see <see cref="BadRequests"/>. Answers 400 when the address contains NUL, which PostgreSQL cannot store.
/// </summary>
public sealed class RequestLimits(RequestDelegate next)
{
    public async Task InvokeAsync(HttpContext http)
    {
        if (
            http.Request.Path.Value?.Contains('\0', StringComparison.Ordinal) == true
            || http.Request.Query.Any(q =>
                q.Key.Contains('\0', StringComparison.Ordinal) || q.Value.Any(v => v?.Contains('\0', StringComparison.Ordinal) == true)
            )
        )
        {
            await TypedResults
                .Problem(statusCode: 400, title: "The request is not valid", detail: "The address contains the character NUL (%00).")
                .ExecuteAsync(http);
            return;
        }
        if (http.Request.ContentLength > For(http.GetEndpoint()?.Metadata))
        {
            await TooLarge(http);
            return;
        }
        await next(http);
    }

    /// <summary>The limit in bytes: the endpoint's own, or the general one.</summary>
    public static long For(IEnumerable<object>? endpoint) =>
        endpoint?.OfType<IRequestSizeLimitMetadata>().LastOrDefault()?.MaxRequestBodySize ?? FluxionHost.MaxBodyBytes;

    internal static Task TooLarge(HttpContext http)
    {
        http.Response.Headers.Connection = "close";
        // during exception handling the endpoint is available only through IExceptionHandlerFeature
        var endpoint = http.GetEndpoint() ?? http.Features.Get<IExceptionHandlerFeature>()?.Endpoint;
        return TypedResults
            .Problem(
                statusCode: 413,
                title: "Body too large",
                detail: $"A body of this request has at most {For(endpoint?.Metadata)} bytes. Split it into several requests."
            )
            .ExecuteAsync(http);
    }
}
