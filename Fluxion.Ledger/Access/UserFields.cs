using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using Fluxion.Ledger.Catalog;

namespace Fluxion.Ledger.Access;

/// <summary>The fields of a user that can be set at registration and changed later.</summary>
public abstract record UserFields
{
    /// <summary>The maximum number of stores of a user. A token names each of them, and a server accepts 32 KB of headers.</summary>
    public const int MaxStores = 100;

    [Required]
    public string FullName { get; init; } = "";

    [Required, Description("One of viewer, user, manager, admin")]
    public string Role { get; init; } = "";

    [Description("Codes or ids of the stores whose stock the user may see and move. At most 100. Default: every store")]
    public IReadOnlyList<string>? Stores { get; init; }

    [Description(
        "Any JSON object, for the tenant's own programs. The ledger stores and returns it, and itself applies only role and stores. "
            + "Default: an empty object"
    )]
    public IReadOnlyDictionary<string, JsonElement>? Permissions { get; init; }

    /// <summary>The ids of the stores, null for every store; or a refusal that names the first store that does not exist.</summary>
    public async Task<(IReadOnlyList<Guid>? Stores, Refusal? Problem)> FindStores(LedgerSession ledger, CancellationToken ct)
    {
        if (Stores is null)
            return (null, null);
        var found = await ledger.Find<Store>(Stores, ct);
        return Stores.FirstOrDefault(s => !found.ContainsKey(s)) is { } unknown
            ? (null, Refusal.NotFound("store", $"stores[{Stores.ToList().IndexOf(unknown)}]", unknown))
            : ([.. Stores.Select(s => found[s].Id).Distinct()], null);
    }

    public abstract class Validator<T> : AbstractValidator<T>
        where T : UserFields
    {
        protected Validator()
        {
            RuleFor(c => c.FullName).Name();
            RuleFor(c => c.Role).OneOf(Roles.OfTenants);
            RuleFor(c => c.Stores)
                .Must(stores => stores is not { Count: > MaxStores })
                .WithMessage($"must have at most {MaxStores} stores");
            RuleForEach(c => c.Stores).Reference().When(c => c.Stores is { Count: <= MaxStores });
            RuleFor(c => c.Permissions).CustomFields();
        }
    }
}
