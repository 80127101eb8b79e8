namespace Fluxion.Ledger.Stock;

/// <summary>
/// A stock item that has less than a command needs. Both quantities are in the product's unit. Available is the quantity available, or
/// on hand where on hand is insufficient.
/// </summary>
public sealed record Shortage(string Store, string Sku, decimal Requested, decimal Available);
