using System.Threading.RateLimiting;
using Fluxion.Ledger.Http;

namespace Fluxion.Ledger.Imports;

/// <summary>
/// Limits a host to one import at a time. A file of 50,000 long rows takes 1.2 GB and half a minute, nearly all of it for writing.
/// Other files wait on disk after they were received. A host receives no more of them than may wait.
/// </summary>
public sealed class ImportLimiter : IDisposable
{
    private const int MaxConcurrent = 1;
    private const int MaxWaiting = 8;

    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(30);

    private readonly ConcurrencyLimiter _limiter = new(new ConcurrencyLimiterOptions
    {
        PermitLimit = MaxConcurrent,
        QueueLimit = MaxWaiting,
        QueueProcessingOrder = QueueProcessingOrder.OldestFirst,
    });

    /// <summary>Waits for a permit. Disposing of the result releases it.</summary>
    /// <exception cref="BusyException">The queue is full.</exception>
    public async Task<IDisposable> Acquire(CancellationToken ct)
    {
        var turn = await _limiter.AcquireAsync(1, ct);
        if (turn.IsAcquired) return turn;
        turn.Dispose();
        throw new BusyException("imports", RetryAfter);
    }

    public void Dispose() => _limiter.Dispose();
}
