using Fluxion.Ledger.Tenancy;
using Marten;
using Wolverine;

namespace Fluxion.Ledger.Http;

/// <summary>
/// Gives each endpoint with a parameter <see cref="LedgerSession"/> its session, on Wolverine's Marten session of the tenant.
/// </summary>
public static class LedgerSessionMiddleware
{
    public static LedgerSession Before(IDocumentSession session, IMessageBus messages, HttpContext http) =>
        new(
            session,
            http.Features.Get<Tenant>() ?? throw new InvalidOperationException("The route has no {tenant}."),
            Caller.From(http),
            messages
        );
}
