using Medallion.Threading.Postgres;
using Npgsql;

namespace Fluxion.Ledger.Session;

/// <summary>
/// Advisory locks of PostgreSQL: their keys, and the statements that acquire them. A key is the text <c>scope/what</c>, which
/// PostgreSQL hashes to 64 bits. PostgreSQL releases the locks of a host that dies.
/// </summary>
public static class AdvisoryLocks
{
    private const string Hash = "hashtextextended($1, 0)";

    /// <summary>The key of a lock on something of one tenant.</summary>
    public static string Key(string schema, string what) => $"{schema}/{what}";

    /// <summary>The key of a lock on something that all tenants share.</summary>
    public static string GlobalKey(string what) => $"fluxion/{what}";

    /// <summary>The statement that acquires a lock until the end of the transaction.</summary>
    public static NpgsqlBatchCommand Acquire(string key) => Statement($"select pg_advisory_xact_lock({Hash})", key);

    /// <summary>As <see cref="Acquire(string)"/>, in shared mode: it conflicts with exclusive holders only.</summary>
    public static NpgsqlBatchCommand AcquireShared(string key) => Statement($"select pg_advisory_xact_lock_shared({Hash})", key);

    /// <summary>Acquires a lock until the end of the transaction, unless another transaction holds it.</summary>
    public static Task<bool> TryAcquire(NpgsqlConnection connection, string key, CancellationToken ct) =>
        Execute(connection, $"select pg_try_advisory_xact_lock({Hash})", key, ct);

    /// <summary>Acquires a lock until the end of the session.</summary>
    public static Task AcquireForSession(NpgsqlConnection connection, string key, CancellationToken ct) =>
        Execute(connection, $"select pg_advisory_lock({Hash}) is not null", key, ct);

    /// <summary>Acquires a lock until the end of the session, unless another session holds it.</summary>
    public static Task<bool> TryAcquireForSession(NpgsqlConnection connection, string key, CancellationToken ct) =>
        Execute(connection, $"select pg_try_advisory_lock({Hash})", key, ct);

    /// <summary>As <see cref="TryAcquireForSession"/>, in shared mode.</summary>
    public static Task<bool> TryAcquireSharedForSession(NpgsqlConnection connection, string key, CancellationToken ct) =>
        Execute(connection, $"select pg_try_advisory_lock_shared({Hash})", key, ct);

    /// <summary>Releases a shared lock of the session.</summary>
    public static Task ReleaseShared(NpgsqlConnection connection, string key, CancellationToken ct) =>
        Execute(connection, $"select pg_advisory_unlock_shared({Hash})", key, ct);

    /// <summary>Acquires a lock in a session of its own, until the result is disposed of.</summary>
    /// <exception cref="TimeoutException">Another session held the lock for all of <paramref name="timeout"/>.</exception>
    public static async Task<IAsyncDisposable> Acquire(NpgsqlDataSource dataSource, string key, TimeSpan timeout, CancellationToken ct)
    {
        await using var hash = dataSource.CreateCommand($"select {Hash}");
        hash.Parameters.Add(new() { Value = key });
        var id = (long)(await hash.ExecuteScalarAsync(ct))!;
        return await new PostgresDistributedLock(new PostgresAdvisoryLockKey(id), dataSource).TryAcquireAsync(timeout, ct)
            ?? throw new TimeoutException($"Another host has held the lock {key} for {timeout.TotalMinutes:0.#} minutes.");
    }

    /// <summary>The statement of <see cref="Acquire(string)"/> for a script, which has no parameters.</summary>
    /// <param name="key">A key without text of a client.</param>
    public static string AcquireInScript(string key) => $"select pg_advisory_xact_lock({HashOf(key)});";

    /// <summary>The condition that some session holds the lock.</summary>
    /// <param name="key">A key without text of a client.</param>
    public static string IsHeld(string key) =>
        $"""
            exists (select from pg_locks
                    where locktype = 'advisory' and granted and ((classid::bigint << 32) | objid::bigint) = {HashOf(key)})
            """;

    private static string HashOf(string key) => $"hashtextextended('{key.Replace("'", "''", StringComparison.Ordinal)}', 0)";

    private static NpgsqlBatchCommand Statement(string sql, string key) => new(sql) { Parameters = { new() { Value = key } } };

    private static async Task<bool> Execute(NpgsqlConnection connection, string sql, string key, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(sql, connection) { Parameters = { new() { Value = key } } };
        return (bool)(await command.ExecuteScalarAsync(ct))!;
    }
}
