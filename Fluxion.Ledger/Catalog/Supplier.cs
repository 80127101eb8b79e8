using System.Text.Json;
using System.Text.Json.Serialization;

namespace Fluxion.Ledger.Catalog;

/// <param name="TaxId">The tax id; a Venezuelan one is a <see cref="Rif"/>.</param>
/// <param name="Settings">The tenant's own settings of the supplier, any JSON object.</param>
/// <param name="LeadTimeDays">Days from an order to its goods; null: the tenant's lead time.</param>
public sealed record SupplierDetails(
    string BusinessName,
    string? TradeName = null,
    string? TaxId = null,
    string? ContactPerson = null,
    string? Phone = null,
    string? Email = null,
    Address? Address = null,
    string? PaymentTerms = null,
    decimal? CreditLimit = null,
    IReadOnlyDictionary<string, JsonElement>? Settings = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] int? LeadTimeDays = null
);

public sealed record SupplierRegistered(string Code, SupplierDetails Details);

public sealed record SupplierChanged(SupplierDetails Details);

public sealed record SupplierDeactivated;

public sealed record SupplierActivated;

public sealed record Supplier(Guid Id, string Code, SupplierDetails Details, bool IsActive) : IAggregate<Supplier>, ICoded
{
    public static Supplier Fold(Guid id, Supplier? supplier, object @event) =>
        @event switch
        {
            SupplierRegistered e => new Supplier(id, e.Code, e.Details, true),
            SupplierChanged e => supplier! with { Details = e.Details },
            SupplierDeactivated => supplier! with { IsActive = false },
            SupplierActivated => supplier! with { IsActive = true },
            _ => throw new UnknownEventException(typeof(Supplier), @event),
        };
}
