using Fluxion.Ledger.Time;

namespace Fluxion.Ledger.Stock;

/// <summary>Changes the expiry of a reservation; the held goods stay the same.</summary>
[Example("""{"expiresAt":null}""")]
public sealed record ExtendReservation(
    [property: Description("Time of expiry, with offset from UTC: in the future, at most 90 days from now. Default: 24 hours from now")]
        DateTimeOffset? ExpiresAt = null
)
{
    public sealed class Validator : AbstractValidator<ExtendReservation>
    {
        public Validator(TimeProvider clock) => RuleFor(c => c.ExpiresAt).Expiry(clock);
    }
}

public static class ExtendReservationEndpoint
{
    /// <param name="now">The ledger's time.</param>
    public static Decision Decide(ExtendReservation command, Reservation reservation, DateTimeOffset now) =>
        StockRefusals.WrongState(reservation, "extend") is { } wrongState
            ? wrongState
            : Decision.Accept(
                DocumentEvents.Of<Reservation>(
                    reservation.Id,
                    new ReservationExtended(Timestamps.ToMicroseconds(command.ExpiresAt ?? now + ReserveStock.DefaultDuration))
                )
            );

    [
        WolverinePost("/api/{tenant}/stock/reservations/{id}/extend", Name = "Extend reservation"),
        Authorize(Roles.User),
        Tags("Stock"),
        MovesStockOrMoney
    ]
    [EndpointSummary("Change the expiry of a reservation")]
    [EndpointDescription(
        "The new expiry may be later or sooner. "
            + "Refused with 404: an unknown reservation; 403: goods held in a store that is not yours; "
            + "409: a reservation that is fulfilled, released or expired; "
            + "400: an expiry in the past or more than 90 days away."
    )]
    [ProducesResponseType<ReservationReceipt>(200)]
    public static Task<IResult> Post(string id, ExtendReservation command, LedgerSession ledger, HttpContext http) =>
        ledger.Run(
            http,
            command,
            async ct =>
            {
                var (reservation, problem) = await Reservations.Lock(ledger, id, ct);
                if (reservation is null)
                    return problem!;
                return await ledger.Append(
                    Decide(command, reservation, ledger.Now),
                    async stock =>
                    {
                        await Reservations.Reschedule(ledger, reservation);
                        return Reply.Ok(ReservationReceipt.From(ledger, reservation.Id, stock));
                    }
                );
            }
        );
}
