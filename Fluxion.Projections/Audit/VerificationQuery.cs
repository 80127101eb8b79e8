using Fluxion.Ledger.Decisions;
using Fluxion.Ledger.Http;

namespace Fluxion.Projections.Audit;

public static class VerificationQuery
{
    public const string HashForm = "must be the hash of a seal: 64 hexadecimal digits";

    [
        WolverineGet("/api/{tenant}/audit/verification", Name = "Verify the ledger"),
        Authorize(Roles.Manager),
        Tags("Audit"),
        HeavyWork(HeavyWork.Verification)
    ]
    [EndpointSummary("Verify the events against the seals")]
    [EndpointDescription(
        "The answer says whether all events are as sealed. "
            + "Otherwise it names the first event that was changed, removed, inserted or reordered, and the seal after which it happened. "
            + "expect: the hash of a seal that was published elsewhere; the chain must contain it. "
            + "The host reads all events, for one tenant at a time. "
            + "For millions of events use the command 'verify', which shows its progress."
    )]
    [ProducesResponseType<Verification>(200)]
    public static async Task<IResult> Get(string? expect, HttpContext http, Verifier verifier)
    {
        var hash = Hash(expect);
        if (expect is not null && hash is null)
            return new RefusedResult(Refusal.Invalid("expect", HashForm));
        return TypedResults.Ok(await verifier.Verify(http.Features.Get<Tenant>()!, hash, null, http.RequestAborted));
    }

    /// <summary>The bytes of a hash in hexadecimal digits; null if the text is not a hash.</summary>
    public static byte[]? Hash(string? text) =>
        text is { Length: 64 } && text.All(char.IsAsciiHexDigit) ? Convert.FromHexString(text) : null;
}
