using Npgsql;

namespace Fluxion.Projections.Audit;

/// <summary>
/// The mark of a tenant's events below which nothing can still commit: numbers up to it have their event, or never will.
/// A transaction takes a lock on the sequence before it draws its first number and keeps it to its end (PostgreSQL's nextval does, whatever
/// becomes of savepoints, and before the transaction has an id): those that hold it right after the sequence was read are all that can
/// still use a number up to there. Looking at pg_locks keeps no writer waiting, and writers of other tenants do not matter.
/// </summary>
public static class HighWaterMark
{
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(20);

    // that of another tenant is another relation; a sequence is locked in no other way by those who draw from it
    private const string Writers = """
        select coalesce(array_agg(virtualtransaction), '{}') from pg_locks
        where locktype = 'relation' and database = (select oid from pg_database where datname = current_database()) and relation = $1::regclass and mode = 'RowExclusiveLock'
        """;

    /// <summary>Waits for the transactions that draw numbers now, and no longer than <paramref name="timeout"/>.</summary>
    /// <returns>The last number drawn when it was called, 0 when there was none yet; null when one of those transactions goes on for too long.</returns>
    public static async Task<long?> Wait(NpgsqlDataSource database, string schema, TimeSpan timeout, TimeProvider clock, CancellationToken ct)
    {
        var started = clock.GetTimestamp();
        var sequence = $"{schema}.mt_events_sequence";
        long mark;
        string[] writers;
        await using (var batch = database.CreateBatch())
        {
            // in this order: who draws a number up to the mark has the lock by the time that the mark is read
            batch.BatchCommands.Add(new("select coalesce(pg_sequence_last_value($1::regclass), 0)") { Parameters = { new() { Value = sequence } } });
            batch.BatchCommands.Add(new(Writers) { Parameters = { new() { Value = sequence } } });
            await using var reader = await batch.ExecuteReaderAsync(ct);
            await reader.ReadAsync(ct);
            mark = reader.GetInt64(0);
            await reader.NextResultAsync(ct);
            await reader.ReadAsync(ct);
            writers = reader.GetFieldValue<string[]>(0);
        }
        while (writers.Length > 0)
        {
            if (clock.GetElapsedTime(started) > timeout) return null;
            await Task.Delay(PollInterval, clock, ct);
            // one that is prepared for a two-phase commit meanwhile goes on under a name of its own
            await using var look = database.CreateCommand($"{Writers} and (virtualtransaction = any($2) or virtualtransaction like '-1/%')");
            look.Parameters.Add(new() { Value = sequence });
            look.Parameters.Add(new() { Value = writers });
            writers = (string[])(await look.ExecuteScalarAsync(ct))!;
        }
        return mark;
    }
}
