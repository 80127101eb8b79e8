using System.Threading.RateLimiting;
using Fluxion.Ledger.Http;

namespace Fluxion.Ledger.Access;

/// <summary>
/// The slow work on passwords, done for a few requests at once: each takes a core for a twentieth of a second, and the other cores are for everybody
/// else. It is done while the request holds no connection; too many that wait are refused with Retry-After.
/// </summary>
public sealed class PasswordHashing : IDisposable
{
    /// <summary>Half of the cores.</summary>
    private static readonly int MaxConcurrent = Math.Max(1, Environment.ProcessorCount / 2);

    /// <summary>Pieces of work that wait: about 10 seconds of it.</summary>
    private const int MaxWaiting = 200;

    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(10);

    private readonly ConcurrencyLimiter _limiter = new(new ConcurrencyLimiterOptions
    {
        PermitLimit = MaxConcurrent,
        QueueLimit = MaxWaiting,
        QueueProcessingOrder = QueueProcessingOrder.OldestFirst,
    });

    /// <exception cref="BusyException">Too many wait already.</exception>
    public Task<string> Hash(string password, CancellationToken ct) => Run(() => Passwords.Hash(password), ct);

    /// <exception cref="BusyException">Too many wait already.</exception>
    public Task<bool> Verify(string hash, string password, CancellationToken ct) => Run(() => Passwords.Verify(hash, password), ct);

    /// <exception cref="BusyException">Too many wait already.</exception>
    public Task<string> Fingerprint(string password, Guid salt, CancellationToken ct) => Run(() => Passwords.Fingerprint(password, salt), ct);

    public void Dispose() => _limiter.Dispose();

    private async Task<T> Run<T>(Func<T> work, CancellationToken ct)
    {
        using var turn = await _limiter.AcquireAsync(1, ct);
        return turn.IsAcquired ? await Task.Run(work, ct) : throw new BusyException("sign-ins and changes of passwords", RetryAfter);
    }
}
