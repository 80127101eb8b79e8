namespace Fluxion.Ledger.Stock;

/// <param name="Status">The status: open, fulfilled, released or expired.</param>
/// <param name="Stock">The stock items that this command changed, after the command.</param>
/// <param name="Version">Version of the reservation; it grows with every change.</param>
public sealed record ReservationReceipt(
    Guid Id,
    string Reference,
    string Status,
    DateTimeOffset ExpiresAt,
    IReadOnlyList<StockLevel> Stock,
    long Version
)
{
    public static ReservationReceipt From(LedgerSession ledger, Guid id, StockDecision stock)
    {
        var reservation = ledger.State<Reservation>(id);
        return new(id, reservation.Reference, reservation.Status, reservation.ExpiresAt, stock.Levels, ledger.VersionOf(id));
    }
}
