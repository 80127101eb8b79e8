using Fluxion.Projections.Writing;

namespace Fluxion.Projections.Replay;

/// <summary>
/// Receives the rows of a replay, table by table. Rows without a key are passed on immediately. The first and the last of the rows with
/// one key are kept until <see cref="Settle"/>, when every stream is complete. Columns set only once take the value of the first row, and
/// all others take the value of the last row.
/// </summary>
/// <param name="tables">The tables whose rows are wanted, by name.</param>
internal abstract class ReplayedRows(IReadOnlyDictionary<string, LiveTable> tables) : IRowWriter
{
    private readonly Dictionary<string, Rows> _rows = [];

    public long RowsOf(string table) => _rows.GetValueOrDefault(table)?.Written ?? 0;

    public virtual bool Wants(string table) => tables.ContainsKey(table);

    public void Write<TRow>(Table<TRow> table, IReadOnlyList<TRow> rows, Func<TRow, object>? rowKey = null)
    {
        if (rows.Count == 0)
            return;
        if (!_rows.TryGetValue(table.Name, out var known))
        {
            if (!tables.TryGetValue(table.Name, out var live))
                return;
            _rows[table.Name] = known = new Rows<TRow>(table, live.Since, Target(table, live));
        }
        ((Rows<TRow>)known).Add(rows);
    }

    /// <summary>Passes on the rows with a key. Every stream that was begun must be complete.</summary>
    public void Settle()
    {
        foreach (var rows in _rows.Values)
            rows.Settle();
    }

    /// <summary>Returns the function that handles a row, given the first and the last row of its key.</summary>
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
                if (_createdAt is not null && (DateTimeOffset)_createdAt.Value(row)! < since)
                    continue;
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
            foreach (var (first, last) in _kept.Values)
                Append(first, last);
            _kept.Clear();
        }

        private void Append(TRow first, TRow last)
        {
            Written++;
            target(first, last);
        }
    }
}
