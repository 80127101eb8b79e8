using Npgsql;

namespace Fluxion.Projections.Replay;

/// <summary>One statement of a swap.</summary>
/// <param name="Counts">Whether its rows count in the number that the swap reports.</param>
internal sealed record SwapStatement(string Sql, bool Counts = true);

/// <summary>
/// Corrects the rows of an append-only table: rows without an event are deleted, differing rows updated, missing rows inserted. An old
/// chunk of a hypertable may be compressed. A statement that changes it decompresses every batch that its conditions do not rule out.
/// Only constants rule out batches; a join or a subquery does not. So each statement names the time and the segments of its rows.
/// An update is preferred to a delete and an insert, because an insert compares its key with every batch that may contain it.
/// </summary>
internal sealed class GrowingRows(NpgsqlConnection connection, string schema, string shadow)
{
    /// <summary>
    /// Up to this number of rows, each statement covers one point in time. With more rows, each statement covers one chunk.
    /// </summary>
    private const int Few = 100;

    /// <summary>The corrections in one period of time.</summary>
    private sealed record Part(string From, string To, string[] Segments, long Added, long Changed, long Missing);

    /// <param name="live">The live table.</param>
    /// <param name="t">The key columns and the other columns. The differences of the table are in the shadow schema.</param>
    public async Task<List<SwapStatement>> PutRight(LiveTable live, TableColumns t, CancellationToken ct)
    {
        var (table, made, differences) = ($"{schema}.{t.Name}", $"{shadow}.{t.Name}", $"{shadow}.\"{t.Name}:differences\"");
        string Keys(string of) => string.Join(", ", t.Keys.Select(k => $"{of}.{k}"));
        var sameKey = string.Join(" and ", t.Keys.Select(k => $"l.{k} = s.{k}"));
        var statements = new List<SwapStatement>();
        void Change(Func<string, string> at, string segments, Part part)
        {
            if (part.Added > 0)
                statements.Add(
                    new(
                        $"""
                        delete from {table} l where {at("l")}{segments} and ({Keys("l")}) in
                            (select {t.Key} from {differences} d where {at("d")} except select {t.Key} from {made} s where {at("s")})
                        """
                    )
                );
            if (part.Changed > 0)
                statements.Add(
                    new(
                        $"""
                        update {table} l set {string.Join(", ", t.Others.Select(c => $"{c} = s.{c}"))} from {made} s
                        where {at("l")}{segments} and {sameKey} and {at("s")}
                          and ({Keys("s")}) in (select {t.Key} from {differences} d where {at("d")})
                        """
                    )
                );
            if (part.Missing > 0)
                statements.Add(
                    new(
                        $"""
                        insert into {table} ({t.All}) select {t.All} from {made} s
                        where {at("s")} and ({Keys("s")}) in (select {t.Key} from {differences} d where {at("d")})
                          and not exists (select from {table} l where {at("l")} and {sameKey})
                        """
                    )
                );
        }
        if (await Dimension(t.Name, ct) is var (column, chunk))
        {
            foreach (var part in await Parts(live, t, column, chunk, ct))
            {
                Change(rows => $"{rows}.{column} between '{part.From}' and '{part.To}'", InSegments(live, part), part);
            }
        }
        else
        {
            Change(_ => "true", "", new Part("", "", [], Added: 1, Changed: 1, Missing: 1));
        }
        statements.Add(new($"truncate {differences}", Counts: false));
        return statements;
    }

    /// <summary>The condition that a live row is in one of the segments of a part. Empty if the part has no live row.</summary>
    private static string InSegments(LiveTable live, Part part) =>
        live.Shape.Segment is { } segment && part.Segments is not []
            ? $" and l.{segment} = any (array[{string.Join(", ", part.Segments)}]::{live.TypeOf(segment)}[])"
            : "";

    /// <summary>
    /// The time column by which a hypertable is partitioned, and the length of a chunk in seconds. Null for a plain table.
    /// </summary>
    private async Task<(string Column, long Chunk)?> Dimension(string table, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(
            """
            select quote_ident(column_name), extract(epoch from time_interval)::bigint from timescaledb_information.dimensions
            where hypertable_schema = $1 and hypertable_name = $2
            """,
            connection
        )
        {
            Parameters =
            {
                new() { Value = schema },
                new() { Value = table },
            },
        };
        await using var reader = await command.ExecuteReaderAsync(ct);
        return await reader.ReadAsync(ct) ? (reader.GetString(0), reader.GetInt64(1)) : null;
    }

    private async Task<List<Part>> Parts(LiveTable live, TableColumns t, string column, long chunk, CancellationToken ct)
    {
        var (made, differences, first) = ($"{shadow}.{t.Name}", $"{shadow}.\"{t.Name}:differences\"", t.Keys[0]);
        await using var batch = new NpgsqlBatch(connection) { Timeout = 0 };
        // Each part finds its rows by time. Without statistics the planner would prefer sequential scans of all tables.
        foreach (var table in (string[])[made, differences])
        {
            batch.BatchCommands.Add(new($"create index on {table} ({column})"));
            batch.BatchCommands.Add(new($"analyze {table}"));
        }
        batch.BatchCommands.Add(
            new(
                $"""
                with wrong as (
                    select d.{column} as at, {(live.Shape.Segment is { } segment ? $"l.{segment}::text" : "null::text")} as segment,
                           l.{first} is not null as is_live, s.{first} is not null as is_made, count(*) over () as rows
                    from {differences} d left join {schema}.{t.Name} l using ({t.Key}) left join {made} s using ({t.Key}))
                select min(at)::text, max(at)::text,
                       coalesce(array_agg(distinct quote_literal(segment)) filter (where segment is not null), array[]::text[]),
                       count(*) filter (where is_live and not is_made), count(*) filter (where is_live and is_made),
                       count(*) filter (where is_made and not is_live)
                from wrong
                group by case when rows <= {Few} then extract(epoch from at) else floor(extract(epoch from at) / {chunk}) end
                order by 1
                """
            )
        );
        var parts = new List<Part>();
        await using var reader = await batch.ExecuteReaderAsync(ct);
        while (await reader.ReadAsync(ct))
        {
            parts.Add(
                new Part(
                    reader.GetString(0),
                    reader.GetString(1),
                    reader.GetFieldValue<string[]>(2),
                    Added: reader.GetInt64(3),
                    Changed: reader.GetInt64(4),
                    Missing: reader.GetInt64(5)
                )
            );
        }
        return parts;
    }
}
