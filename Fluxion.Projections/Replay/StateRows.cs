using Fluxion.Ledger;
using Fluxion.Projections.Writing;
using Marten;

namespace Fluxion.Projections.Replay;

/// <summary>
/// The documents in which Marten stores the last state of each aggregate, as tables of a replay. Commands decide on these states, so they
/// must follow from the events as well.
/// </summary>
internal sealed class StateRows
{
    private readonly DocumentStore _store;
    private readonly Dictionary<Type, Table<(Guid Id, object State)>> _tables = [];

    public StateRows(DocumentStore store)
    {
        _store = store;
        foreach (
            var type in ((IDocumentStore)store).Options.AllKnownDocumentTypes().Select(d => d.DocumentType).Where(LedgerModel.IsAggregate)
        )
        {
            _tables[type] = new Table<(Guid Id, object State)>(
                ((IDocumentStore)store).Options.FindOrResolveDocumentType(type).TableName.Name,
                "id"
            )
                .Add("id", "uuid", r => r.Id)
                .AddText("data", "jsonb", r => _store.Serializer.ToJson(r.State));
        }
    }

    public bool Has(string table) => _tables.Values.Any(t => t.Name == table);

    public void Write(IReadOnlyList<(Guid Id, object State)> states, IRowWriter rows)
    {
        foreach (var (type, table) in _tables)
            rows.Write(table, [.. states.Where(s => s.State.GetType() == type)]);
    }
}
