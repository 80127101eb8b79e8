namespace Fluxion.Ledger.Stock;

/// <summary>Loads reservations for commands, and schedules their expiry.</summary>
public static class Reservations
{
    /// <summary>
    /// Locks a reservation, before the stock that it holds. Returns the refusal when it does not exist, or holds stock of a store that the
    /// caller may not use.
    /// </summary>
    public static async Task<(Reservation? Reservation, Refusal? Problem)> Lock(LedgerSession ledger, string id, CancellationToken ct)
    {
        if (!Guid.TryParse(id, out var guid) || await ledger.Lock<Reservation>(guid, ct) is not { } reservation)
            return (null, Refusal.NotFound("reservation", "id", id));
        return
            !reservation.Lines.Any(line => ledger.Caller.MayUse(line.StoreId))
            || reservation.Held.Any(line => !ledger.Caller.MayUse(line.StoreId))
            ? (null, StockRefusals.ReservationNotYours)
            : (reservation, null);
    }

    /// <summary>
    /// Schedules another message when the new expiry is earlier. When it is later, the scheduled message reschedules itself.
    /// </summary>
    /// <param name="before">The reservation before the command.</param>
    public static async Task Reschedule(LedgerSession ledger, Reservation before)
    {
        var expiresAt = ledger.State<Reservation>(before.Id).ExpiresAt;
        if (expiresAt < before.ExpiresAt)
            await ledger.Schedule(new ExpireReservation(before.Id), expiresAt);
    }
}
