using Fluxion.Projections.Writing;

namespace Fluxion.Projections.Replay;

/// <summary>
/// Takes the rows of a replay table by table. Rows without a key go on at once; of those with a key, the first and the last are kept until
/// <see cref="Settle"/>, when no stream is halfway: what the first one said once stays, all else is the last one's.
/// </summary>
/// <param name="tables">Those whose rows are wanted, by their names.</param>
internal abstract class ReplayedRows(IReadOnlyDictionary<string, LiveTable> tables) : IRowWriter
{
    private readonly Dictionary<string, Rows> _rows = [];

    public long RowsOf(string table) => _rows.GetValueOrDefault(table)?.Written ?? 0;

    public virtual bool Wants(string table) => tables.ContainsKey(table);

    public void Write<TRow>(Table<TRow> table, IReadOnlyList<TRow> rows, Func<TRow, object>? rowKey = null)
    {
        if (rows.Count == 0) return;
        if (!_rows.TryGetValue(table.Name, out var known))
        {
            if (!tables.TryGetValue(table.Name, out var live)) return;
            _rows[table.Name] = known = new Rows<TRow>(table, live.Since, Target(table, live));
        }
        ((Rows<TRow>)known).Add(rows);
    }

    /// <summary>Every stream that was begun is at its end.</summary>
    public void Settle()
    {
        foreach (var rows in _rows.Values) rows.Settle();
    }

    /// <summary>What becomes of a row, of which the first and the last of its key are given.</summary>
    protected abstract Action<TRow, TRow> Target<TRow>(Table<TRow> table, LiveTable live);

    private abstract class Rows
    {
        public long Written { get; protected set; }
        public abstract void Settle();
    }

    private sealed class Rows<TRow>(Table<TRow> table, DateTimeOffset? since, Action<TRow, TRow> target) : Rows
    {
        private readonly Column<TRow>[] _key = [.. table.Key.Select(k => table.Columns.Single(c => c.Name == k))];
        private readonly Column<TRow>? _createdAt = since is null ? null : table.Columns.Single(c => c.Name == "created_at");
        private readonly Dictionary<object, (TRow First, TRow Last)> _kept = [];

        public void Add(IReadOnlyList<TRow> rows)
        {
            foreach (var row in rows)
            {
                if (_createdAt is not null && (DateTimeOffset)_createdAt.Value(row)! < since) continue;
                if (_key.Length == 0)
                {
                    Append(row, row);
                    continue;
                }
                var key = _key.Length == 1 ? _key[0].Value(row)! : (_key[0].Value(row), _key[1].Value(row));
                _kept[key] = _kept.TryGetValue(key, out var kept) ? (kept.First, row) : (row, row);
            }
        }

        public override void Settle()
        {
            foreach (var (first, last) in _kept.Values) Append(first, last);
            _kept.Clear();
        }

        private void Append(TRow first, TRow last)
        {
            Written++;
            target(first, last);
        }
    }
}
