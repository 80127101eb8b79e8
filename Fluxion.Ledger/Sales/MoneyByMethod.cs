namespace Fluxion.Ledger.Sales;

/// <summary>Money received or given back by one payment method.</summary>
public sealed record MoneyByMethod(string Method, decimal Amount);
