using System.Text.Json;
using Fluxion.Ledger.Catalog;
using Fluxion.Ledger.Http;
using Fluxion.Projections.Writing;

namespace Fluxion.Projections.Tables;

/// <summary>The table stores: the places where stock is kept.</summary>
public sealed class StoresTable : IReadModel
{
    private static readonly Table<(Store State, Change Last)> Table = new Table<(Store State, Change Last)>("stores", "id")
        .Add("id", "uuid", r => r.State.Id)
        .Add("code", "text", r => r.State.Code)
        .Add("name", "text", r => r.State.Details.Name)
        .Add("type", "text", r => r.State.Details.Type)
        .AddText("address", "jsonb", r => Json.Text(r.State.Details.Address))
        .AddText("contact", "jsonb", r => Json.Text(r.State.Details.Contact))
        .AddText("settings", "jsonb", r => Json.Text(r.State.Details.Settings))
        .Add("timezone", "text", r => r.State.Details.Timezone)
        .Add("is_active", "boolean", r => r.State.IsActive)
        .Add("version", "bigint", r => r.Last.Event.Version)
        .AddOnce("created_at", "timestamptz", r => r.Last.RecordedAt())
        .Add("updated_at", "timestamptz", r => r.Last.RecordedAt());

    public void Write(IReadOnlyList<Change> changes, IRowWriter rows) => rows.Write(Table, changes.Latest<Store>());
}

/// <param name="Timezone">The time zone of the store's days; null for the tenant's time zone.</param>
public sealed record StoreRow(
    Guid Id,
    string Code,
    string Name,
    string Type,
    Address Address,
    Contact Contact,
    JsonElement Settings,
    bool IsActive,
    long Version,
    DateTimeOffset CreatedAt,
    DateTimeOffset UpdatedAt,
    string? Timezone
)
{
    public const string Select = """
        select s.id, s.code, s.name, s.type, s.address, s.contact, s.settings, s.is_active, s.version, s.created_at, s.updated_at,
               s.timezone
        from stores s where ($1::uuid[] is null or s.id = any($1))
        """;
}

public static class StoresQueries
{
    [WolverineGet("/api/{tenant}/stores", Name = "List stores"), Authorize(Roles.Viewer), Tags("Catalog")]
    [EndpointSummary("List the stores that you may see")]
    [EndpointDescription("Sorted by code. Filter: search (a part of code or name; case and accents are ignored).")]
    [ProducesResponseType<Page<StoreRow>>(200)]
    public static Task<IResult> List(string? search, int? limit, string? after, HttpContext http, Databases databases) =>
        TenantQuery
            .For(http)
            .Where(StoreRow.Select, Caller.From(http).StoreFilter)
            .Search("s.code, s.name", search)
            .Page<StoreRow>(databases, limit, after, SortOrder.ByText("s.code"), row => [row.Code]);

    [WolverineGet("/api/{tenant}/stores/{id}", Name = "Get store"), Authorize(Roles.Viewer), Tags("Catalog")]
    [EndpointSummary("Get a store by code or id")]
    [ProducesResponseType<StoreRow>(200)]
    public static Task<IResult> Get(string id, HttpContext http, Databases databases) =>
        TenantQuery
            .For(http)
            .Where(StoreRow.Select, Caller.From(http).StoreFilter)
            .Named("s.code", "s.id", id)
            .One<StoreRow>(databases, "store", id);
}
