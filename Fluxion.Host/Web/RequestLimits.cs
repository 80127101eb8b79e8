using Microsoft.AspNetCore.Http.Features;

namespace Fluxion.Host.Web;

/// <summary>
/// 413 for a body over the limit, whether its length is declared or not, before anything reads it;
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
        if (http.Request.ContentLength > FluxionHost.MaxBodyBytes)
        {
            await TooLarge(http);
            return;
        }
        // a chunked body has no declared length: it is read here, so that the reader of the JSON does not take the cut for bad JSON
        if (http.Request.ContentLength is null && http.Features.Get<IHttpRequestBodyDetectionFeature>()?.CanHaveBody == true)
        {
            var body = new MemoryStream();
            var buffer = new byte[16 * 1024];
            int read;
            while ((read = await http.Request.Body.ReadAsync(buffer, http.RequestAborted)) > 0)
            {
                if (body.Length + read > FluxionHost.MaxBodyBytes)
                {
                    await TooLarge(http);
                    return;
                }
                body.Write(buffer, 0, read);
            }
            body.Position = 0;
            http.Request.Body = body;
        }
        await next(http);
    }

    internal static Task TooLarge(HttpContext http)
    {
        http.Response.Headers.Connection = "close";
        return TypedResults.Problem(statusCode: 413, title: "Body too large",
            detail: $"A request body has at most {FluxionHost.MaxBodyBytes} bytes. Split it into several requests.").ExecuteAsync(http);
    }
}
