namespace Fluxion.Ledger.Catalog;

/// <summary>A product that has a barcode.</summary>
/// <param name="Key">The key by which barcodes are compared, <see cref="ProductBarcode.Key"/>.</param>
/// <param name="PackQuantity">The pack quantity, in the product's unit.</param>
public sealed record BarcodeOwner(string Key, Guid ProductId, string Sku, bool IsActive, decimal PackQuantity);

/// <summary>The lookup of barcodes in the read models, in the session's own transaction.</summary>
public interface IBarcodeIndex
{
    /// <summary>The products that have a barcode with one of the keys, deactivated ones included. Takes one round trip.</summary>
    Task<IReadOnlyList<BarcodeOwner>> Find(LedgerSession ledger, IReadOnlyCollection<string> keys, CancellationToken ct);
}
