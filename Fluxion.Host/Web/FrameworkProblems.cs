using System.Text.Json;
using Fluxion.Ledger.Decisions;
using Fluxion.Ledger.Http;
using Microsoft.AspNetCore.Diagnostics;

namespace Fluxion.Host.Web;

/// <summary>What router and binder refuse by themselves, told as the API tells its own problems.</summary>
public sealed class FrameworkProblems : IProblemDetailsWriter
{
    /// <summary>Behind the framework's own writer: a client that accepts no JSON is told what is wrong in JSON all the same.</summary>
    public bool CanWrite(ProblemDetailsContext context) => true;

    public async ValueTask WriteAsync(ProblemDetailsContext context)
    {
        NameTheField(context);
        await context.HttpContext.Response.WriteAsJsonAsync(context.ProblemDetails, null as JsonSerializerOptions, "application/problem+json", context.HttpContext.RequestAborted);
    }

    /// <summary>The statuses that come without a body.</summary>
    public static Task Explain(StatusCodeContext context)
    {
        var http = context.HttpContext;
        IResult problem = http.Response.StatusCode switch
        {
            404 => new RefusedResult(Refusal.NotFound("There is nothing at this address. The reference is at /docs.")),
            405 => TypedResults.Problem(statusCode: 405, detail: $"This address takes only the methods in the header Allow: {http.Response.Headers.Allow}."),
            415 => new RefusedResult(Refusal.NoJson),
            var status => TypedResults.Problem(statusCode: status),
        };
        return problem.ExecuteAsync(http);
    }

    /// <summary>A value in the query of which Wolverine can make nothing is named in errors, as every wrong field is.</summary>
    public static void NameTheField(ProblemDetailsContext context)
    {
        var problem = context.ProblemDetails;
        if (problem is not { Title: "Invalid query string value", Detail: { } detail } || problem.Extensions["parameter"] is not string parameter) return;
        var named = Refusal.Invalid(parameter, detail[(detail.LastIndexOf(' ') + 1)..] switch
        {
            "int" => "must be a whole number",
            "bool" => "must be true or false",
            "System.Guid" => "must be an id, a UUID",
            _ => "must be of another type",
        });
        (problem.Title, problem.Detail) = (named.Title, named.Message);
        problem.Extensions.Remove("parameter");
        problem.Extensions["errors"] = named.Fields;
    }
}
