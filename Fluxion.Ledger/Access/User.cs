using Fluxion.Ledger.Commands;

namespace Fluxion.Ledger.Access;

/// <summary>A person of the tenant. His password is no event: it lives in shared.tenant_users alone.</summary>
/// <param name="StoreIds">The stores whose stock he may move and see; null for every store.</param>
public sealed record UserRegistered(string Email, string FullName, string Role, IReadOnlyList<Guid>? StoreIds);

public sealed record User(Guid Id, string Email, string FullName, string Role, IReadOnlyList<Guid>? StoreIds, bool IsActive) : IAggregate<User>
{
    public static User Fold(Guid id, User? user, object @event) => @event switch
    {
        UserRegistered e => new User(id, e.Email, e.FullName, e.Role, e.StoreIds, true),
        _ => throw new UnknownEventException(typeof(User), @event),
    };
}
