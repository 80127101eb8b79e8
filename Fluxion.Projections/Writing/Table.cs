using System.Text;
using Marten;

namespace Fluxion.Projections.Writing;

/// <summary>The table of one read model: its name, its key, and the value of each column for a row.</summary>
/// <param name="name">The table's name within the tenant's schema.</param>
/// <param name="key">The columns of the key: a row replaces an existing row with the same key. Empty for an append-only table.</param>
public sealed class Table<TRow>(string name, params string[] key)
{
    private readonly List<Column<TRow>> _columns = [];

    public string Name => name;

    /// <summary>The columns of the key; empty for an append-only table.</summary>
    public IReadOnlyList<string> Key => key;

    internal IReadOnlyList<Column<TRow>> Columns => _columns;

    /// <summary>
    /// The segment column, by which old chunks of a hypertable are compressed (docs/compression.md). Null for a plain table.
    /// </summary>
    public string? Segment { get; init; }

    /// <summary>
    /// Adds a column of a type that Npgsql sends as an array, such as uuid, numeric, timestamptz, text, bigint or boolean.
    /// </summary>
    public Table<TRow> Add<TValue>(string column, string type, Func<TRow, TValue> value)
    {
        _columns.Add(new Column<TRow, TValue>(column, type, type, value, Once: false));
        return this;
    }

    /// <summary>Like <see cref="Add"/>, for a value that the first row of a key sets and later rows do not change.</summary>
    public Table<TRow> AddOnce<TValue>(string column, string type, Func<TRow, TValue> value)
    {
        _columns.Add(new Column<TRow, TValue>(column, type, type, value, Once: true));
        return this;
    }

    /// <summary>Adds a column of any type (jsonb, inet, uuid[], …), as PostgreSQL's text form of the value.</summary>
    public Table<TRow> AddText(string column, string type, Func<TRow, string?> value)
    {
        _columns.Add(new Column<TRow, string?>(column, type, "text", value, Once: false));
        return this;
    }

    /// <summary>Adds a jsonb column, as its text in UTF-8.</summary>
    public Table<TRow> AddJson(string column, Func<TRow, byte[]?> value)
    {
        _columns.Add(new JsonColumn<TRow>(column, value));
        return this;
    }

    /// <summary>
    /// The statement that inserts rows, with one array parameter ? per column (<c>insert … select … from unnest(…)</c>).
    /// </summary>
    internal string Insert(string schema)
    {
        var names = string.Join(", ", _columns.Select(c => c.Name));
        var values = string.Join(", ", _columns.Select(c => c.Type == c.ArrayType ? $"r.{c.Name}" : $"r.{c.Name}::{c.Type}"));
        var arrays = string.Join(", ", _columns.Select(c => $"?::{c.ArrayType}[]"));
        var insert = $"insert into {schema}.{name} ({names}) select {values} from unnest({arrays}) as r ({names})";
        if (key.Length == 0)
            return insert;
        var kept = string.Join(", ", _columns.Where(c => !key.Contains(c.Name) && !c.Once).Select(c => $"{c.Name} = excluded.{c.Name}"));
        return $"{insert} on conflict ({string.Join(", ", key)}) do update set {kept}";
    }
}

/// <param name="Type">The type of the column in the table.</param>
/// <param name="ArrayType">The type of the elements sent to the server: text for a type that Npgsql cannot send as an array.</param>
/// <param name="Once">Whether only the first row of a key sets the value.</param>
internal abstract record Column<TRow>(string Name, string Type, string ArrayType, bool Once)
{
    public abstract Array Values(IReadOnlyList<TRow> rows);

    public abstract object? Value(TRow row);

    /// <summary>Appends the value in the binary format of COPY.</summary>
    public abstract void Copy(TRow row, BinaryRows rows);
}

internal sealed record Column<TRow, TValue>(string Name, string Type, string ArrayType, Func<TRow, TValue> Of, bool Once)
    : Column<TRow>(Name, Type, ArrayType, Once)
{
    private readonly Action<BinaryRows, TValue> _copy = BinaryRows.Writer<TValue>(Type);

    public override Array Values(IReadOnlyList<TRow> rows) => rows.Select(Of).ToArray();

    public override object? Value(TRow row) => Of(row);

    public override void Copy(TRow row, BinaryRows rows) => _copy(rows, Of(row));
}

internal sealed record JsonColumn<TRow>(string Name, Func<TRow, byte[]?> Of) : Column<TRow>(Name, "jsonb", "text", Once: false)
{
    public override Array Values(IReadOnlyList<TRow> rows) =>
        rows.Select(row => Of(row) is { } json ? Encoding.UTF8.GetString(json) : null).ToArray();

    public override object? Value(TRow row) => Of(row);

    public override void Copy(TRow row, BinaryRows rows) => rows.AddJson(Of(row));
}

/// <summary>
/// The destination of the rows of read models: the transaction of the events (<see cref="LiveRows"/>), or a replay.
/// </summary>
public interface IRowWriter
{
    /// <summary>Whether rows of the table are wanted. Read models ask this where rows are expensive to compute.</summary>
    bool Wants(string table) => true;

    /// <summary>Writes any number of rows, including none. The last of several rows with the same key counts.</summary>
    /// <param name="rowKey">Returns the key of a row. Null if no key appears more than once in a call, or the table has no key.</param>
    void Write<TRow>(Table<TRow> table, IReadOnlyList<TRow> rows, Func<TRow, object>? rowKey = null);
}

/// <summary>Queues one insert statement per table in the transaction of the events, or two if a key appears more than once.</summary>
internal sealed class LiveRows(IDocumentOperations operations, string schema) : IRowWriter
{
    public void Write<TRow>(Table<TRow> table, IReadOnlyList<TRow> rows, Func<TRow, object>? rowKey = null)
    {
        if (rowKey is not null)
        {
            var keys = rows.GroupBy(rowKey).ToList();
            // A statement accepts each key only once. First rows are inserted separately, so that later rows do not lose values set only
            // once.
            Insert(table, [.. keys.Where(same => same.Count() > 1).Select(same => same.First())]);
            rows = [.. keys.Select(same => same.Last())];
        }
        Insert(table, rows);
    }

    private void Insert<TRow>(Table<TRow> table, IReadOnlyList<TRow> rows)
    {
        if (rows.Count == 0)
            return;
        operations.QueueSqlCommand(table.Insert(schema), [.. table.Columns.Select(column => (object)column.Values(rows))]);
    }
}
