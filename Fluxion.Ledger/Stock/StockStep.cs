namespace Fluxion.Ledger.Stock;

/// <summary>One step of a command: the event of a stock item, given its state after the previous steps.</summary>
public sealed record StockStep(LockedStock Stock, Func<StockItem?, StockEvent> Event);
