using System.Text.Json;
using System.Text.Json.Serialization;

namespace Fluxion.Ledger.Access;

/// <summary>A person of the tenant. Events do not contain the password; it is stored only in shared.tenant_users.</summary>
/// <param name="StoreIds">The stores whose stock the user may move and see; null for every store.</param>
/// <param name="Permissions">
/// Any JSON object of the tenant's own. The ledger stores and returns it, but decides by role and stores only.
/// </param>
public sealed record UserRegistered(
    string Email,
    string FullName,
    string Role,
    IReadOnlyList<Guid>? StoreIds,
    IReadOnlyDictionary<string, JsonElement>? Permissions = null
);

public sealed record UserChanged(
    string FullName,
    string Role,
    IReadOnlyList<Guid>? StoreIds,
    IReadOnlyDictionary<string, JsonElement>? Permissions
);

public sealed record UserPasswordChanged;

public sealed record UserDeactivated;

public sealed record UserActivated;

public sealed record User(
    Guid Id,
    string Email,
    string FullName,
    string Role,
    IReadOnlyList<Guid>? StoreIds,
    bool IsActive,
    IReadOnlyDictionary<string, JsonElement>? Permissions = null
) : IAggregate<User>
{
    [JsonIgnore]
    public bool IsActiveAdmin => IsActive && Role == Roles.Admin;

    public static User Fold(Guid id, User? user, object @event) =>
        @event switch
        {
            UserRegistered e => new User(id, e.Email, e.FullName, e.Role, e.StoreIds, true, e.Permissions),
            UserChanged e => user! with { FullName = e.FullName, Role = e.Role, StoreIds = e.StoreIds, Permissions = e.Permissions },
            UserPasswordChanged => user!,
            UserDeactivated => user! with { IsActive = false },
            UserActivated => user! with { IsActive = true },
            _ => throw new UnknownEventException(typeof(User), @event),
        };

    /// <summary>Whether a token issued for one state grants the same rights as a token issued for the other.</summary>
    public static bool HaveSameRights(User one, User other) =>
        one.IsActive == other.IsActive
        && one.Role == other.Role
        && (
            one.StoreIds is null ? other.StoreIds is null : other.StoreIds is not null && one.StoreIds.ToHashSet().SetEquals(other.StoreIds)
        );
}
