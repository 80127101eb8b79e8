namespace Fluxion.Ledger.Stock;

/// <summary>The receipt of a command that moved stock.</summary>
/// <param name="Id">Id of the document: reference_id of its movements.</param>
/// <param name="Stock">Each stock item that the command moved, once.</param>
/// <param name="OccurredAt">Time of the movements, by the ledger's clock.</param>
/// <param name="CorrectedByCount">Corrections by count: late movements, which leave today's stock as it is. Usually empty.</param>
/// <param name="ReservationsShort">
/// Reservations that stock no longer covers, by store and product, the most recently opened first. At most 100; usually empty.
/// </param>
public sealed record StockReceipt(
    Guid Id,
    IReadOnlyList<StockLevel> Stock,
    DateTimeOffset OccurredAt,
    IReadOnlyList<CountCorrection> CorrectedByCount,
    IReadOnlyList<ShortReservation> ReservationsShort
);
