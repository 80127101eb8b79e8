using Fluxion.Projections.Writing;

namespace Fluxion.Projections.Replay;

/// <summary>One table of a replay, a read model's or one of aggregates' states.</summary>
/// <param name="Columns">Those that a replay writes.</param>
/// <param name="OnlyGrows">Whether its rows are never replaced.</param>
/// <param name="IsState">Whether it holds the documents in which Marten keeps the last state of each aggregate.</param>
internal sealed record TableShape(string Name, IReadOnlyList<string> Columns, bool OnlyGrows, bool IsState)
{
    /// <summary>The column by which old chunks of a hypertable are compressed in segments; null for a plain table.</summary>
    public string? Segment { get; init; }

    /// <summary>Tables of the data model that nothing writes yet: no event bears out a row of theirs.</summary>
    private static readonly string[] Unwritten = ["forecasts"];

    /// <summary>All of them, in the order of their foreign keys: each is written once, with no row.</summary>
    public static IReadOnlyList<TableShape> All(StateRows states)
    {
        var seen = new Seen();
        foreach (var table in ReadModels.Tables) table.Write([], seen);
        foreach (var table in Unwritten) seen.Write(new Table<Guid>(table), []);
        states.Write([], seen);
        return [.. seen.Shapes.Select(shape => shape with { IsState = states.Has(shape.Name) })];
    }

    private sealed class Seen : IRowWriter
    {
        public List<TableShape> Shapes { get; } = [];

        public void Write<TRow>(Table<TRow> table, IReadOnlyList<TRow> rows, Func<TRow, object>? rowKey = null) =>
            Shapes.Add(new TableShape(table.Name, [.. table.Columns.Select(c => c.Name)], table.Key.Count == 0, IsState: false)
            {
                Segment = table.Segment,
            });
    }
}
