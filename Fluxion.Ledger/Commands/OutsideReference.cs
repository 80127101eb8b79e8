namespace Fluxion.Ledger.Commands;

/// <summary>Numbers that things have in other systems: of a point of sale, a bank, a supplier.</summary>
public static class OutsideReference
{
    /// <summary>As it is kept and compared: without spaces around it; null for a blank one.</summary>
    public static string? Normalize(string? reference) => string.IsNullOrWhiteSpace(reference) ? null : reference.Trim();
}
