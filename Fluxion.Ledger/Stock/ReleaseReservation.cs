using Fluxion.Ledger.Access;
using Fluxion.Ledger.Catalog;
using Fluxion.Ledger.Http;
using Fluxion.Ledger.Session;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Wolverine.Http;

namespace Fluxion.Ledger.Stock;

public static class ReleaseReservationEndpoint
{
    [
        WolverinePost("/api/{tenant}/stock/reservations/{id}/release", Name = "Release reservation"),
        Authorize(Roles.User),
        Tags("Stock"),
        MovesStockOrMoney
    ]
    [EndpointSummary("Make what a reservation still holds available again")]
    [EndpointDescription(
        "Refused: 404 for a reservation that does not exist, 403 when it holds anything in a store that is not yours, 409 when it is fulfilled, released or expired already."
    )]
    [ProducesResponseType<ReservationReceipt>(200)]
    public static Task<IResult> Post(string id, [NotBody] LedgerSession ledger, HttpContext http) =>
        ledger.Run(
            http,
            id,
            async ct =>
            {
                var (reservation, problem) = await ChangeReservationEndpoints.Lock(ledger, id, "release", ct);
                if (reservation is null)
                    return problem!;
                var (released, stock) = await Close(ledger, reservation, new ReservationReleased(), ct);
                return Reply.Ok(ReservationReceipt.From(ledger, released, stock));
            }
        );

    /// <summary>
    /// Ends a locked reservation: all goods that it holds are available again. No stock moves, so the store may be deactivated by now.
    /// </summary>
    internal static async Task<(Reservation Reservation, IReadOnlyList<StockLevel> Stock)> Close(
        LedgerSession ledger,
        Reservation reservation,
        object ended,
        CancellationToken ct
    )
    {
        var stores = await ledger.Find<Store>(reservation.Held.Select(line => line.StoreId.ToString()), ct);
        var products = await ledger.Find<Product>(reservation.Held.Select(line => line.ProductId.ToString()), ct);
        var (lockedStock, _) = await StockLedger.Lock(
            ledger,
            [
                .. reservation.Held.Select(line => new LockedStock(
                    stores[line.StoreId.ToString()],
                    products[line.ProductId.ToString()],
                    null
                )),
            ],
            ledger.ResolveOccurrence(null),
            counting: false,
            ct
        );
        // the refusal is ignored: adding to available never causes a shortage
        var (outcome, _) = StockLedger.Append(
            ledger,
            lockedStock,
            StockDecider.Decide(reservation.Release(lockedStock, reservation.Rest()))
        );
        return (ledger.Append<Reservation>(reservation.Id, ended), outcome.Stock);
    }
}
