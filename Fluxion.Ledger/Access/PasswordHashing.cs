namespace Fluxion.Ledger.Access;

/// <summary>
/// Runs the slow work on passwords with limited concurrency. Each operation occupies a core for about 50 ms; the other cores stay free
/// for other requests. It runs while the request holds no connection. When too many requests wait, more are refused with
/// Retry-After.
/// </summary>
/// <remarks>It uses half of the cores, but at least 1. The 200 that may wait are about 10 seconds of work for one core.</remarks>
public sealed class PasswordHashing()
    : BusyLimiter(
        "sign-ins and changes of passwords",
        Math.Max(1, Environment.ProcessorCount / 2),
        maxWaiting: 200,
        TimeSpan.FromSeconds(10)
    )
{
    /// <exception cref="BusyException">Too many operations are waiting.</exception>
    public Task<string> Hash(string password, CancellationToken ct) => Run(() => Passwords.Hash(password), ct);

    /// <exception cref="BusyException">Too many operations are waiting.</exception>
    public Task<bool> Verify(string hash, string password, CancellationToken ct) => Run(() => Passwords.Verify(hash, password), ct);

    /// <exception cref="BusyException">Too many operations are waiting.</exception>
    public Task<string> Fingerprint(string password, Guid salt, CancellationToken ct) =>
        Run(() => Passwords.Fingerprint(password, salt), ct);

    private async Task<T> Run<T>(Func<T> work, CancellationToken ct)
    {
        using var permit = await Acquire(ct);
        return await Task.Run(work, ct);
    }
}
