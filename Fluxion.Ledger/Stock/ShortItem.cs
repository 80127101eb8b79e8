namespace Fluxion.Ledger.Stock;

/// <summary>A stock item that has less on hand than reserved after a fact.</summary>
/// <param name="By">Reserved less on hand, greater than 0.</param>
public sealed record ShortItem(LockedStock Stock, decimal By);
