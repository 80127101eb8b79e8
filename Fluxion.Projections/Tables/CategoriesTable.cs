using System.Text.Json;
using Fluxion.Ledger.Catalog;
using Fluxion.Projections.Writing;

namespace Fluxion.Projections.Tables;

/// <summary>The table categories: the tree of product categories.</summary>
public sealed class CategoriesTable : IReadModel
{
    private static readonly Table<(Category State, Change Last)> Table = new Table<(Category State, Change Last)>("categories", "id")
        .Add("id", "uuid", r => r.State.Id)
        .Add("parent_id", "uuid", r => r.State.ParentId)
        .Add("code", "text", r => r.State.Code)
        .Add("name", "text", r => r.State.Name)
        .Add("description", "text", r => r.State.Description)
        .AddText("settings", "jsonb", r => Json.Text(r.State.Settings))
        .Add("is_active", "boolean", r => r.State.IsActive)
        .Add("version", "bigint", r => r.Last.Event.Version)
        .AddOnce("created_at", "timestamptz", r => r.Last.RecordedAt())
        .Add("updated_at", "timestamptz", r => r.Last.RecordedAt());

    public void Write(IReadOnlyList<Change> changes, IRowWriter rows) => rows.Write(Table, changes.Latest<Category>());
}

/// <param name="Parent">The code of the parent category; null for a root.</param>
public sealed record CategoryRow(
    Guid Id,
    string Code,
    string Name,
    Guid? ParentId,
    string? Parent,
    string? Description,
    JsonElement Settings,
    bool IsActive,
    long Version
)
{
    public const string Select = """
        select c.id, c.code, c.name, c.parent_id, p.code as parent, c.description, c.settings, c.is_active, c.version
        from categories c
        left join categories p on p.id = c.parent_id
        where true
        """;
}

public static class CategoriesQueries
{
    [WolverineGet("/api/{tenant}/categories", Name = "List categories"), Authorize(Roles.Viewer), Tags("Catalog")]
    [EndpointSummary("List categories")]
    [EndpointDescription(
        "Sorted by code. Filters: parent (the categories directly below it), search (a part of code or name; "
            + "case and accents are ignored)."
    )]
    [ProducesResponseType<Page<CategoryRow>>(200)]
    public static Task<IResult> List(string? parent, string? search, int? limit, string? after, HttpContext http, Databases databases) =>
        TenantQuery
            .For(http)
            .Where(CategoryRow.Select)
            .FilterNamed("p.code", "p.id", parent)
            .Search("c.code, c.name", search)
            .Page<CategoryRow>(databases, limit, after, SortOrder.ByText("c.code"), row => [row.Code]);

    [WolverineGet("/api/{tenant}/categories/{id}", Name = "Get category"), Authorize(Roles.Viewer), Tags("Catalog")]
    [EndpointSummary("Get a category by code or id")]
    [ProducesResponseType<CategoryRow>(200)]
    public static Task<IResult> Get(string id, HttpContext http, Databases databases) =>
        TenantQuery.For(http).Where(CategoryRow.Select).Named("c.code", "c.id", id).One<CategoryRow>(databases, "category", id);
}
