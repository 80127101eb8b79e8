using Fluxion.Ledger.Session;

namespace Fluxion.Ledger.Catalog;

/// <summary>A product that has a barcode.</summary>
/// <param name="Key">See <see cref="ProductBarcode.Key"/>.</param>
/// <param name="PackQuantity">How much of the product's unit the barcode stands for.</param>
public sealed record BarcodeOwner(string Key, Guid ProductId, string Sku, bool IsActive, decimal PackQuantity);

/// <summary>How the read models answer whose a barcode is, in the session's own transaction.</summary>
public interface IBarcodeIndex
{
    /// <summary>The products that have a barcode with one of the keys, deactivated ones among them. One round trip.</summary>
    Task<IReadOnlyList<BarcodeOwner>> Find(LedgerSession ledger, IReadOnlyCollection<string> keys, CancellationToken ct);
}
