using System.Threading.RateLimiting;

namespace Fluxion.Ledger.Http;

/// <summary>Limits the concurrency of heavy work on this host. When too many operations wait, more are refused with Retry-After.</summary>
/// <param name="what">The work, as the refusal names it.</param>
/// <param name="maxConcurrent">The maximum number of running operations.</param>
/// <param name="maxWaiting">The maximum number of waiting operations; they run in the order in which they came.</param>
public class BusyLimiter(string what, int maxConcurrent, int maxWaiting, TimeSpan retryAfter) : IDisposable
{
    private readonly ConcurrencyLimiter _limiter = new(
        new ConcurrencyLimiterOptions
        {
            PermitLimit = maxConcurrent,
            QueueLimit = maxWaiting,
            QueueProcessingOrder = QueueProcessingOrder.OldestFirst,
        }
    );

    /// <summary>Waits for a permit. Disposing of the result releases it.</summary>
    /// <exception cref="BusyException">The queue is full.</exception>
    public async Task<IDisposable> Acquire(CancellationToken ct)
    {
        var permit = await _limiter.AcquireAsync(1, ct);
        if (permit.IsAcquired)
            return permit;
        permit.Dispose();
        throw new BusyException(what, retryAfter);
    }

    public void Dispose()
    {
        _limiter.Dispose();
        GC.SuppressFinalize(this);
    }
}
