using JasperFx.Events;
using JasperFx.Events.Projections;
using Marten;
using Marten.Events.Projections;

namespace Fluxion.Projections.Writing;

/// <summary>
/// One table of the data model: the rows that follow from changes. It is a pure function, so that a replay writes the same rows as live.
/// </summary>
public interface IReadModel
{
    void Write(IReadOnlyList<Change> changes, IRowWriter rows);
}

/// <summary>
/// Marten's inline projection. It updates all read models of a tenant in the transaction of the events, so a query sees every command that
/// was answered before it. Tables are written in the order of their foreign keys.
/// </summary>
public sealed class ReadModels(string schema) : IProjection
{
    /// <summary>All read models. A replay writes and compares these tables.</summary>
    internal static readonly IReadModel[] Tables =
    [
        new SettingsTable(),
        new UsersTable(),
        new StoresTable(),
        new CategoriesTable(),
        new SuppliersTable(),
        new ProductsTable(),
        new ProductBarcodesTable(),
        new ProductPricesTable(),
        new PurchaseOrdersTable(),
        new PurchaseOrderItemsTable(),
        new DeliveryItemsTable(),
        new TransfersTable(),
        new TransferItemsTable(),
        new ReservationsTable(),
        new ReservationItemsTable(),
        new InventoryTable(),
        new InventoryMovementsTable(),
        new SalesTable(),
        new SaleItemsTable(),
        new SalePaymentsTable(),
        new SaleReturnsTable(),
        new ReservationFulfilmentsTable(),
        new AlertsTable(),
        new EventsTable(),
    ];

    public Task ApplyAsync(IDocumentOperations operations, IReadOnlyList<IEvent> events, CancellationToken cancellation)
    {
        // The session has the state before and after each event. The metadata of the events is complete at this point.
        var changes = LedgerSession.From(operations).Changes;
        var rows = new LiveRows(operations, schema);
        foreach (var table in Tables)
            table.Write(changes, rows);
        return Task.CompletedTask;
    }
}

/// <summary>Registers the read models with each tenant's store.</summary>
public sealed class TenantReadModels : ITenantReadModels
{
    public void Configure(StoreOptions options, string schema) =>
        options.Projections.Add(new ReadModels(schema), ProjectionLifecycle.Inline);
}

/// <summary>Metadata of a change that several tables read.</summary>
internal static class ChangeMetadata
{
    public static DateTimeOffset RecordedAt(this Change change) => change.Event.Timestamp;

    /// <summary>The acting user; null if the system acted.</summary>
    public static Guid? UserId(this Change change) => Guid.TryParse(change.Event.UserName, out var id) ? id : null;

    /// <summary>The last state of each stream of one aggregate type, with its last event.</summary>
    public static IReadOnlyList<(T State, Change Last)> Latest<T>(this IReadOnlyList<Change> changes)
        where T : class =>
        [.. changes.Where(c => c.After is T).GroupBy(c => c.Event.StreamId).Select(stream => ((T)stream.Last().After, stream.Last()))];
}
