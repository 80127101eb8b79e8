using System.Text.Json;
using Fluxion.Ledger.Decisions;
using Fluxion.Ledger.Http;
using Microsoft.AspNetCore.Diagnostics;

namespace Fluxion.Host.Web;

/// <summary>Rewrites errors of the router and of model binding in the form of the API's own problem details.</summary>
public sealed class FrameworkProblems : IProblemDetailsWriter
{
    /// <summary>
    /// True for every client. It runs after the framework's own writer, so even a client that does not accept JSON gets a problem as JSON.
    /// </summary>
    public bool CanWrite(ProblemDetailsContext context) => true;

    public async ValueTask WriteAsync(ProblemDetailsContext context)
    {
        NameTheField(context);
        await context.HttpContext.Response.WriteAsJsonAsync(
            context.ProblemDetails,
            null as JsonSerializerOptions,
            "application/problem+json",
            context.HttpContext.RequestAborted
        );
    }

    /// <summary>Adds a body to statuses that the framework sends without one.</summary>
    public static Task Explain(StatusCodeContext context)
    {
        var http = context.HttpContext;
        IResult problem = http.Response.StatusCode switch
        {
            404 => new RefusedResult(Refusal.NotFound("There is nothing at this address. The reference is at /docs.")),
            405 => TypedResults.Problem(
                statusCode: 405,
                detail: $"This address accepts only the methods in the header Allow: {http.Response.Headers.Allow}."
            ),
            415 => new RefusedResult(Refusal.NoJson),
            var status => TypedResults.Problem(statusCode: status),
        };
        return problem.ExecuteAsync(http);
    }

    /// <summary>Adds a query parameter that Wolverine cannot parse to <c>errors</c>, like every field that is not valid.</summary>
    public static void NameTheField(ProblemDetailsContext context)
    {
        var problem = context.ProblemDetails;
        if (
            problem is not { Title: "Invalid query string value", Detail: { } detail }
            || problem.Extensions["parameter"] is not string parameter
        )
            return;
        var named = Refusal.Invalid(
            parameter,
            detail[(detail.LastIndexOf(' ') + 1)..] switch
            {
                "int" => "must be a whole number",
                "bool" => "must be true or false",
                "System.Guid" => "must be an id, a UUID",
                _ => "must be of another type",
            }
        );
        (problem.Title, problem.Detail) = (named.Title, named.Message);
        problem.Extensions.Remove("parameter");
        problem.Extensions["errors"] = named.Fields;
    }
}
