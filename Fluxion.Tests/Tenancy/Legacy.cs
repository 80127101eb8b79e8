using Fluxion.Ledger.Access;
using Fluxion.Ledger.Session;
using Fluxion.Ledger.Tenancy;
using Fluxion.Tests.Host;
using Microsoft.Extensions.DependencyInjection;

namespace Fluxion.Tests.Tenancy;

/// <summary>
/// Records data from before a rule existed: events that no command creates any more, past the rules and through the ledger.
/// </summary>
public static class Legacy
{
    public static async Task<Guid> Append<T>(this Company company, LedgerHost host, params object[] events)
        where T : class, IAggregate<T>
    {
        var tenant = (await host.Services.GetRequiredService<TenantRegistry>().Find(company.Slug, TestContext.Current.CancellationToken))!;
        await using var session = host
            .Services.GetRequiredService<TenantDocumentStores>()
            .ForTenant(tenant.Id.ToString())
            .LightweightSession(tenant.Id.ToString());
        var ledger = new LedgerSession(session, tenant, Caller.System(tenant));
        await ledger.Begin(TestContext.Current.CancellationToken);
        var id = ledger.Append<T>(Guid.CreateVersion7(ledger.Now), events).Id;
        await ledger.Commit(TestContext.Current.CancellationToken);
        return id;
    }
}
