using System.Diagnostics;
using System.Threading.Channels;
using Npgsql;

namespace Fluxion.Projections.Replay;

/// <summary>The result of a swap.</summary>
/// <param name="Rows">The number of rows inserted, replaced or deleted.</param>
/// <param name="CommandsHeld">The time for which commands of the tenant could not append events.</param>
public sealed record Swapped(long Rows, TimeSpan CommandsHeld);

/// <summary>
/// Replaces live rows that differ by the rows of the shadow schema, in one transaction. Equal rows stay unchanged, and so do all
/// indexes, grants, policies, views and chunks. Commands are blocked only while rows are exchanged that later events replace.
/// Before the exchange, events that commands have appended since the snapshot are replayed into the shadow.
/// </summary>
internal sealed class Swap(
    NpgsqlConnection connection,
    string schema,
    string shadow,
    IReadOnlyDictionary<string, LiveTable> live,
    StateRows states,
    EventStreams events
)
{
    /// <summary>
    /// The maximum time for which new commands queue behind a swap that waits for older ones. The swap then lets them pass and tries again.
    /// </summary>
    private static readonly TimeSpan LockTimeout = TimeSpan.FromMilliseconds(300);
    private const int Attempts = 100;

    /// <summary>
    /// The ranges of event numbers that the snapshot does not see: gaps, in which events may still commit, and all later numbers.
    /// </summary>
    public static string Unseen(string schema, string shadow) =>
        $"""
            create table {shadow}."unseen:events" as
            select first, last
            from (select seq_id + 1 as first, lead(seq_id) over (order by seq_id) - 1 as last from {schema}.mt_events) gap
            where first <= last
            union all select 1, min(seq_id) - 1 from {schema}.mt_events having min(seq_id) > 1
            union all select coalesce(max(seq_id), 0) + 1, {long.MaxValue} from {schema}.mt_events
            """;

    /// <param name="compared">The compared tables, in the order of their foreign keys.</param>
    /// <exception cref="ReplayRefusedException">Commands could not be blocked, or rows of tables that were not compared violate a foreign
    /// key.</exception>
    public async Task<Swapped> Run(IReadOnlyList<string> compared, CancellationToken ct)
    {
        try
        {
            return await PutRight(compared, ct);
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.ForeignKeyViolation)
        {
            throw new ReplayRefusedException(
                $"Rows of {e.TableName} refer to rows that follow from no event, or that are missing ({e.ConstraintName}). "
                    + "Swap all tables, not one alone."
            );
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.LockNotAvailable)
        {
            throw new ReplayRefusedException(
                "Commands could not be held for as long as a swap takes: something keeps a lock on the events. Try again later.",
                isConflict: true
            );
        }
    }

    private async Task<Swapped> PutRight(IReadOnlyList<string> compared, CancellationToken ct)
    {
        var tables = new List<TableColumns>();
        foreach (var table in compared)
            tables.Add(await TableColumns.Read(connection, schema, shadow, table, ct));
        var growing = tables.Where(t => live[t.Name].Shape.OnlyGrows).ToList();
        var replaced = tables.Except(growing).ToList();
        var differing = await Differing(replaced, ct);
        foreach (var t in tables)
            await Execute($"create unlogged table {shadow}.\"{t.Name}:again\" (like {shadow}.{t.Name} including defaults)", ct);

        await using var transaction = await connection.BeginTransactionAsync(ct);
        // Any number of rows in compressed chunks may differ. Both editions of TimescaleDB have this setting.
        await Execute("set local timescaledb.max_tuples_decompressed_per_dml_transaction = 0", ct);
        var changed = 0L;
        // Commands only append to these tables, so they do not wait here. But a row may reference another row that must be inserted first.
        if (!await Lacks(differing, ct))
            changed += await PutRightGrowing(growing, ct);
        var held = TimeSpan.Zero;
        if (differing.Count > 0)
        {
            held = await HoldCommands(differing.Where(t => live[t.Name].Shape.IsState), transaction, ct);
            var since = Stopwatch.GetTimestamp();
            // If a command decided on a wrong state, the audit trail contains that wrong state too.
            await ReplayLater(differing, differing.Any(t => live[t.Name].Shape.IsState) ? tables : replaced, ct);
            differing = await Differing(replaced, ct);
            var referredTo = differing.Where(t => t.IsReferredTo).ToList();
            changed += await Apply([.. differing.Except(referredTo).Select(TakeOut), .. differing.SelectMany(Replace)], ct);
            changed += await PutRightGrowing(growing, ct);
            // No row references a row without an event any more.
            changed += await Apply([.. Enumerable.Reverse(referredTo).Select(TakeOut)], ct);
            await transaction.CommitAsync(CancellationToken.None);
            held += Stopwatch.GetElapsedTime(since);
        }
        else
        {
            await transaction.CommitAsync(CancellationToken.None);
        }
        return new Swapped(changed, held);
    }

    /// <summary>
    /// Waits until no command appends events, and blocks commands from doing so until the end of the transaction. A command that decides on
    /// a corrected state must read it either before or after the swap. So the streams of these states are locked first, as commands do it.
    /// </summary>
    private async Task<TimeSpan> HoldCommands(IEnumerable<TableColumns> stateTables, NpgsqlTransaction transaction, CancellationToken ct)
    {
        // If this process is killed, the server notices it while it works or waits for a lock. So commands do not wait for a dead process.
        await Execute(
            $"set local client_connection_check_interval = '500ms'; set local lock_timeout = '{LockTimeout.TotalMilliseconds}ms'",
            ct
        );
        var streams = string.Join(" union ", stateTables.Select(t => $"select id from {shadow}.\"{t.Name}:differences\""));
        for (var attempt = 1; ; attempt++)
        {
            await transaction.SaveAsync("before", ct);
            var since = Stopwatch.GetTimestamp();
            try
            {
                if (streams.Length > 0)
                    await Execute($"select from {schema}.mt_streams where id in ({streams}) order by id for update", ct);
                await Execute($"lock table {schema}.mt_events in share row exclusive mode", ct);
                await Execute("set local lock_timeout = 0", ct);
                return Stopwatch.GetElapsedTime(since);
            }
            catch (PostgresException e)
                when (e.SqlState is PostgresErrorCodes.LockNotAvailable or PostgresErrorCodes.DeadlockDetected && attempt < Attempts)
            {
                await transaction.RollbackAsync("before", CancellationToken.None);
                await Task.Delay(LockTimeout, ct);
            }
        }
    }

    /// <summary>
    /// Replays streams again, up to now: those with events since the snapshot, when one of their rows differs.
    /// A row belongs at most to the streams whose ids are in its columns.
    /// </summary>
    /// <param name="into">The tables that get the rows. Append-only tables get only the rows of later events.</param>
    private async Task ReplayLater(IReadOnlyList<TableColumns> differing, IReadOnlyList<TableColumns> into, CancellationToken ct)
    {
        string Ids(TableColumns t, string from) =>
            $"""
                select ids.id from {shadow}."{t.Name}:differences" d join {from}.{t.Name} r using ({t.Key})
                cross join lateral (values {string.Join(
                    ", ",
                    t.Uuids.Select(u => $"(r.{u})")
                )}) ids (id)
                """;
        await using var command = new NpgsqlCommand(
            $"""
            select distinct e.stream_id from {schema}.mt_events e join {shadow}."unseen:events" u on e.seq_id between u.first and u.last
            where e.stream_id in ({string.Join(" union all ", differing.SelectMany(t => (string[])[Ids(t, schema), Ids(t, shadow)]))})
            """,
            connection
        )
        {
            CommandTimeout = 0,
        };
        var later = new List<Guid>();
        await using (var reader = await command.ExecuteReaderAsync(ct))
        {
            while (await reader.ReadAsync(ct))
                later.Add(reader.GetGuid(0));
        }
        if (later.Count == 0)
            return;

        var again = new ShadowRows(into.ToDictionary(t => t.Name, t => live[t.Name]));
        var folding = new StreamFolding(again, states);
        await foreach (var @event in events.Read(connection, $"e.stream_id in ({string.Join(", ", later.Select(id => $"'{id}'"))})", ct))
            folding.Add(@event);
        folding.End();
        var copy = Channel.CreateUnbounded<CopyBatch>();
        await again.Send(copy.Writer, all: true, ct);
        copy.Writer.Complete();
        await foreach (var batch in copy.Reader.ReadAllAsync(ct))
            await batch.Into(connection, $"{shadow}.\"{batch.Table}:again\"", ct);
        foreach (var t in into.Where(t => again.RowsOf(t.Name) > 0))
        {
            if (live[t.Name].Shape.OnlyGrows)
            {
                await Execute(
                    $"""
                    delete from {shadow}."{t.Name}:again" where id not in
                        (select e.id from {schema}.mt_events e join {shadow}."unseen:events" u on e.seq_id between u.first and u.last)
                    """,
                    ct
                );
            }
            await Execute(
                $"""
                delete from {shadow}.{t.Name} where ({t.Key}) in (select {t.Key} from {shadow}."{t.Name}:again");
                insert into {shadow}.{t.Name} select * from {shadow}."{t.Name}:again";
                insert into {shadow}."{t.Name}:differences" ({t.Key}, difference)
                select {t.Key}, 'changed' from {shadow}."{t.Name}:again"
                where ({t.Key}) not in (select {t.Key} from {shadow}."{t.Name}:differences");
                """,
                ct
            );
        }
    }

    private async Task<long> PutRightGrowing(IReadOnlyList<TableColumns> growing, CancellationToken ct)
    {
        var rows = new GrowingRows(connection, schema, shadow);
        var statements = new List<SwapStatement>();
        foreach (var t in await Differing(growing, ct))
            statements.AddRange(await rows.PutRight(live[t.Name], t, ct));
        return await Apply(statements, ct);
    }

    /// <summary>Deletes the rows without an event.</summary>
    private SwapStatement TakeOut(TableColumns t) =>
        new(
            $"""
            delete from {schema}.{t.Name} where ({t.Key}) in
                (select {t.Key} from {shadow}."{t.Name}:differences" except select {t.Key} from {shadow}.{t.Name})
            """
        );

    /// <summary>
    /// Updates rows that other rows reference; all other rows are deleted and inserted again. Three steps precede the update. Differing
    /// codes are replaced by temporary ones, because two rows may have exchanged codes, or a row without an event may have taken one.
    /// Missing rows are inserted, because an existing row may reference them. The column updated_at is set to another value, because a
    /// trigger sets it in a statement that leaves it unchanged.
    /// </summary>
    private IEnumerable<SwapStatement> Replace(TableColumns t)
    {
        var differing = $"(select {t.Key} from {shadow}.\"{t.Name}:differences\")";
        if (!t.IsReferredTo)
        {
            yield return new($"delete from {schema}.{t.Name} where ({t.Key}) in {differing}", Counts: false);
            yield return new(
                $"""
                insert into {schema}.{t.Name} ({t.All}) select {t.All} from {shadow}.{t.Name} where ({t.Key}) in {differing}
                """
            );
            yield break;
        }
        var same =
            $"{string.Join(" and ", t.Keys.Select(k => $"l.{k} = s.{k}"))} "
            + $"and ({string.Join(", ", t.Keys.Select(k => $"l.{k}"))}) in {differing}";
        foreach (var code in t.Codes)
            yield return new(
                $"""
                update {schema}.{t.Name} l set {code} = concat('~', {string.Join(", ", t.Keys.Select(k => $"l.{k}"))})
                where ({string.Join(
                    ", ",
                    t.Keys.Select(k => $"l.{k}")
                )}) in {differing} and not exists (select from {shadow}.{t.Name} s where {same} and l.{code} is not distinct from s.{code})
                """,
                Counts: false
            );
        yield return new(
            $"""
            insert into {schema}.{t.Name} ({t.All}) select {t.All} from {shadow}.{t.Name}
            where ({t.Key}) in {differing} and ({t.Key}) not in (select {t.Key} from {schema}.{t.Name} where ({t.Key}) in {differing})
            """,
            Counts: false
        );
        if (t.Others.Contains("updated_at"))
            yield return new($"update {schema}.{t.Name} set updated_at = '-infinity' where ({t.Key}) in {differing}", Counts: false);
        yield return new(
            $"""
            update {schema}.{t.Name} l set {string.Join(", ", t.Others.Select(c => $"{c} = s.{c}"))} from {shadow}.{t.Name} s where {same}
            """
        );
    }

    /// <summary>Executes all statements in one round trip, because commands are waiting.</summary>
    private async Task<long> Apply(List<SwapStatement> statements, CancellationToken ct)
    {
        if (statements.Count == 0)
            return 0;
        await using var batch = new NpgsqlBatch(connection) { Timeout = 0 };
        foreach (var statement in statements)
            batch.BatchCommands.Add(new(statement.Sql));
        await batch.ExecuteNonQueryAsync(ct);
        return statements.Select((statement, i) => statement.Counts ? (long)batch.BatchCommands[i].RecordsAffected : 0).Sum();
    }

    /// <summary>The tables with at least one differing row.</summary>
    private async Task<List<TableColumns>> Differing(IReadOnlyList<TableColumns> tables, CancellationToken ct)
    {
        if (tables.Count == 0)
            return [];
        var names = await Column(
            string.Join(
                " union all ",
                tables.Select(t => $"select '{t.Name}' where exists (select from {shadow}.\"{t.Name}:differences\")")
            ),
            ct
        );
        return [.. tables.Where(t => names.Contains(t.Name))];
    }

    /// <summary>Whether a row is missing in one of the live tables.</summary>
    private async Task<bool> Lacks(List<TableColumns> tables, CancellationToken ct) =>
        tables.Count > 0
        && (
            await Column(
                string.Join(
                    " union all ",
                    tables.Select(t => $"select difference from {shadow}.\"{t.Name}:differences\" where difference = 'missing'")
                ) + " limit 1",
                ct
            )
        ).Count > 0;

    private async Task<List<string>> Column(string sql, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        await using var reader = await command.ExecuteReaderAsync(ct);
        var values = new List<string>();
        while (await reader.ReadAsync(ct))
            values.Add(reader.GetString(0));
        return values;
    }

    private async Task<long> Execute(string sql, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        return await command.ExecuteNonQueryAsync(ct);
    }
}
