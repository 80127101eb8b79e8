using Fluxion.Ledger.Tenancy;
using Marten;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Wolverine;

namespace Fluxion.Ledger.Stock;

/// <summary>
/// Expires the reservations whose message has not done it: one that failed too often has been put aside, and what it was about would be held
/// for ever. Every node looks; what another one has expired meanwhile is let alone.
/// </summary>
public sealed class OverdueReservations(
    TenantRegistry registry, TenantDocumentStores stores, IServiceScopeFactory scopes, TimeProvider clock, ILogger<OverdueReservations> logger) : BackgroundService
{
    public static readonly TimeSpan Interval = TimeSpan.FromMinutes(5);

    /// <summary>How late a message may be; those that are due are looked for every 5 seconds.</summary>
    public static readonly TimeSpan Grace = TimeSpan.FromMinutes(1);

    /// <summary>The most of one tenant at one time, the longest overdue first.</summary>
    public const int BatchSize = 100;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, clock);
        while (await timer.WaitForNextTickAsync(stoppingToken)) await Expire(stoppingToken);
    }

    /// <summary>Once, in all tenants. What fails is logged, holds nobody else up, and is tried again the next time.</summary>
    public Task Expire(CancellationToken ct) => Attempt("The tenants", async () =>
    {
        foreach (var tenant in await registry.List(null, int.MaxValue, ct))
        {
            if (tenant.SchemaFault is not null) continue;
            await Attempt($"The reservations of {tenant.Slug}", async () =>
            {
                foreach (var id in await Overdue(tenant, ct)) await Attempt($"The reservation {id} of {tenant.Slug}", () => Expire(tenant, id, ct));
            });
        }
    });

    private async Task<IReadOnlyList<Guid>> Overdue(Tenant tenant, CancellationToken ct)
    {
        var before = clock.GetUtcNow() - Grace;
        await using var session = stores.ForTenant(tenant.Id.ToString()).QuerySession(tenant.Id.ToString());
        return await session.Query<Reservation>().Where(r => r.Status == Reservation.Open && r.ExpiresAt < before)
            .OrderBy(r => r.ExpiresAt).Take(BatchSize).Select(r => r.Id).ToListAsync(ct);
    }

    private async Task Expire(Tenant tenant, Guid id, CancellationToken ct)
    {
        await using var scope = scopes.CreateAsyncScope();
        await scope.ServiceProvider.GetRequiredService<IMessageBus>().InvokeForTenantAsync(tenant.Id.ToString(), new ExpireReservation(id), ct);
    }

    private async Task Attempt(string what, Func<Task> attempt)
    {
        try
        {
            await attempt();
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            logger.LogError(e, "{What} could not be looked after; again in {Every}", what, Interval);
        }
    }
}
