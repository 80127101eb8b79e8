using System.Threading.Channels;
using Fluxion.Projections.Writing;
using Npgsql;

namespace Fluxion.Projections.Replay;

/// <summary>A batch of rows of one table to copy into the shadow schema.</summary>
internal sealed record CopyBatch(string Table, string Columns, BinaryRows Rows)
{
    public async Task Into(NpgsqlConnection connection, string table, CancellationToken ct)
    {
        await using var stream = await connection.BeginRawBinaryCopyAsync($"copy {table} ({Columns}) from stdin (format binary)", ct);
        await stream.WriteAsync(Rows.Bytes, ct);
    }
}

/// <summary>The complete rows of a replay, to copy into the shadow schema.</summary>
/// <param name="buckets">The wanted buckets of each table; null for all rows.</param>
internal sealed class ShadowRows(IReadOnlyDictionary<string, LiveTable> tables, IReadOnlyDictionary<string, HashSet<int>>? buckets = null)
    : ReplayedRows(tables)
{
    private const int BatchBytes = 1024 * 1024;

    private readonly List<Action> _rest = [];
    private readonly List<CopyBatch> _full = [];

    public override bool Wants(string table) =>
        base.Wants(table) && (buckets is null || buckets.GetValueOrDefault(table) is { Count: > 0 });

    /// <summary>Sends the full buffers. With <paramref name="all"/> it also sends the others.</summary>
    public async ValueTask Send(ChannelWriter<CopyBatch> to, bool all, CancellationToken ct)
    {
        if (all)
            _rest.ForEach(hand => hand());
        foreach (var batch in _full)
            await to.WriteAsync(batch, ct);
        _full.Clear();
    }

    protected override Action<TRow, TRow> Target<TRow>(Table<TRow> table, LiveTable live)
    {
        Column<TRow>[] columns = [.. table.Columns];
        var names = string.Join(", ", columns.Select(c => c.Name));
        var keyColumn = columns.Single(c => c.Name == live.Key);
        var wanted = buckets?.GetValueOrDefault(table.Name, []);
        var (rows, key) = (new BinaryRows(), new BinaryRows());
        void Hand()
        {
            if (rows.Rows == 0)
                return;
            rows.End();
            _full.Add(new CopyBatch(table.Name, names, rows));
            rows = new BinaryRows();
        }
        _rest.Add(Hand);
        if (wanted is { Count: 0 })
            return (_, _) => { };
        return (first, last) =>
        {
            if (wanted is not null)
            {
                key.Clear();
                keyColumn.Copy(last, key);
                if (!wanted.Contains(BucketSums.BucketOf(key.Fields[sizeof(int)..])))
                    return;
            }
            rows.Row(columns.Length);
            foreach (var column in columns)
                column.Copy(column.Once ? first : last, rows);
            if (rows.Length >= BatchBytes)
                Hand();
        };
    }
}
