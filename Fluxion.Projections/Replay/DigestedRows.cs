using Fluxion.Projections.Writing;

namespace Fluxion.Projections.Replay;

/// <summary>The rows of a replay, reduced to sums of their digests.</summary>
internal sealed class DigestedRows(IReadOnlyDictionary<string, LiveTable> tables) : ReplayedRows(tables)
{
    private readonly Dictionary<string, BucketSums> _sums = [];

    /// <summary>The sums of a table over the rows of all given workers.</summary>
    public static BucketSums Sums(IEnumerable<DigestedRows> workers, string table)
    {
        var all = new BucketSums();
        foreach (var worker in workers)
        {
            if (worker._sums.TryGetValue(table, out var sums))
                all.Add(sums);
        }
        return all;
    }

    protected override Action<TRow, TRow> Target<TRow>(Table<TRow> table, LiveTable live)
    {
        var digest = new RowDigest(live.Types, live.Shape.IsState);
        var sums = _sums[table.Name] = new BucketSums();
        Column<TRow>[] columns = [.. table.Columns];
        var keyColumn = columns.Single(c => c.Name == live.Key);
        var (row, key) = (new BinaryRows(), new BinaryRows());
        return (first, last) =>
        {
            row.Clear();
            key.Clear();
            foreach (var column in columns)
                column.Copy(column.Once ? first : last, row);
            keyColumn.Copy(last, key);
            var id = key.Fields[sizeof(int)..];
            sums.Add(BucketSums.BucketOf(id), 1, (long)digest.Compute(row.Fields, id));
        };
    }
}
