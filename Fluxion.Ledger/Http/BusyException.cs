namespace Fluxion.Ledger.Http;

/// <summary>As many requests of a kind wait for their turn as may. Nothing was done; the client comes back.</summary>
/// <param name="what">What there is too much of, in the plural.</param>
public sealed class BusyException(string what, TimeSpan retryAfter) : Exception($"This host has as many {what} to do as may wait for their turn.")
{
    public string What => what;

    public TimeSpan RetryAfter => retryAfter;
}
