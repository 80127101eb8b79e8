using Fluxion.Ledger.Diagnostics;
using Fluxion.Ledger.Tenancy;
using Marten;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Wolverine;

namespace Fluxion.Ledger.Stock;

/// <summary>
/// Expires the reservations whose message did not. A message that failed too often is in the dead-letter table, and its reservation would
/// hold stock for ever. Every node checks. A reservation that another node has expired meanwhile is skipped.
/// </summary>
public sealed class OverdueReservations(
    TenantRegistry registry,
    TenantDocumentStores stores,
    IServiceScopeFactory scopes,
    TimeProvider clock,
    ILogger<OverdueReservations> logger
) : PeriodicService("overdue reservations", Interval, clock, logger)
{
    public static readonly TimeSpan Interval = TimeSpan.FromMinutes(5);

    /// <summary>Allowed delay of a message. Due messages are polled every 5 seconds.</summary>
    public static readonly TimeSpan Grace = TimeSpan.FromMinutes(1);

    /// <summary>Maximum number of reservations for each tenant and run, the longest overdue first.</summary>
    public const int BatchSize = 100;

    protected override Task RunOnce(CancellationToken ct) => Expire(ct);

    /// <summary>Runs once for all tenants. A failure does not stop the others, and the next run repeats what failed.</summary>
    public async Task Expire(CancellationToken ct)
    {
        foreach (var tenant in await registry.List(null, int.MaxValue, ct))
        {
            if (tenant.SchemaFault is not null)
                continue;
            await Attempt(
                tenant.Slug,
                async () =>
                {
                    foreach (var id in await Overdue(tenant, ct))
                        await Attempt($"{tenant.Slug}, reservation {id}", () => Expire(tenant, id, ct), ct);
                },
                ct
            );
        }
    }

    private async Task<IReadOnlyList<Guid>> Overdue(Tenant tenant, CancellationToken ct)
    {
        var before = Clock.GetUtcNow() - Grace;
        await using var session = stores.ForTenant(tenant.Id.ToString()).QuerySession(tenant.Id.ToString());
        return await session
            .Query<Reservation>()
            .Where(r => r.Status == Reservation.Open && r.ExpiresAt < before)
            .OrderBy(r => r.ExpiresAt)
            .Take(BatchSize)
            .Select(r => r.Id)
            .ToListAsync(ct);
    }

    private async Task Expire(Tenant tenant, Guid id, CancellationToken ct)
    {
        await using var scope = scopes.CreateAsyncScope();
        await scope
            .ServiceProvider.GetRequiredService<IMessageBus>()
            .InvokeForTenantAsync(tenant.Id.ToString(), new ExpireReservation(id), ct);
    }
}
