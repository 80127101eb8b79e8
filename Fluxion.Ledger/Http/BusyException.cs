namespace Fluxion.Ledger.Http;

/// <summary>The queue for requests of one kind is full. Nothing was done; the client should retry later.</summary>
/// <param name="what">The kind of work in the queue, in the plural.</param>
public sealed class BusyException(string what, TimeSpan retryAfter) : Exception($"The queue of this host is full of {what}.")
{
    public string What => what;

    public TimeSpan RetryAfter => retryAfter;
}
