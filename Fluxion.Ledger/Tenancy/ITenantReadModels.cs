using Marten;

namespace Fluxion.Ledger.Tenancy;

/// <summary>The one way in which the read side takes part in a tenant's store: it registers its inline projections.</summary>
public interface ITenantReadModels
{
    void Configure(StoreOptions options, string schema);
}
