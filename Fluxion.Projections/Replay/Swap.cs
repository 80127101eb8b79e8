using System.Diagnostics;
using System.Threading.Channels;
using Npgsql;

namespace Fluxion.Projections.Replay;

/// <summary>What a swap did.</summary>
/// <param name="Rows">Rows that were put in, replaced or taken out.</param>
/// <param name="CommandsHeld">How long commands of the tenant had to wait with their events.</param>
public sealed record Swapped(long Rows, TimeSpan CommandsHeld);

/// <summary>
/// Puts the rows of the shadow schema in the place of the live ones that differ, in one transaction; equal rows stay as they are, and with them
/// every index, grant, policy, view and chunk. Commands go on: they are held only while rows that are replaced by later events are exchanged,
/// and what they have appended since the snapshot is replayed into the shadow first.
/// </summary>
internal sealed class Swap(NpgsqlConnection connection, string schema, string shadow, IReadOnlyDictionary<string, LiveTable> live, StateRows states, EventStreams events)
{
    /// <summary>So long may new commands queue behind a swap that waits for older ones; then it lets them pass and tries again.</summary>
    private static readonly TimeSpan LockTimeout = TimeSpan.FromMilliseconds(300);
    private const int Attempts = 100;

    /// <summary>The numbers of events that the snapshot does not see: gaps, in which events may still commit, and all that come later.</summary>
    public static string Unseen(string schema, string shadow) => $"""
        create table {shadow}."unseen:events" as
        select first, last from (select seq_id + 1 as first, lead(seq_id) over (order by seq_id) - 1 as last from {schema}.mt_events) gap where first <= last
        union all select 1, min(seq_id) - 1 from {schema}.mt_events having min(seq_id) > 1
        union all select coalesce(max(seq_id), 0) + 1, {long.MaxValue} from {schema}.mt_events
        """;

    /// <param name="compared">The tables that were compared, in the order of their foreign keys.</param>
    /// <exception cref="ReplayRefusedException">Commands could not be held, or rows of tables that were not compared are in the way.</exception>
    public async Task<Swapped> Run(IReadOnlyList<string> compared, CancellationToken ct)
    {
        try
        {
            return await PutRight(compared, ct);
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.ForeignKeyViolation)
        {
            throw new ReplayRefusedException($"Rows of {e.TableName} refer to others that no event makes, or that are missing ({e.ConstraintName}): swap all tables, not one alone.");
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.LockNotAvailable)
        {
            throw new ReplayRefusedException("Commands could not be held for as long as a swap takes: something keeps a lock on the events. Try again later.", isConflict: true);
        }
    }

