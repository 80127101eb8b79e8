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
    public static async Task<Guid> Append<T>(this TestTenant tenant, LedgerHost host, params object[] events)
        where T : class, IAggregate<T>
    {
        var registered = (
            await host.Services.GetRequiredService<TenantRegistry>().Find(tenant.Slug, TestContext.Current.CancellationToken)
        )!;
        await using var session = host
            .Services.GetRequiredService<TenantDocumentStores>()
            .ForTenant(registered.Id.ToString())
            .LightweightSession(registered.Id.ToString());
        var ledger = new LedgerSession(session, registered, Caller.System(registered));
        await ledger.Begin(TestContext.Current.CancellationToken);
        var id = ledger.Append<T>(Guid.CreateVersion7(ledger.Now), events).Id;
        await ledger.Commit(TestContext.Current.CancellationToken);
        return id;
    }
}
