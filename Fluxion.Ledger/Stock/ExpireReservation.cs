using Fluxion.Ledger.Tenancy;
using Marten;
using Wolverine;

namespace Fluxion.Ledger.Stock;

/// <summary>
/// Message: a reservation may have expired. It is scheduled in the transaction that opens the reservation, or that moves its expiry to an
/// earlier time.
/// </summary>
public sealed record ExpireReservation(Guid ReservationId);

public static class ExpireReservationHandler
{
    /// <summary>
    /// Runs in the tenant of the message. It does nothing unless the reservation is open. It reschedules itself until the expiry has passed
    /// by the ledger's clock. So the message may be delivered more than once, or too early by a host whose clock is ahead.
    /// </summary>
    public static async Task Handle(
        ExpireReservation message,
        IDocumentSession session,
        IMessageContext context,
        TenantRegistry registry,
        CancellationToken ct
    )
    {
        var tenant = registry.Get(
            Guid.Parse(context.TenantId ?? throw new InvalidOperationException("A reservation expires in a tenant."))
        );
        var ledger = new LedgerSession(session, tenant, Caller.System(tenant), context);
        await ledger.Handle<ExpireReservation>(() => Expire(message, ledger, ct));
    }

    private static async Task Expire(ExpireReservation message, LedgerSession ledger, CancellationToken ct)
    {
        await ledger.Begin(ct);
        if (await ledger.Lock<Reservation>(message.ReservationId, ct) is not { } reservation)
            return;
        if (!Reservation.Allowed["expire"].Contains(reservation.Status))
            return;
        if (reservation.ExpiresAt > ledger.Now)
            await ledger.Schedule(message, reservation.ExpiresAt);
        else if (ledger.Append(Decide(reservation, await ReleaseReservationEndpoint.LockHeldStock(ledger, reservation, ct))) is { } refusal)
            throw new InvalidOperationException($"The reservation {reservation.Id} does not expire: {refusal.Message}");
        await ledger.Commit(ct);
    }

    /// <param name="lockedStock">Stock of all held lines.</param>
    public static Decision Decide(Reservation reservation, IReadOnlyList<LockedStock> lockedStock) =>
        ReleaseReservationEndpoint.Close(reservation, lockedStock, new ReservationExpired());
}
