using Npgsql;

namespace Fluxion.Projections.Replay;

/// <summary>A table as it is in the database: the columns to hash in a replay, and its sums of digests.</summary>
internal sealed class LiveTable
{
    private readonly string _sums;

    private LiveTable(TableShape shape, string key, IReadOnlyList<string> types, string sums)
    {
        Shape = shape;
        Key = key;
        Types = types;
        _sums = sums;
    }

    public TableShape Shape { get; }

    /// <summary>The uuid column that identifies a row: the first column of the primary key.</summary>
    public string Key { get; }

    /// <summary>The types of <see cref="TableShape.Columns"/>.</summary>
    public IReadOnlyList<string> Types { get; }

    public string TypeOf(string column) => Types[Shape.Columns.ToList().IndexOf(column)];

    /// <summary>
    /// The replay excludes rows created before this time, because retention dropped them. Null if no rows were dropped.
    /// </summary>
    public DateTimeOffset? Since { get; init; }

    public static async Task<LiveTable> Read(
        NpgsqlConnection connection,
        string schema,
        TableShape shape,
        DateTimeOffset? since,
        CancellationToken ct
    )
    {
        await using var command = new NpgsqlCommand(
            """
            select a.attname::text, quote_ident(a.attname), format_type(a.atttypid, null), a.attnum = i.indkey[0],
                   coalesce(pg_get_expr(d.adbin, d.adrelid), 'null')
            from pg_attribute a
            join pg_index i on i.indrelid = a.attrelid and i.indisprimary
            left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
            where a.attrelid = $1::text::regclass and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
            """,
            connection
        )
        {
            Parameters = { new() { Value = $"{schema}.{shape.Name}" } },
        };
        var columns = new List<(string Name, string Quoted, string Type, bool IsKey, string Default)>();
        await using var reader = await command.ExecuteReaderAsync(ct);
        while (await reader.ReadAsync(ct))
            columns.Add((reader.GetString(0), reader.GetString(1), reader.GetString(2), reader.GetBoolean(3), reader.GetString(4)));
        var key = columns.Single(c => c.IsKey).Name;
        var written = shape.Columns.Select(name => columns.Single(c => c.Name == name)).ToList();
        // For a state, only id and data are compared. For other tables, columns that only a default writes are compared too.
        var others = shape.IsState ? [] : columns.Except(written).Select(c => $"{c.Quoted} is distinct from {c.Default}").ToList();
        var digest = RowDigest.Sql(
            written.Select(c => (c.Quoted, c.Type)),
            shape.IsState,
            key,
            others is [] ? "false" : string.Join(" or ", others)
        );
        return new LiveTable(
            shape,
            key,
            [.. written.Select(c => c.Type)],
            $"select {BucketSums.Sql(key)}, count(*), sum({digest}) from {schema}.{shape.Name} l where "
        )
        {
            Since = since,
        };
    }

    /// <param name="known">A condition on the row, here l. It excludes rows of events that the replay did not read.</param>
    public async Task<BucketSums> Sums(NpgsqlConnection connection, string known, CancellationToken ct)
    {
        var sums = new BucketSums();
        await using var command = new NpgsqlCommand($"{_sums}{known} group by 1", connection) { CommandTimeout = 0 };
        await using var reader = await command.ExecuteReaderAsync(ct);
        while (await reader.ReadAsync(ct))
            sums.Add(reader.GetInt32(0), reader.GetInt64(1), (Int128)reader.GetDecimal(2));
        return sums;
    }
}
