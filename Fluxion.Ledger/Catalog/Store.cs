using System.Text.Json;
using System.Text.Json.Serialization;

namespace Fluxion.Ledger.Catalog;

/// <summary>The types of places where goods are stored or sold.</summary>
public static class StoreTypes
{
    public static readonly string[] All = ["warehouse", "store", "distribution_center"];
}

public sealed record Address(
    string? Street = null,
    string? City = null,
    string? State = null,
    string? PostalCode = null,
    string? Country = null
)
{
    public sealed class Validator : AbstractValidator<Address>
    {
        public Validator()
        {
            RuleFor(a => a.Street).SingleLine(200);
            RuleFor(a => a.City).SingleLine(100);
            RuleFor(a => a.State).SingleLine(100);
            RuleFor(a => a.PostalCode).SingleLine(20);
            RuleFor(a => a.Country).SingleLine(100);
        }
    }
}

public sealed record Contact(string? Phone = null, string? Email = null, string? Manager = null)
{
    public sealed class Validator : AbstractValidator<Contact>
    {
        public Validator()
        {
            RuleFor(c => c.Phone).SingleLine(50);
            RuleFor(c => c.Email!).Email().When(c => c.Email is not null);
            RuleFor(c => c.Manager).SingleLine(200);
        }
    }
}

/// <param name="Type">The type: warehouse | store | distribution_center</param>
/// <param name="Settings">The tenant's own settings of the store, any JSON object.</param>
/// <param name="Timezone">The time zone of the store's days; null: the tenant's.</param>
public sealed record StoreDetails(
    string Name,
    string Type,
    Address? Address = null,
    Contact? Contact = null,
    IReadOnlyDictionary<string, JsonElement>? Settings = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Timezone = null
);

public sealed record StoreOpened(string Code, StoreDetails Details);

public sealed record StoreChanged(StoreDetails Details);

public sealed record StoreDeactivated;

public sealed record StoreActivated;

public sealed record Store(Guid Id, string Code, StoreDetails Details, bool IsActive) : IAggregate<Store>, ICoded
{
    public static Store Fold(Guid id, Store? store, object @event) =>
        @event switch
        {
            StoreOpened e => new Store(id, e.Code, e.Details, true),
            StoreChanged e => store! with { Details = e.Details },
            StoreDeactivated => store! with { IsActive = false },
            StoreActivated => store! with { IsActive = true },
            _ => throw new UnknownEventException(typeof(Store), @event),
        };
}
