using Fluxion.Ledger.Tenancy;

namespace Fluxion.Ledger.Access;

/// <summary>The sender of a request, read from a validated token.</summary>
/// <param name="TenantId">Null for an administrator of the platform.</param>
/// <param name="Stores">The stores whose stock the user may move and see; null for every store.</param>
public sealed record Caller(
    Guid UserId,
    Guid? TenantId,
    string Email,
    string Role,
    IReadOnlySet<Guid>? Stores,
    string? Address,
    string? Agent
)
{
    /// <summary>The user; null for the system.</summary>
    public Guid? PersonId => UserId == Guid.Empty ? null : UserId;

    public bool MayUse(Guid storeId) => Stores is null || Stores.Contains(storeId);

    /// <summary>Whether the user has the role <paramref name="least"/> or a higher one.</summary>
    public bool Is(string least) => Roles.AtLeast(least).Contains(Role);

    /// <summary>The stores as a parameter of a query; null admits every row.</summary>
    public Guid[]? StoreFilter => Stores?.ToArray();

    /// <summary>The system itself, for provisioning and for reactions that no user sent.</summary>
    public static Caller System(Tenant tenant) => new(Guid.Empty, tenant.Id, "system", Roles.Admin, null, null, null);
}

/// <summary>The names of the claims in the ledger's own tokens.</summary>
public static class Claims
{
    public const string Subject = "sub";
    public const string Email = "email";
    public const string Role = "role";
    public const string Tenant = "tenant";
    public const string TenantSlug = "tenant_slug";
    public const string Stamp = "stamp";
    public const string Store = "store";
    public const string EveryStore = "every_store";
}
