using Fluxion.Ledger.Decisions;
using Fluxion.Ledger.Http;
using Microsoft.AspNetCore.Mvc;

namespace Fluxion.Host.Web;

/// <summary>Converts refusals to RFC 9457 problem details. Only this class knows the HTTP status of each kind.</summary>
public sealed class RefusalProblems : IRefusalFormat
{
    public ProblemDetails ToProblem(Refusal refusal)
    {
        var problem = new ProblemDetails
        {
            Status = StatusOf(refusal.Kind),
            Title = refusal.Title,
            Detail = refusal.Message,
        };
        Add("errors", refusal.Fields);
        Add("shortages", refusal.Shortages);
        Add("existing", refusal.Existing);
        Add("conflicts", refusal.Conflicts);
        Add("open", refusal.Open);
        return problem;

        void Add(string member, object? value)
        {
            if (value is not null)
                problem.Extensions[member] = value;
        }
    }

    private static int StatusOf(RefusalKind kind) =>
        kind switch
        {
            RefusalKind.Invalid => StatusCodes.Status400BadRequest,
            RefusalKind.Forbidden => StatusCodes.Status403Forbidden,
            RefusalKind.NotFound => StatusCodes.Status404NotFound,
            RefusalKind.Conflict => StatusCodes.Status409Conflict,
            RefusalKind.UnsupportedMediaType => StatusCodes.Status415UnsupportedMediaType,
            RefusalKind.KeyReused => StatusCodes.Status422UnprocessableEntity,
            RefusalKind.TooManyStreams => StatusCodes.Status429TooManyRequests,
            RefusalKind.Unavailable => StatusCodes.Status503ServiceUnavailable,
            _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "This kind of refusal has no status."),
        };
}
