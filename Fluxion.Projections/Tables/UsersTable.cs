using System.Text.Json;
using Fluxion.Ledger.Http;
using Fluxion.Projections.Writing;

namespace Fluxion.Projections.Tables;

/// <summary>The table users: the users of the tenant. Passwords are stored elsewhere.</summary>
public sealed class UsersTable : IReadModel
{
    private static readonly Table<(User State, Change Last)> Table = new Table<(User State, Change Last)>("users", "id")
        .Add("id", "uuid", r => r.State.Id)
        .Add("email", "text", r => r.State.Email)
        .Add("full_name", "text", r => r.State.FullName)
        .Add("role", "text", r => r.State.Role)
        .AddText("store_ids", "uuid[]", r => r.State.StoreIds is { } ids ? $"{{{string.Join(',', ids)}}}" : null)
        .AddText("permissions", "jsonb", r => Json.Text(r.State.Permissions))
        .Add("is_active", "boolean", r => r.State.IsActive)
        .Add("version", "bigint", r => r.Last.Event.Version)
        .AddOnce("created_at", "timestamptz", r => r.Last.RecordedAt())
        .Add("updated_at", "timestamptz", r => r.Last.RecordedAt());

    public void Write(IReadOnlyList<Change> changes, IRowWriter rows) => rows.Write(Table, changes.Latest<User>());
}

/// <param name="StoreIds">The stores whose stock the user may see and move; null for all stores.</param>
public sealed record UserRow(
    Guid Id,
    string Email,
    string FullName,
    string Role,
    Guid[]? StoreIds,
    JsonElement Permissions,
    bool IsActive,
    long Version
)
{
    public const string Select = """
        select u.id, u.email::text as email, u.full_name, u.role, u.store_ids, u.permissions, u.is_active, u.version
        from users u
        where true
        """;
}

public static class UsersQueries
{
    [WolverineGet("/api/{tenant}/users", Name = "List users"), Authorize(Roles.Admin), Tags("Users")]
    [EndpointSummary("List users")]
    [EndpointDescription("Sorted by e-mail address. Filter: search (a part of address or name; case and accents are ignored).")]
    [ProducesResponseType<Page<UserRow>>(200)]
    public static Task<IResult> List(string? search, int? limit, string? after, HttpContext http, Databases databases) =>
        TenantQuery
            .For(http)
            .Where(UserRow.Select)
            .Search("u.email, u.full_name", search)
            .Page<UserRow>(databases, limit, after, SortOrder.ByText("u.email::text"), row => [row.Email]);

    [WolverineGet("/api/{tenant}/users/{id}", Name = "Get user"), Authorize(Roles.Admin), Tags("Users")]
    [EndpointSummary("Get a user by id or e-mail address")]
    [ProducesResponseType<UserRow>(200)]
    public static Task<IResult> Get([Example("viewer@fluxion.demo")] string id, HttpContext http, Databases databases) =>
        TenantQuery
            .For(http)
            .Where(UserRow.Select)
            .Filter("u.id = {0}", Guid.TryParse(id, out var guid) ? guid : null)
            .Filter("u.email = {0}::citext", guid == default ? id.Trim() : null)
            .One<UserRow>(databases, "user", id);
}
