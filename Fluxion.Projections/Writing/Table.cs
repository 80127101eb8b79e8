using Marten;

namespace Fluxion.Projections.Writing;

/// <summary>
/// How the rows of one read model are written: all rows of a transaction in one statement, a column an array
/// (<c>insert … select … from unnest(…)</c>).
/// </summary>
/// <param name="name">The table's name within the tenant's schema.</param>
/// <param name="key">The columns of its key: a row whose key is there already replaces that row. Empty for a table that only grows.</param>
public sealed class Table<TRow>(string name, params string[] key)
{
    private readonly List<Column> _columns = [];

    private sealed record Column(string Name, string ArrayType, string Type, Func<IReadOnlyList<TRow>, Array> Values, bool Once = false);

    /// <summary>A column of a type that Npgsql sends in an array: uuid, numeric, timestamptz, text, bigint, boolean.</summary>
    public Table<TRow> Add<TValue>(string column, string type, Func<TRow, TValue> value)
    {
        _columns.Add(new Column(column, type, type, rows => rows.Select(value).ToArray()));
        return this;
    }

    /// <summary>As <see cref="Add"/>, for what the first row of a key says and later ones leave alone.</summary>
    public Table<TRow> AddOnce<TValue>(string column, string type, Func<TRow, TValue> value)
    {
        _columns.Add(new Column(column, type, type, rows => rows.Select(value).ToArray(), Once: true));
        return this;
    }

    /// <summary>A column of any type (jsonb, inet, uuid[], …) in PostgreSQL's own text form of it.</summary>
    public Table<TRow> AddText(string column, string type, Func<TRow, string?> value)
    {
        _columns.Add(new Column(column, "text", type, rows => rows.Select(value).ToArray()));
        return this;
    }

    /// <summary>Queues one statement for all rows; of several rows with one key the last counts.</summary>
    /// <param name="rowKey">The key of a row; ignored for a table without one.</param>
    public void Write(IDocumentOperations operations, string schema, IReadOnlyList<TRow> rows, Func<TRow, object>? rowKey = null)
    {
        if (rowKey is not null) rows = [.. rows.GroupBy(rowKey).Select(same => same.Last())];
        if (rows.Count == 0) return;
        operations.QueueSqlCommand(Statement(schema), [.. _columns.Select(column => (object)column.Values(rows))]);
    }

    private string Statement(string schema)
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
