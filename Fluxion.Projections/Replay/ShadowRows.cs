using System.Threading.Channels;
using Fluxion.Projections.Writing;
using Npgsql;

namespace Fluxion.Projections.Replay;

/// <summary>Rows of one table on their way into the shadow schema.</summary>
internal sealed record CopyBatch(string Table, string Columns, BinaryRows Rows)
{
    public async Task Into(NpgsqlConnection connection, string table, CancellationToken ct)
    {
        await using var stream = await connection.BeginRawBinaryCopyAsync($"copy {table} ({Columns}) from stdin (format binary)", ct);
        await stream.WriteAsync(Rows.Bytes, ct);
    }
}

/// <summary>
/// Takes the rows of a replay table by table. Rows without a key go on at once; of those with a key, the first and the last are kept until
/// <see cref="Settle"/>, when no stream is halfway: what the first one said once stays, all else is the last one's.
/// </summary>
internal sealed class ShadowRows(Func<string, bool> wanted) : IRowWriter
{
    private const int BatchBytes = 1024 * 1024;

    private readonly Dictionary<string, Shadow> _tables = [];
    private readonly List<string> _order = [];
    private readonly List<CopyBatch> _full = [];

    /// <summary>The tables that were written to, also those that got no row, in the order of their foreign keys.</summary>
    public IReadOnlyList<string> Tables => _order;

    public long RowsOf(string table) => _tables.GetValueOrDefault(table)?.Written ?? 0;

    /// <summary>Whether rows of the table are never replaced.</summary>
    public bool OnlyGrows(string table) => _tables[table].OnlyGrows;

    /// <summary>An empty one for some of the tables.</summary>
    public static ShadowRows Of(IReadOnlySet<string> tables) => new(tables.Contains);

    public void Write<TRow>(Table<TRow> table, IReadOnlyList<TRow> rows, Func<TRow, object>? rowKey = null)
    {
        if (!_tables.TryGetValue(table.Name, out var shadow))
        {
            if (!wanted(table.Name)) return;
            _tables[table.Name] = shadow = new Shadow<TRow>(table, _full);
            _order.Add(table.Name);
        }
        if (rows.Count > 0) ((Shadow<TRow>)shadow).Add(rows);
    }

    /// <summary>Every stream that was begun is at its end.</summary>
    public void Settle()
    {
        foreach (var table in _tables.Values) table.Settle();
    }

    /// <summary>Sends what has filled a buffer; all there is when it is the end.</summary>
    public async ValueTask Send(ChannelWriter<CopyBatch> to, bool all, CancellationToken ct)
    {
        if (all)
        {
            foreach (var table in _tables.Values) table.Hand();
        }
        foreach (var batch in _full) await to.WriteAsync(batch, ct);
        _full.Clear();
    }

    private abstract class Shadow
    {
        public long Written { get; protected set; }
        public abstract bool OnlyGrows { get; }
        public abstract void Settle();
        public abstract void Hand();
    }

    private sealed class Shadow<TRow>(Table<TRow> table, List<CopyBatch> full) : Shadow
    {
        private readonly Column<TRow>[] _columns = [.. table.Columns];
        private readonly Column<TRow>[] _key = [.. table.Key.Select(k => table.Columns.Single(c => c.Name == k))];
        private readonly Dictionary<object, (TRow First, TRow Last)> _kept = [];
        private BinaryRows _rows = new();

        public override bool OnlyGrows => _key.Length == 0;

        public void Add(IReadOnlyList<TRow> rows)
        {
            foreach (var row in rows)
            {
                if (OnlyGrows)
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

        public override void Hand()
        {
            if (_rows.Rows == 0) return;
            _rows.End();
            full.Add(new CopyBatch(table.Name, string.Join(", ", _columns.Select(c => c.Name)), _rows));
            _rows = new BinaryRows();
        }

        private void Append(TRow first, TRow last)
        {
            Written++;
            _rows.Row(_columns.Length);
            foreach (var column in _columns) column.Copy(column.Once ? first : last, _rows);
            if (_rows.Length >= BatchBytes) Hand();
        }
    }
}
