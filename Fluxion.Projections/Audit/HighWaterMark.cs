using Npgsql;

namespace Fluxion.Projections.Audit;

/// <summary>
/// The event number of a tenant at or below which no transaction can still commit. Each number up to it has its event, or never will.
/// PostgreSQL's nextval locks the sequence before it returns a transaction's first number. The transaction holds this lock until it ends,
/// regardless of savepoints, and even before it has an id. So only the holders of the lock right after the sequence was read can still use
/// a number up to that value. Reading pg_locks blocks no writer, and writers of other tenants do not matter.
/// </summary>
public static class HighWaterMark
{
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(20);

    // The sequence of another tenant is another relation. Transactions that draw numbers lock a sequence in this mode only.
    private const string SelectWriters = """
        select coalesce(array_agg(virtualtransaction), '{}') from pg_locks
        where locktype = 'relation' and database = (select oid from pg_database where datname = current_database())
            and relation = $1::regclass and mode = 'RowExclusiveLock'
        """;

    /// <summary>Waits until the transactions that draw numbers now have ended, at most <paramref name="timeout"/>.</summary>
    /// <returns>The last number drawn at the time of the call, or 0 if there was none. Null if one of the transactions exceeds the
    /// timeout.</returns>
    public static async Task<long?> Wait(
        NpgsqlDataSource database,
        string schema,
        TimeSpan timeout,
        TimeProvider clock,
        CancellationToken ct
    )
    {
        var started = clock.GetTimestamp();
        var sequence = $"{schema}.mt_events_sequence";
        long mark;
        string[] writers;
        await using (var batch = database.CreateBatch())
        {
            // The order matters: every transaction that draws a number up to the mark holds the lock before the mark is read.
            batch.BatchCommands.Add(
                new("select coalesce(pg_sequence_last_value($1::regclass), 0)") { Parameters = { new() { Value = sequence } } }
            );
            batch.BatchCommands.Add(new(SelectWriters) { Parameters = { new() { Value = sequence } } });
            await using var reader = await batch.ExecuteReaderAsync(ct);
            await reader.ReadAsync(ct);
            mark = reader.GetInt64(0);
            await reader.NextResultAsync(ct);
            await reader.ReadAsync(ct);
            writers = reader.GetFieldValue<string[]>(0);
        }
        while (writers.Length > 0)
        {
            if (clock.GetElapsedTime(started) > timeout)
                return null;
            await Task.Delay(PollInterval, clock, ct);
            // A transaction that was prepared for a two-phase commit in the meantime continues under another virtual transaction id.
            await using var command = database.CreateCommand(
                $"{SelectWriters} and (virtualtransaction = any($2) or virtualtransaction like '-1/%')"
            );
            command.Parameters.Add(new() { Value = sequence });
            command.Parameters.Add(new() { Value = writers });
            writers = (string[])(await command.ExecuteScalarAsync(ct))!;
        }
        return mark;
    }
}