    private async Task<Swapped> PutRight(IReadOnlyList<string> compared, CancellationToken ct)
    {
        var tables = new List<TableColumns>();
        foreach (var table in compared) tables.Add(await TableColumns.Read(connection, schema, shadow, table, ct));
        var growing = tables.Where(t => live[t.Name].Shape.OnlyGrows).ToList();
        var replaced = tables.Except(growing).ToList();
        var differing = await Differing(replaced, ct);
        foreach (var t in tables) await Execute($"create unlogged table {shadow}.\"{t.Name}:again\" (like {shadow}.{t.Name} including defaults)", ct);

        await using var transaction = await connection.BeginTransactionAsync(ct);
        // however many rows of compressed chunks differ; the setting is there in either edition of TimescaleDB
        await Execute("set local timescaledb.max_tuples_decompressed_per_dml_transaction = 0", ct);
        var changed = 0L;
        // commands only add to these, so nobody waits for them; but a row may refer to one that has to be put in first
        if (!await Lacks(differing, ct)) changed += await PutRightGrowing(growing, ct);
        var held = TimeSpan.Zero;
        if (differing.Count > 0)
        {
            held = await HoldCommands(differing.Where(t => live[t.Name].Shape.IsState), transaction, ct);
            var since = Stopwatch.GetTimestamp();
            // what was decided by a wrong state stands wrong in the trail as well
            await ReplayLater(differing, differing.Any(t => live[t.Name].Shape.IsState) ? tables : replaced, ct);
            differing = await Differing(replaced, ct);
            var referredTo = differing.Where(t => t.IsReferredTo).ToList();
            changed += await Apply([.. differing.Except(referredTo).Select(TakeOut), .. differing.SelectMany(Replace)], ct);
            changed += await PutRightGrowing(growing, ct);
            // by now nothing refers to a row that no event makes
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
    /// Waits until no command is appending, and keeps them from it to the end of the transaction. Who decides by a state that is put right has
    /// to have read it before or to read it after: the streams of those are locked first, as a command does it.
    /// </summary>
    private async Task<TimeSpan> HoldCommands(IEnumerable<TableColumns> stateTables, NpgsqlTransaction transaction, CancellationToken ct)
    {
        // the connection of a process that was killed is noticed while the server works, or waits for a lock: commands do not wait on behalf of nobody
        await Execute($"set local client_connection_check_interval = '500ms'; set local lock_timeout = '{LockTimeout.TotalMilliseconds}ms'", ct);
        var streams = string.Join(" union ", stateTables.Select(t => $"select id from {shadow}.\"{t.Name}:differences\""));
        for (var attempt = 1; ; attempt++)
        {
            await transaction.SaveAsync("before", ct);
            var since = Stopwatch.GetTimestamp();
            try
            {
                if (streams.Length > 0) await Execute($"select from {schema}.mt_streams where id in ({streams}) order by id for update", ct);
                await Execute($"lock table {schema}.mt_events in share row exclusive mode", ct);
                await Execute("set local lock_timeout = 0", ct);
                return Stopwatch.GetElapsedTime(since);
            }
            catch (PostgresException e) when (e.SqlState is PostgresErrorCodes.LockNotAvailable or PostgresErrorCodes.DeadlockDetected && attempt < Attempts)
            {
                await transaction.RollbackAsync("before", CancellationToken.None);
                await Task.Delay(LockTimeout, ct);
            }
        }
    }

    /// <summary>
    /// Streams that have got events since the snapshot and to which a row that differs belongs are replayed again, as they are now. A row
    /// belongs to the streams whose ids it has in its columns, if not to fewer.
    /// </summary>
    /// <param name="into">The tables that get their rows; those that only grow the rows of the later events alone.</param>
    private async Task ReplayLater(IReadOnlyList<TableColumns> differing, IReadOnlyList<TableColumns> into, CancellationToken ct)
    {
        string Ids(TableColumns t, string from) => $"""
            select ids.id from {shadow}."{t.Name}:differences" d join {from}.{t.Name} r using ({t.Key}) cross join lateral (values {string.Join(", ", t.Uuids.Select(u => $"(r.{u})"))}) ids (id)
            """;
        await using var command = new NpgsqlCommand($"""
            select distinct e.stream_id from {schema}.mt_events e join {shadow}."unseen:events" u on e.seq_id between u.first and u.last
            where e.stream_id in ({string.Join(" union all ", differing.SelectMany(t => (string[])[Ids(t, schema), Ids(t, shadow)]))})
            """, connection)
        { CommandTimeout = 0 };
        var later = new List<Guid>();
        await using (var reader = await command.ExecuteReaderAsync(ct))
        {
            while (await reader.ReadAsync(ct)) later.Add(reader.GetGuid(0));
        }
        if (later.Count == 0) return;

        var again = new ShadowRows(into.ToDictionary(t => t.Name, t => live[t.Name]));
        var folding = new StreamFolding(again, states);
        await foreach (var @event in events.Read(connection, $"e.stream_id in ({string.Join(", ", later.Select(id => $"'{id}'"))})", ct)) folding.Add(@event);
        folding.End();
        var copy = Channel.CreateUnbounded<CopyBatch>();
        await again.Send(copy.Writer, all: true, ct);
        copy.Writer.Complete();
        await foreach (var batch in copy.Reader.ReadAllAsync(ct)) await batch.Into(connection, $"{shadow}.\"{batch.Table}:again\"", ct);
        foreach (var t in into.Where(t => again.RowsOf(t.Name) > 0))
        {
            if (live[t.Name].Shape.OnlyGrows)
            {
                await Execute($"""
                    delete from {shadow}."{t.Name}:again" where id not in
                        (select e.id from {schema}.mt_events e join {shadow}."unseen:events" u on e.seq_id between u.first and u.last)
                    """, ct);
            }
            await Execute($"""
                delete from {shadow}.{t.Name} where ({t.Key}) in (select {t.Key} from {shadow}."{t.Name}:again");
                insert into {shadow}.{t.Name} select * from {shadow}."{t.Name}:again";
                insert into {shadow}."{t.Name}:differences" ({t.Key}, difference)
                select {t.Key}, 'changed' from {shadow}."{t.Name}:again" where ({t.Key}) not in (select {t.Key} from {shadow}."{t.Name}:differences");
                """, ct);
        }
    }

    private async Task<long> PutRightGrowing(IReadOnlyList<TableColumns> growing, CancellationToken ct)
    {
        var rows = new GrowingRows(connection, schema, shadow);
        var statements = new List<SwapStatement>();
        foreach (var t in await Differing(growing, ct)) statements.AddRange(await rows.PutRight(live[t.Name], t, ct));
        return await Apply(statements, ct);
    }

    /// <summary>Rows that no event makes.</summary>
    private SwapStatement TakeOut(TableColumns t) => new($"""
        delete from {schema}.{t.Name} where ({t.Key}) in
            (select {t.Key} from {shadow}."{t.Name}:differences" except select {t.Key} from {shadow}.{t.Name})
        """);

    /// <summary>
    /// Rows to which others refer are updated; all other rows are taken out and put in again. Before an update the codes that differ give way, since two
    /// rows may have exchanged theirs, or one that no event makes have taken it; what is missing is put in, since a row that is there may refer to it; and
    /// updated_at gives way, since a trigger sets it where a statement leaves it as it is.
    /// </summary>
    private IEnumerable<SwapStatement> Replace(TableColumns t)
    {
        var differing = $"(select {t.Key} from {shadow}.\"{t.Name}:differences\")";
        if (!t.IsReferredTo)
        {
            yield return new($"delete from {schema}.{t.Name} where ({t.Key}) in {differing}", Counts: false);
            yield return new($"""
                insert into {schema}.{t.Name} ({t.All}) select {t.All} from {shadow}.{t.Name} where ({t.Key}) in {differing}
                """);
            yield break;
        }
        var same = $"{string.Join(" and ", t.Keys.Select(k => $"l.{k} = s.{k}"))} and ({string.Join(", ", t.Keys.Select(k => $"l.{k}"))}) in {differing}";
        foreach (var code in t.Codes)
            yield return new($"""
                update {schema}.{t.Name} l set {code} = concat('~', {string.Join(", ", t.Keys.Select(k => $"l.{k}"))})
                where ({string.Join(", ", t.Keys.Select(k => $"l.{k}"))}) in {differing} and not exists (select from {shadow}.{t.Name} s where {same} and l.{code} is not distinct from s.{code})
                """, Counts: false);
        yield return new($"""
            insert into {schema}.{t.Name} ({t.All}) select {t.All} from {shadow}.{t.Name}
            where ({t.Key}) in {differing} and ({t.Key}) not in (select {t.Key} from {schema}.{t.Name} where ({t.Key}) in {differing})
            """, Counts: false);
        if (t.Others.Contains("updated_at"))
            yield return new($"update {schema}.{t.Name} set updated_at = '-infinity' where ({t.Key}) in {differing}", Counts: false);
        yield return new($"""
            update {schema}.{t.Name} l set {string.Join(", ", t.Others.Select(c => $"{c} = s.{c}"))} from {shadow}.{t.Name} s where {same}
            """);
    }

    /// <summary>All of them in one round trip: commands wait for it.</summary>
    private async Task<long> Apply(List<SwapStatement> statements, CancellationToken ct)
    {
        if (statements.Count == 0) return 0;
        await using var batch = new NpgsqlBatch(connection) { Timeout = 0 };
        foreach (var statement in statements) batch.BatchCommands.Add(new(statement.Sql));
        await batch.ExecuteNonQueryAsync(ct);
        return statements.Select((statement, i) => statement.Counts ? (long)batch.BatchCommands[i].RecordsAffected : 0).Sum();
    }

    /// <summary>Those of the tables that have a row that differs.</summary>
    private async Task<List<TableColumns>> Differing(IReadOnlyList<TableColumns> tables, CancellationToken ct)
    {
        if (tables.Count == 0) return [];
        var names = await Column(string.Join(" union all ", tables.Select(t => $"select '{t.Name}' where exists (select from {shadow}.\"{t.Name}:differences\")")), ct);
        return [.. tables.Where(t => names.Contains(t.Name))];
    }

    /// <summary>Whether a live table lacks a row.</summary>
    private async Task<bool> Lacks(List<TableColumns> tables, CancellationToken ct) => tables.Count > 0 &&
        (await Column(string.Join(" union all ", tables.Select(t => $"select difference from {shadow}.\"{t.Name}:differences\" where difference = 'missing'")) + " limit 1", ct)).Count > 0;

    private async Task<List<string>> Column(string sql, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        await using var reader = await command.ExecuteReaderAsync(ct);
        var values = new List<string>();
        while (await reader.ReadAsync(ct)) values.Add(reader.GetString(0));
        return values;
    }

    private async Task<long> Execute(string sql, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        return await command.ExecuteNonQueryAsync(ct);
    }
}
