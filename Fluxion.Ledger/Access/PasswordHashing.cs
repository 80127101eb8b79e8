using System.Threading.RateLimiting;
using Fluxion.Ledger.Http;

namespace Fluxion.Ledger.Access;

/// <summary>
/// Runs the slow work on passwords with limited concurrency. Each operation occupies a core for about 50 ms; the other cores stay free
/// for other requests. It runs while the request holds no connection. When too many requests wait, more are refused with
/// Retry-After.
/// </summary>
public sealed class PasswordHashing : IDisposable
{
    /// <summary>Half of the cores, but at least 1.</summary>
    private static readonly int MaxConcurrent = Math.Max(1, Environment.ProcessorCount / 2);

    /// <summary>The maximum number of waiting operations: about 10 seconds of work for one core.</summary>
    private const int MaxWaiting = 200;

    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(10);

    private readonly ConcurrencyLimiter _limiter = new(new ConcurrencyLimiterOptions
    {
        PermitLimit = MaxConcurrent,
        QueueLimit = MaxWaiting,
        QueueProcessingOrder = QueueProcessingOrder.OldestFirst,
    });

    /// <exception cref="BusyException">Too many operations are waiting.</exception>
    public Task<string> Hash(string password, CancellationToken ct) => Run(() => Passwords.Hash(password), ct);

    /// <exception cref="BusyException">Too many operations are waiting.</exception>
    public Task<bool> Verify(string hash, string password, CancellationToken ct) => Run(() => Passwords.Verify(hash, password), ct);

    /// <exception cref="BusyException">Too many operations are waiting.</exception>
    public Task<string> Fingerprint(string password, Guid salt, CancellationToken ct) => Run(() => Passwords.Fingerprint(password, salt), ct);

    public void Dispose() => _limiter.Dispose();

    private async Task<T> Run<T>(Func<T> work, CancellationToken ct)
    {
        using var turn = await _limiter.AcquireAsync(1, ct);
        return turn.IsAcquired ? await Task.Run(work, ct) : throw new BusyException("sign-ins and changes of passwords", RetryAfter);
    }
}
