namespace Fluxion.Ledger.Stock;

/// <summary>Loads transfers for commands.</summary>
public static class Transfers
{
    /// <summary>Locks a transfer until the end of the transaction, or returns the refusal when it does not exist.</summary>
    public static async Task<(Transfer? Transfer, Refusal? Problem)> Lock(LedgerSession ledger, string id, CancellationToken ct) =>
        Guid.TryParse(id, out var guid) && await ledger.Lock<Transfer>(guid, ct) is { } transfer
            ? (transfer, null)
            : (null, Refusal.NotFound("transfer", "id", id));
}
