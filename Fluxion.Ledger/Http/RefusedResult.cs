using Microsoft.Extensions.DependencyInjection;

namespace Fluxion.Ledger.Http;

/// <summary>The form of a refusal for HTTP clients.</summary>
public interface IRefusalFormat
{
    ProblemDetails ToProblem(Refusal refusal);
}

/// <summary>A refusal as the answer of an endpoint.</summary>
public sealed class RefusedResult(Refusal refusal) : IResult
{
    public RefusalKind Kind => refusal.Kind;

    public ProblemDetails ToProblem(HttpContext http) => http.RequestServices.GetRequiredService<IRefusalFormat>().ToProblem(refusal);

    public Task ExecuteAsync(HttpContext httpContext) => TypedResults.Problem(ToProblem(httpContext)).ExecuteAsync(httpContext);
}
