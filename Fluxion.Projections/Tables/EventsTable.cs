using System.Text.Json;
using Fluxion.Ledger.Alerts;
using Fluxion.Ledger.Catalog;
using Fluxion.Ledger.Http;
using Fluxion.Ledger.Purchasing;
using Fluxion.Ledger.Sales;
using Fluxion.Ledger.Stock;
using Fluxion.Projections.Writing;

namespace Fluxion.Projections.Tables;

/// <summary>The table events: the audit trail, one row for each event of the ledger, with the state before and after it.</summary>
public sealed class EventsTable : IReadModel
{
    private sealed record Row(Change Change, byte[]? Before, byte[] After);

    private static readonly Table<Row> Table = new Table<Row>("events") { Segment = "entity_type" }
        .Add("id", "uuid", r => r.Change.Event.Id)
        .Add("event_type", "text", r => r.Change.Event.EventTypeName)
        .Add("entity_type", "text", r => EntityType(r.Change))
        .Add("entity_id", "uuid", r => r.Change.Event.StreamId)
        .Add("user_id", "uuid", r => r.Change.UserId())
        .Add("action", "text", r => r.Before is null ? "created" : "updated")
        .AddJson("old_data", r => r.Before)
        .AddJson("new_data", r => r.After)
        .AddJson(
            "metadata",
            r =>
                Json.Utf8(
                    new
                    {
                        r.Change.Event.Version,
                        r.Change.Event.CorrelationId,
                        r.Change.Event.CausationId,
                        StoreIds = Stores(r.Change.After),
                        ClockSkew = Header(r.Change, Headers.ClockSkew),
                        Event = r.Change.Event.Data,
                    }
                )
        )
        .AddText("ip_address", "inet", r => Header(r.Change, Headers.Address))
        .Add("user_agent", "text", r => Header(r.Change, Headers.Agent))
        .Add("created_at", "timestamptz", r => r.Change.RecordedAt());

    public void Write(IReadOnlyList<Change> changes, IRowWriter rows)
    {
        if (!rows.Wants(Table.Name))
            return;
        // The state after an event is the state before the next event of the stream. So it is serialized to JSON only once.
        var written = new List<Row>(changes.Count);
        foreach (var change in changes)
        {
            var before =
                change.Before is null ? null
                : written is [.., var last] && ReferenceEquals(last.Change.After, change.Before) ? last.After
                : Json.Utf8(change.Before);
            written.Add(new Row(change, before, Json.Utf8(change.After)));
        }
        rows.Write(Table, written);
    }

    private static string EntityType(Change change) =>
        change.After switch
        {
            StockItem => "inventory",
            PurchaseOrder => "purchase_order",
            TenantSettings => "settings",
            var aggregate => aggregate.GetType().Name.ToLowerInvariant(),
        };

    /// <summary>The stores that a state belongs to; null if it belongs to none.</summary>
    private static Guid[]? Stores(object state) =>
        state switch
        {
            StockItem item => [item.StoreId],
            Sale sale => [sale.StoreId],
            PurchaseOrder order => [order.StoreId],
            Transfer transfer => [transfer.FromStoreId, transfer.ToStoreId],
            Reservation reservation => [.. reservation.Lines.Select(line => line.StoreId).Distinct().Order()],
            Store store => [store.Id],
            Alert { StoreId: { } store } => [store],
            _ => null,
        };

    private static string? Header(Change change, string name) =>
        change.Event.Headers?.TryGetValue(name, out var value) == true ? value?.ToString() : null;
}

/// <param name="EntityType">inventory, product, store, user, …</param>
/// <param name="OldData">The state before the event; null for the first event of the entity.</param>
/// <param name="NewData">The state after the event.</param>
/// <param name="Metadata">The version, correlation and causation of the event, the stores of the entity, and the event itself. If the
/// client sent its clock's time, also the number of seconds by which that clock was ahead.</param>
public sealed record AuditRow(
    Guid Id,
    string EventType,
    string EntityType,
    Guid EntityId,
    Guid? UserId,
    string? UserEmail,
    string Action,
    JsonElement? OldData,
    JsonElement? NewData,
    JsonElement Metadata,
    string? IpAddress,
    string? UserAgent,
    DateTimeOffset CreatedAt
)
{
    // Both stores of a transfer see all of its rows. Rows of other entities with several stores are visible only with access to all of
    // them.
    public const string Select = """
        select e.id, e.event_type, e.entity_type, e.entity_id, e.user_id, u.email::text as user_email, e.action, e.old_data, e.new_data,
               e.metadata,
               host(e.ip_address) as ip_address, e.user_agent, e.created_at
        from service_events e
        left join users u on u.id = e.user_id
        where ($1::uuid[] is null or e.metadata -> 'store_ids' <@ to_jsonb($1)
               or (e.entity_type = 'transfer' and e.metadata -> 'store_ids' ?| $1::text[]))
        """;
}

public static class EventsQueries
{
    [WolverineGet("/api/{tenant}/events", Name = "List events"), Authorize(Roles.Manager), Tags("Audit")]
    [EndpointSummary("List the audit trail")]
    [EndpointDescription(
        "Latest first. Filters: entityType, entityId, eventType, user (id), from and to (time of recording). to is exclusive. "
            + "A date means the start of that day in the tenant's time zone."
    )]
    [ProducesResponseType<Page<AuditRow>>(200)]
    public static Task<IResult> List(
        string? entityType,
        Guid? entityId,
        string? eventType,
        Guid? user,
        string? from,
        string? to,
        int? limit,
        string? after,
        HttpContext http,
        Databases databases
    ) =>
        TenantQuery
            .For(http)
            .Where(AuditRow.Select, Caller.From(http).StoreFilter)
            .Filter("e.entity_type = {0}", entityType)
            .Filter("e.entity_id = {0}", entityId)
            .Filter("e.event_type = {0}", eventType)
            .Filter("e.user_id = {0}", user)
            .From("e.created_at", from, LocalTime.OfTenant)
            .Until("e.created_at", to, LocalTime.OfTenant)
            .Page<AuditRow>(databases, limit, after, SortOrder.NewestFirst("e.created_at", "e.id"), row => [row.CreatedAt, row.Id]);
}
