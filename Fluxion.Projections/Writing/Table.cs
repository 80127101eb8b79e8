using System.Text;
using Marten;

namespace Fluxion.Projections.Writing;

/// <summary>One read model's table: its name, its key, and how each column comes from a row.</summary>
/// <param name="name">The table's name within the tenant's schema.</param>
/// <param name="key">The columns of its key: a row whose key is there already replaces that row. Empty for a table that only grows.</param>
public sealed class Table<TRow>(string name, params string[] key)
{
    private readonly List<Column<TRow>> _columns = [];

    public string Name => name;

    /// <summary>The columns of the key; none for a table that only grows.</summary>
    public IReadOnlyList<string> Key => key;

    internal IReadOnlyList<Column<TRow>> Columns => _columns;

    /// <summary>
    /// The column by which old chunks of a hypertable are compressed in segments (docs/compression.md); null for a plain table.
    /// </summary>
    public string? Segment { get; init; }

    /// <summary>A column of a type that Npgsql sends in an array: uuid, numeric, timestamptz, text, bigint, boolean.</summary>
    public Table<TRow> Add<TValue>(string column, string type, Func<TRow, TValue> value)
    {
        _columns.Add(new Column<TRow, TValue>(column, type, type, value, Once: false));
        return this;
    }

    /// <summary>As <see cref="Add"/>, for what the first row of a key says and later ones leave alone.</summary>
    public Table<TRow> AddOnce<TValue>(string column, string type, Func<TRow, TValue> value)
    {
        _columns.Add(new Column<TRow, TValue>(column, type, type, value, Once: true));
        return this;
    }

    /// <summary>A column of any type (jsonb, inet, uuid[], …) in PostgreSQL's own text form of it.</summary>
    public Table<TRow> AddText(string column, string type, Func<TRow, string?> value)
    {
        _columns.Add(new Column<TRow, string?>(column, type, "text", value, Once: false));
        return this;
    }

    /// <summary>A column of jsonb, as its text in UTF-8.</summary>
    public Table<TRow> AddJson(string column, Func<TRow, byte[]?> value)
    {
        _columns.Add(new JsonColumn<TRow>(column, value));
        return this;
    }

    /// <summary>
    /// The statement that writes rows with their columns as arrays (<c>insert … select … from unnest(…)</c>), with ? for each of them.
    /// </summary>
    internal string Insert(string schema)
    {
        var names = string.Join(", ", _columns.Select(c => c.Name));
        var values = string.Join(", ", _columns.Select(c => c.Type == c.ArrayType ? $"r.{c.Name}" : $"r.{c.Name}::{c.Type}"));
        var arrays = string.Join(", ", _columns.Select(c => $"?::{c.ArrayType}[]"));
        var insert = $"insert into {schema}.{name} ({names}) select {values} from unnest({arrays}) as r ({names})";
        if (key.Length == 0) return insert;
        var kept = string.Join(", ", _columns.Where(c => !key.Contains(c.Name) && !c.Once).Select(c => $"{c.Name} = excluded.{c.Name}"));
        return $"{insert} on conflict ({string.Join(", ", key)}) do update set {kept}";
    }
}

/// <param name="Type">As the table has it.</param>
/// <param name="ArrayType">As it is sent: text for what Npgsql sends in no array.</param>
/// <param name="Once">Whether the first row of a key decides it.</param>
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
    public override Array Values(IReadOnlyList<TRow> rows) => rows.Select(row => Of(row) is { } json ? Encoding.UTF8.GetString(json) : null).ToArray();

    public override object? Value(TRow row) => Of(row);

    public override void Copy(TRow row, BinaryRows rows) => rows.AddJson(Of(row));
}

/// <summary>Where the rows of read models go: into the transaction of the events (<see cref="LiveRows"/>), or into a replay.</summary>
public interface IRowWriter
{
    /// <summary>Whether rows of the table are wanted: asked where they cost something to make.</summary>
    bool Wants(string table) => true;

    /// <summary>Takes rows, of which there may be none; of several with one key the last counts.</summary>
    /// <param name="rowKey">The key of a row; left out where one call has no key twice, and for a table without one.</param>
    void Write<TRow>(Table<TRow> table, IReadOnlyList<TRow> rows, Func<TRow, object>? rowKey = null);
}

/// <summary>Queues one statement a table in the transaction of the events.</summary>
internal sealed class LiveRows(IDocumentOperations operations, string schema) : IRowWriter
{
    public void Write<TRow>(Table<TRow> table, IReadOnlyList<TRow> rows, Func<TRow, object>? rowKey = null)
    {
        if (rowKey is not null)
        {
            var keys = rows.GroupBy(rowKey).ToList();
            // a statement takes a key once; what only its first row says is not lost to a later one
            Insert(table, [.. keys.Where(same => same.Count() > 1).Select(same => same.First())]);
            rows = [.. keys.Select(same => same.Last())];
        }
        Insert(table, rows);
    }

    private void Insert<TRow>(Table<TRow> table, IReadOnlyList<TRow> rows)
    {
        if (rows.Count == 0) return;
        operations.QueueSqlCommand(table.Insert(schema), [.. table.Columns.Select(column => (object)column.Values(rows))]);
    }
}
