using System.Runtime.CompilerServices;
using System.Text.Json;
using Npgsql;

namespace Fluxion.Projections.Replay;

/// <summary>One value of a row that does not follow from the events. Column is null if the row is missing or surplus.</summary>
/// <param name="Key">The key of the row: columns and values.</param>
/// <param name="Live">The value in the table; null for a missing row.</param>
/// <param name="Replayed">The value that follows from the events; null for a surplus row.</param>
public sealed record Difference(string Table, string Key, string? Column, string? Live, string? Replayed);

/// <summary>The result of a replay for one table.</summary>
/// <param name="LiveRows">The number of rows in the table; null if the table was not compared.</param>
/// <param name="Differences">The number of differing, missing and surplus rows; null if the table was not compared.</param>
/// <param name="First">The first differences, value by value.</param>
public sealed record ReplayedTable(string Name, long? LiveRows, long ReplayedRows, long? Differences, IReadOnlyList<Difference> First);

/// <summary>
/// Compares the rows of a table in the candidate buckets with the rows of its shadow that have the same key, value by value.
/// Both are read in one transaction.
/// </summary>
internal sealed class Comparison(NpgsqlConnection snapshot, string schema, string shadow)
{
    /// <param name="live">The table to compare.</param>
    /// <param name="buckets">The candidate buckets. The shadow has no rows of other buckets.</param>
    /// <param name="known">A condition on the live row, here l. It excludes rows of events that the replay did not read.</param>
    /// <returns>The number of differing rows.</returns>
    public async Task<long> Compare(LiveTable live, IReadOnlyCollection<int> buckets, string known, CancellationToken ct)
    {
        var table = live.Shape.Name;
        var columns = await TableColumns.Read(snapshot, schema, shadow, table, ct);
        string Compared(string from, string where) =>
            $"select {columns.Key}, row({string.Join(", ", columns.Compared)}) as compared from {from} l where {where}";
        var suspect = $"{BucketSums.Sql($"l.{live.Key}")} in ({string.Join(", ", buckets)})";
        await using var batch = new NpgsqlBatch(snapshot) { Timeout = 0 };
        batch.BatchCommands.Add(
            new(
                $"""
                create table {shadow}."{table}:differences" as
                select {columns.Key},
                       case when l.compared is null then 'missing' when s.compared is null then 'added' else 'changed' end as difference
                from ({Compared($"{schema}.{table}", buckets.Count == 0 ? "false" : $"{suspect} and {known}")}) l
                full join ({Compared($"{shadow}.{table}", "true")}) s using ({columns.Key})
                where l.compared is distinct from s.compared
                """
            )
        );
        batch.BatchCommands.Add(new($"select count(*) from {shadow}.\"{table}:differences\""));
        return (long)(await batch.ExecuteScalarAsync(ct))!;
    }

    /// <summary>The differing values of up to <paramref name="rows"/> rows, in the order of the key.</summary>
    public async IAsyncEnumerable<Difference> Differences(string table, long? rows, [EnumeratorCancellation] CancellationToken ct)
    {
        var columns = await TableColumns.Read(snapshot, schema, shadow, table, ct);
        await using var command = new NpgsqlCommand(
            $"""
            select concat_ws(', ', {string.Join(
                ", ",
                columns.Keys.Select(k => $"'{k} ' || d.{k}")
            )}), d.difference, to_jsonb(l), to_jsonb(s)
            from (select * from {shadow}."{table}:differences" order by {columns.Key} limit {rows?.ToString(
                System.Globalization.CultureInfo.InvariantCulture
            ) ?? "all"}) d
            left join {schema}.{table} l using ({columns.Key})
            left join {shadow}.{table} s using ({columns.Key})
            order by {string.Join(", ", columns.Keys.Select(k => $"d.{k}"))}
            """,
            snapshot
        )
        {
            CommandTimeout = 0,
        };
        await using var reader = await command.ExecuteReaderAsync(ct);
        while (await reader.ReadAsync(ct))
        {
            var (row, difference) = (reader.GetString(0), reader.GetString(1));
            if (difference != "changed")
            {
                yield return new Difference(
                    table,
                    row,
                    null,
                    difference == "added" ? reader.GetString(2) : null,
                    difference == "missing" ? reader.GetString(3) : null
                );
                continue;
            }
            using var live = JsonDocument.Parse(reader.GetString(2));
            using var replayed = JsonDocument.Parse(reader.GetString(3));
            foreach (var column in columns.Others.Select(name => name.Trim('"'))) // a word of SQL is quoted
            {
                var (one, other) = (live.RootElement.GetProperty(column), replayed.RootElement.GetProperty(column));
                if (!JsonElement.DeepEquals(one, other))
                    yield return new Difference(table, row, column, Text(one), Text(other));
            }
        }
    }

    private static string? Text(JsonElement value) => value.ValueKind == JsonValueKind.Null ? null : value.ToString();
}
