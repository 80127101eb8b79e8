using Fluxion.Ledger.Access;
using Fluxion.Ledger.Session;
using Fluxion.Ledger.Tenancy;
using Marten;
using Wolverine;

namespace Fluxion.Ledger.Stock;

/// <summary>The time of a reservation may be over: scheduled in the transaction that opens it.</summary>
public sealed record ExpireReservation(Guid ReservationId);

public static class ExpireReservationHandler
{
    /// <summary>
    /// In the tenant that the message came from. Does nothing unless the reservation is open, and waits on when its time is not over by the
    /// ledger's clock; so it may be delivered more than once, and too early by a host whose clock is ahead.
    /// </summary>
    public static async Task Handle(
        ExpireReservation message, IDocumentSession session, IMessageContext context, TenantRegistry registry, CancellationToken ct)
    {
        var tenant = registry.Get(Guid.Parse(context.TenantId ?? throw new InvalidOperationException("A reservation expires in a tenant.")));
        var ledger = new LedgerSession(session, tenant, Caller.System(tenant), context);
        await ledger.Begin(ct);
        if (await ledger.Lock<Reservation>(message.ReservationId, ct) is not { } reservation) return;
        if (!Reservation.Allowed["expire"].Contains(reservation.Status)) return;
        if (reservation.ExpiresAt > ledger.Now) await ledger.Schedule(message, reservation.ExpiresAt);
        else await ReleaseReservationEndpoint.Close(ledger, reservation, new ReservationExpired(), ct);
        await ledger.Commit(ct);
    }
}
