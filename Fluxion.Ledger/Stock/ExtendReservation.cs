using Fluxion.Ledger.Access;
using Fluxion.Ledger.Http;
using Fluxion.Ledger.Time;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Wolverine.Http;

namespace Fluxion.Ledger.Stock;

/// <summary>Changes the expiry of a reservation; the held goods stay the same.</summary>
[Example("""{"expiresAt":null}""")]
public sealed record ExtendReservation(
    [property: Description("Until when, with its offset from UTC: in the future, at most 90 days; 24 hours from now when left out")]
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
    [EndpointSummary("Hold the same until another time, later or sooner")]
    [EndpointDescription(
        "Refused: 404 for a reservation that does not exist, 403 when it holds anything in a store that is not yours, 409 when it is fulfilled, released "
            + "or expired already, 400 for an expiry that is past or too far away."
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
