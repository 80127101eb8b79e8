namespace Fluxion.Ledger.Stock;

/// <summary>A stock item that a command changed.</summary>
/// <param name="Locked">The item before the command.</param>
/// <param name="After">The item after all events of the command.</param>
public sealed record ChangedStock(LockedStock Locked, StockItem After);
