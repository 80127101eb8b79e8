using Fluxion.Ledger.Catalog;

namespace Fluxion.Ledger.Stock;

public static class ReleaseReservationEndpoint
{
    /// <summary>All goods that the reservation holds are available again. No stock moves, so the store may be deactivated by now.</summary>
    /// <param name="lockedStock">Stock of all held lines.</param>
    public static Decision Decide(Reservation reservation, IReadOnlyList<LockedStock> lockedStock) =>
        StockRefusals.WrongState(reservation, "release") is { } wrongState
            ? wrongState
            : Close(reservation, lockedStock, new ReservationReleased());

    /// <param name="ended">The event that ends the reservation.</param>
    internal static Decision Close(Reservation reservation, IReadOnlyList<LockedStock> lockedStock, object ended) =>
        StockDecider
            .Decide(lockedStock, reservation.Release(lockedStock, reservation.Rest()))
            .With(DocumentEvents.Of<Reservation>(reservation.Id, ended));

    [
        WolverinePost("/api/{tenant}/stock/reservations/{id}/release", Name = "Release reservation"),
        Authorize(Roles.User),
        Tags("Stock"),
        MovesStockOrMoney
    ]
    [EndpointSummary("Release a reservation")]
    [EndpointDescription(
        "The goods that it still holds are available again. "
            + "Refused with 404: an unknown reservation; 403: goods held in a store that is not yours; "
            + "409: a reservation that is fulfilled, released or expired."
    )]
    [ProducesResponseType<ReservationReceipt>(200)]
    public static Task<IResult> Post(string id, [NotBody] LedgerSession ledger, HttpContext http) =>
        ledger.Run(
            http,
            id,
            async ct =>
            {
                var (reservation, problem) = await Reservations.Lock(ledger, id, ct);
                if (reservation is null)
                    return problem!;
                return ledger.Append(
                    Decide(reservation, await LockHeldStock(ledger, reservation, ct)),
                    stock => Reply.Ok(ReservationReceipt.From(ledger, reservation.Id, stock))
                );
            }
        );

    internal static async Task<IReadOnlyList<LockedStock>> LockHeldStock(
        LedgerSession ledger,
        Reservation reservation,
        CancellationToken ct
    )
    {
        var stores = await ledger.Find<Store>(reservation.Held.Select(line => line.StoreId.ToString()), ct);
        var products = await ledger.Find<Product>(reservation.Held.Select(line => line.ProductId.ToString()), ct);
        var held = reservation.Held.Select(line => new LockedStock(
            stores[line.StoreId.ToString()],
            products[line.ProductId.ToString()],
            null
        ));
        var (lockedStock, _) = await StockLedger.Lock(ledger, [.. held], ledger.ResolveOccurrence(null), counting: false, ct);
        return lockedStock;
    }
}
