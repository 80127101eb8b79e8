using Fluxion.Ledger.Session;
using Fluxion.Ledger.Tenancy;
using JasperFx.Events;
using JasperFx.Events.Projections;
using Marten;
using Marten.Events.Projections;

namespace Fluxion.Projections.Writing;

/// <summary>One table of the data model: the rows that it gets from changes. Pure, so that a replay writes what was written live.</summary>
public interface IReadModel
{
    void Write(IReadOnlyList<Change> changes, IRowWriter rows);
}

/// <summary>
/// Marten's inline projection that keeps all read models of one tenant in the transaction of the events:
/// what a command has answered is what the next query sees. Tables are written in the order of their foreign keys.
/// </summary>
public sealed class ReadModels(string schema) : IProjection
{
    /// <summary>All of them; a replay writes and compares these.</summary>
    internal static readonly IReadModel[] Tables =
    [
        new SettingsTable(), new UsersTable(), new StoresTable(), new CategoriesTable(), new SuppliersTable(), new ProductsTable(), new ProductBarcodesTable(),
        new ProductPricesTable(),
        new PurchaseOrdersTable(), new PurchaseOrderItemsTable(), new DeliveryItemsTable(),
        new TransfersTable(), new TransferItemsTable(), new ReservationsTable(), new ReservationItemsTable(),
        new InventoryTable(), new InventoryMovementsTable(), new SalesTable(), new SaleItemsTable(), new SalePaymentsTable(), new SaleReturnsTable(),
        new ReservationFulfilmentsTable(),
        new AlertsTable(), new EventsTable(),
    ];

    public Task ApplyAsync(IDocumentOperations operations, IReadOnlyList<IEvent> events, CancellationToken cancellation)
    {
        // the session knows the state before and after each event; the metadata of the events is complete by now
        var changes = LedgerSession.From(operations).Changes;
        var rows = new LiveRows(operations, schema);
        foreach (var table in Tables) table.Write(changes, rows);
        return Task.CompletedTask;
    }
}

/// <summary>Registers the read models with each tenant's store.</summary>
public sealed class TenantReadModels : ITenantReadModels
{
    public void Configure(StoreOptions options, string schema) => options.Projections.Add(new ReadModels(schema), ProjectionLifecycle.Inline);
}

/// <summary>What several tables read from a change.</summary>
internal static class ChangeMetadata
{
    public static DateTimeOffset RecordedAt(this Change change) => change.Event.Timestamp;

    /// <summary>Null when the system itself acted.</summary>
    public static Guid? UserId(this Change change) => Guid.TryParse(change.Event.UserName, out var id) ? id : null;

    /// <summary>The last state of each stream of one aggregate, with its last event.</summary>
    public static IReadOnlyList<(T State, Change Last)> Latest<T>(this IReadOnlyList<Change> changes) where T : class =>
        [.. changes.Where(c => c.After is T).GroupBy(c => c.Event.StreamId).Select(stream => ((T)stream.Last().After, stream.Last()))];
}
