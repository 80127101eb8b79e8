using System.Text.Json;
using Fluxion.Ledger.Commands;

namespace Fluxion.Ledger.Catalog;

/// <summary>Where goods are kept or sold.</summary>
public static class StoreTypes
{
    public static readonly string[] All = ["warehouse", "store", "distribution_center"];
}

public sealed record Address(string? Street = null, string? City = null, string? State = null, string? PostalCode = null, string? Country = null);

public sealed record Contact(string? Phone = null, string? Email = null, string? Manager = null);

/// <param name="Type">warehouse | store | distribution_center</param>
/// <param name="Settings">The tenant's own settings of the store, any JSON object.</param>
public sealed record StoreDetails(
    string Name, string Type, Address? Address = null, Contact? Contact = null, IReadOnlyDictionary<string, JsonElement>? Settings = null);

public sealed record StoreOpened(string Code, StoreDetails Details);

public sealed record StoreChanged(StoreDetails Details);

public sealed record StoreDeactivated;

public sealed record Store(Guid Id, string Code, StoreDetails Details, bool IsActive) : IAggregate<Store>, ICoded
{
    public static Store Fold(Guid id, Store? store, object @event) => @event switch
    {
        StoreOpened e => new Store(id, e.Code, e.Details, true),
        StoreChanged e => store! with { Details = e.Details },
        StoreDeactivated => store! with { IsActive = false },
        _ => throw new UnknownEventException(typeof(Store), @event),
    };
}
