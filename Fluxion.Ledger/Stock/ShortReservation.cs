namespace Fluxion.Ledger.Stock;

/// <summary>A reservation that stock no longer covers: less is on hand than is reserved.</summary>
/// <param name="Held">Quantity that it holds of the product in the store.</param>
/// <param name="ShortBy">Part of that quantity that is missing. The most recently opened reservation is short first.</param>
public sealed record ShortReservation(Guid Id, string Reference, string Store, string Sku, decimal Held, decimal ShortBy)
{
    /// <summary>Maximum number of short reservations in a receipt.</summary>
    public const int MaxListed = 100;
}
