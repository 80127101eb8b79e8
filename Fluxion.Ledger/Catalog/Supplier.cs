using Fluxion.Ledger.Commands;

namespace Fluxion.Ledger.Catalog;

/// <param name="TaxId">The RIF in Venezuela.</param>
public sealed record SupplierDetails(
    string BusinessName, string? TradeName = null, string? TaxId = null, string? ContactPerson = null, string? Phone = null,
    string? Email = null, Address? Address = null, string? PaymentTerms = null, decimal? CreditLimit = null);

public sealed record SupplierRegistered(string Code, SupplierDetails Details);

public sealed record Supplier(Guid Id, string Code, SupplierDetails Details, bool IsActive) : IAggregate<Supplier>, ICoded
{
    public static Supplier Fold(Guid id, Supplier? supplier, object @event) => @event switch
    {
        SupplierRegistered e => new Supplier(id, e.Code, e.Details, true),
        _ => throw new UnknownEventException(typeof(Supplier), @event),
    };
}
