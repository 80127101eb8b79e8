using System.Text.Json.Serialization;
using Fluxion.Ledger.Alerts;
using Fluxion.Ledger.Http;
using Fluxion.Projections.Writing;
using Npgsql;

namespace Fluxion.Projections.Tables;

/// <summary>The table alerts: open alerts, and alerts that were closed by a user or because their cause was gone.</summary>
public sealed class AlertsTable : IReadModel
{
    private static readonly Table<(Alert State, Change Last)> Table = new Table<(Alert State, Change Last)>("alerts", "id")
        .Add("id", "uuid", r => r.State.Id)
        .Add("alert_type", "text", r => r.State.Type)
        .Add("priority", "text", r => r.State.Priority)
        .Add("title", "text", r => r.State.Title)
        .Add("description", "text", r => r.State.Description)
        .Add("product_id", "uuid", r => r.State.ProductId)
        .Add("store_id", "uuid", r => r.State.StoreId)
        .Add("category_id", "uuid", r => r.State.CategoryId)
        .AddText("data", "jsonb", r => Json.Text(r.State.Data))
        .Add("status", "text", r => r.State.Status)
        .Add("acknowledged_by", "uuid", r => r.State.AcknowledgedBy)
        .Add("acknowledged_at", "timestamptz", r => r.State.AcknowledgedAt)
        .Add("resolved_by", "uuid", r => r.State.ResolvedBy)
        .Add("resolved_at", "timestamptz", r => r.State.ResolvedAt)
        .Add("dismissed_by", "uuid", r => r.State.DismissedBy)
        .Add("dismissed_at", "timestamptz", r => r.State.DismissedAt)
        .Add("is_cleared", "boolean", r => r.State.IsCleared)
        .Add("generated_by", "text", r => r.State.GeneratedBy)
        .Add("version", "bigint", r => r.Last.Event.Version)
        .AddOnce("created_at", "timestamptz", r => r.Last.RecordedAt())
        .Add("updated_at", "timestamptz", r => r.Last.RecordedAt());

    public void Write(IReadOnlyList<Change> changes, IRowWriter rows) => rows.Write(Table, changes.Latest<Alert>());
}

/// <param name="Type">low_stock, overstock, demand_spike, slow_moving, reservation_short or forecast_alert.</param>
/// <param name="Priority">low, medium, high or critical.</param>
/// <param name="Status">active or acknowledged (open); resolved or dismissed (closed).</param>
/// <param name="ResolvedBy">The user who resolved it. Null while it is open, and if it was resolved because the cause was gone.</param>
/// <param name="GeneratedBy">The rule that raised it.</param>
public record AlertRow(
    Guid Id,
    string Type,
    string Priority,
    string Title,
    string? Description,
    string? Store,
    string? Sku,
    string? Category,
    string Status,
    AlertData Data,
    Guid? AcknowledgedBy,
    DateTimeOffset? AcknowledgedAt,
    Guid? ResolvedBy,
    DateTimeOffset? ResolvedAt,
    Guid? DismissedBy,
    DateTimeOffset? DismissedAt,
    string? GeneratedBy,
    long Version,
    DateTimeOffset CreatedAt,
    DateTimeOffset UpdatedAt
)
{
    internal const string Columns = """
        a.id, a.alert_type as type, a.priority, a.title, a.description, s.code as store, p.sku, c.code as category, a.status, a.data,
               a.acknowledged_by, a.acknowledged_at,
               a.resolved_by, a.resolved_at, a.dismissed_by, a.dismissed_at, a.generated_by, a.version, a.created_at, a.updated_at
        """;

    internal const string From = $"""
        from alerts a
        {Joins}
        where ($1::uuid[] is null or a.store_id = any($1))
        """;

    internal const string Joins = """
        left join stores s on s.id = a.store_id
        left join products p on p.id = a.product_id
        left join categories c on c.id = a.category_id
        """;

    public const string Select = $"select {Columns} {From}";
}

/// <summary>One event of an alert.</summary>
/// <param name="Event">alert_raised, alert_updated, alert_reopened, alert_acknowledged, alert_resolved, alert_dismissed or
/// alert_cleared.</param>
/// <param name="By">The e-mail address of the user; null if the system acted.</param>
/// <param name="Level">The level known at that time.</param>
public sealed record AlertStep(string Event, DateTimeOffset At, string? By, string Priority, string Status, decimal Level);

/// <summary>An alert with its history.</summary>
public sealed record AlertDetails : AlertRow
{
    private AlertDetails(AlertRow alert)
        : base(alert) { }

    /// <summary>The latest 200 steps, oldest first, as long as the audit trail is kept.</summary>
    [JsonPropertyOrder(1)]
    public required IReadOnlyList<AlertStep> History { get; init; }

    public new const string Select = $"""
        select {Columns},
               (select coalesce(json_agg(json_build_object('event', h.event_type, 'at', h.created_at, 'by', u.email,
                       'priority', h.new_data ->> 'priority',
                    'status', h.new_data ->> 'status', 'level', h.new_data -> 'data' -> 'level')
                    order by (h.metadata ->> 'version')::bigint), '[]')
                from (select * from service_events e where e.entity_type = 'alert' and e.entity_id = a.id and e.created_at >= a.created_at
                      order by (metadata ->> 'version')::bigint desc limit 200) h
                left join users u on u.id = h.user_id) as history
        {From}
        """;

    public static AlertDetails Read(NpgsqlDataReader r) => new(r.Row<AlertRow>()) { History = r.Lines<AlertStep>("history") };
}

public static class AlertsQueries
{
    private const string Open = "open";

    [WolverineGet("/api/{tenant}/alerts", Name = "List alerts"), Authorize(Roles.Viewer), Tags("Alerts")]
    [EndpointSummary("List alerts")]
    [EndpointDescription("Latest first. Filters: status (a state, or open for active and acknowledged), type, priority, store, sku.")]
    [ProducesResponseType<Page<AlertRow>>(200)]
    public static Task<IResult> List(
        string? status,
        string? type,
        string? priority,
        string? store,
        string? sku,
        int? limit,
        string? after,
        HttpContext http,
        Databases databases
    ) =>
        TenantQuery
            .For(http)
            .Where(AlertRow.Select, Caller.From(http).StoreFilter)
            .FilterOneOf(
                "(a.status = {0} or {0} = 'open' and a.status in ('active', 'acknowledged'))",
                "status",
                status,
                [.. Alert.States, Open]
            )
            .FilterOneOf("a.alert_type = {0}", "type", type, AlertTypes.All)
            .FilterOneOf("a.priority = {0}", "priority", priority, AlertPriorities.All)
            .FilterNamed("s.code", "s.id", store)
            .FilterNamed("p.sku", "p.id", sku)
            .Page<AlertRow>(databases, limit, after, SortOrder.NewestFirst("a.created_at", "a.id"), row => [row.CreatedAt, row.Id]);

    [WolverineGet("/api/{tenant}/alerts/{id}", Name = "Get alert"), Authorize(Roles.Viewer), Tags("Alerts")]
    [EndpointSummary("Get an alert with its history")]
    [ProducesResponseType<AlertDetails>(200)]
    public static Task<IResult> Get(string id, HttpContext http, Databases databases) =>
        TenantQuery
            .For(http)
            .Where(AlertDetails.Select, Caller.From(http).StoreFilter)
            .Identified("a.id", id)
            .One(databases, "alert", id, AlertDetails.Read);
}
