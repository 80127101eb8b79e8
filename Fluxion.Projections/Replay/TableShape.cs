using Fluxion.Projections.Writing;

namespace Fluxion.Projections.Replay;

/// <summary>One table of a replay: the table of a read model, or of the states of an aggregate.</summary>
/// <param name="Columns">The columns that a replay writes.</param>
/// <param name="OnlyGrows">Whether the table is append-only.</param>
/// <param name="IsState">Whether the table has the documents in which Marten stores the last state of each aggregate.</param>
internal sealed record TableShape(string Name, IReadOnlyList<string> Columns, bool OnlyGrows, bool IsState)
{
    /// <summary>The segment column, by which old chunks of a hypertable are compressed. Null for a plain table.</summary>
    public string? Segment { get; init; }

    /// <summary>Tables of the data model that no read model writes yet. A row in them follows from no event.</summary>
    private static readonly string[] Unwritten = ["forecasts"];

    /// <summary>All tables, in the order of their foreign keys. Each is written once without rows, to learn its shape.</summary>
    public static IReadOnlyList<TableShape> All(StateRows states)
    {
        var seen = new Seen();
        foreach (var table in ReadModels.Tables)
            table.Write([], seen);
        foreach (var table in Unwritten)
            seen.Write(new Table<Guid>(table), []);
        states.Write([], seen);
        return [.. seen.Shapes.Select(shape => shape with { IsState = states.Has(shape.Name) })];
    }

    private sealed class Seen : IRowWriter
    {
        public List<TableShape> Shapes { get; } = [];

        public void Write<TRow>(Table<TRow> table, IReadOnlyList<TRow> rows, Func<TRow, object>? rowKey = null) =>
            Shapes.Add(
                new TableShape(table.Name, [.. table.Columns.Select(c => c.Name)], table.Key.Count == 0, IsState: false)
                {
                    Segment = table.Segment,
                }
            );
    }
}
