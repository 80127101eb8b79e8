namespace Fluxion.Ledger.Http;

/// <summary>The queue for requests of one kind is full. Nothing was done; the client should retry later.</summary>
/// <param name="what">The kind of work in the queue, in the plural.</param>
public sealed class BusyException(string what, TimeSpan retryAfter)
    : Exception($"This host has as many {what} to do as may wait for their turn.")
{
    public string What => what;

    public TimeSpan RetryAfter => retryAfter;
}
