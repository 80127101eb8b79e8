namespace Fluxion.Ledger.Alerts;

/// <summary>The receipt of a command on an alert.</summary>
/// <param name="Status">active, acknowledged, resolved or dismissed.</param>
/// <param name="Version">The version of the alert, which grows with every change.</param>
public sealed record AlertReceipt(Guid Id, string Type, string Priority, string Status, long Version);
