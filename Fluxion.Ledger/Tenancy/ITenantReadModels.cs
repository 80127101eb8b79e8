using Marten;

namespace Fluxion.Ledger.Tenancy;

/// <summary>The only extension point of the read side in a tenant's store: it registers its inline projections.</summary>
public interface ITenantReadModels
{
    void Configure(StoreOptions options, string schema);
}
