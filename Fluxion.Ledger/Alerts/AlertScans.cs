using Fluxion.Ledger.Access;
using Fluxion.Ledger.Session;
using Fluxion.Ledger.Tenancy;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Fluxion.Ledger.Alerts;

/// <summary>
/// Looks for alerts that are missing, open without a cause, or of another priority by now: what no single command brings about, and what was
/// written without messages. Each tenant once in its interval (<c>alerts.scan_interval</c> of shared.system_config, or its own), on one node at a
/// time; shared.alert_scans keeps when, over restarts.
/// </summary>
public sealed class AlertScans(
    TenantRegistry registry, TenantDocumentStores stores, Databases databases, IStockPositions positions, AlertNotifications notifications,
    TimeProvider clock, ILogger<AlertScans> logger) : BackgroundService
{
    /// <summary>The items of one transaction: for so long somebody who acknowledges an alert may have to wait.</summary>
    public const int BatchSize = 200;

    /// <summary>How often a node looks which tenants are due.</summary>
    private static readonly TimeSpan PollInterval = TimeSpan.FromMinutes(1);

    private const string Due = """
        select t.id from shared.tenants t
        join shared.system_config c on c.key = 'alerts.scan_interval'
        left join shared.alert_scans s on s.tenant_id = t.id
        join pg_namespace n on n.nspname = t.schema_name
        where t.status = 'active' and ($1::uuid is null or t.id = $1)
          and coalesce(s.scanned_at, t.created_at) <= now() - coalesce(t.settings #>> '{alerts,scan_interval}', c.value)::interval
        order by coalesce(s.scanned_at, t.created_at)
        """;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(PollInterval, clock);
        while (await timer.WaitForNextTickAsync(stoppingToken)) await ScanDue(stoppingToken);
    }

    /// <summary>Scans the tenants that are due, one after the other. What fails is logged and tried again the next time.</summary>
    /// <returns>Those that this node has scanned, and no other meanwhile.</returns>
    public async Task<IReadOnlyList<Guid>> ScanDue(CancellationToken ct)
    {
        var scanned = new List<Guid>();
        await Attempt("the tenants that are due", async () =>
        {
            foreach (var id in await WhichAreDue(ct))
            {
                var tenant = registry.Get(id);
                await Attempt(tenant.Slug, async () =>
                {
                    if (await Scan(tenant, onlyWhenDue: true, ct) is not null) scanned.Add(id);
                });
            }
        });
        return scanned;
    }

    /// <summary>Scans one tenant now, unless another node is at it.</summary>
    /// <returns>How many alerts changed; null when another node is at it.</returns>
    public Task<int?> Scan(Tenant tenant, CancellationToken ct) => Scan(tenant, onlyWhenDue: false, ct);

    private async Task<int?> Scan(Tenant tenant, bool onlyWhenDue, CancellationToken ct)
    {
        await using var session = stores.ForTenant(tenant.Id.ToString()).LightweightSession(tenant.Id.ToString());
        var ledger = new LedgerSession(session, tenant, Caller.System(tenant));
        await ledger.Begin(ct);
        await using (var only = ledger.CreateCommand("select pg_try_advisory_xact_lock(hashtextextended($1, 0))", $"{tenant.Schema}/alert scan"))
            if (await only.ExecuteScalarAsync(ct) is not true) return null;
        if (onlyWhenDue)
        {
            // asked once more under the lock: another node may have scanned it since this one looked
            await using var due = ledger.CreateCommand(Due, tenant.Id);
            if (await due.ExecuteScalarAsync(ct) is null) return null;
        }

        var changed = 0;
        // a transaction for some of them: commands on alerts wait for their turn no longer than that
        var candidates = (await positions.FindCandidates(ledger, ct)).GroupBy(candidate => new StockReviewRequest(candidate.StoreId, candidate.ProductId));
        foreach (var some in candidates.Chunk(BatchSize))
        {
            await using var part = stores.ForTenant(tenant.Id.ToString()).LightweightSession(tenant.Id.ToString());
            var review = new LedgerSession(part, tenant, Caller.System(tenant));
            await review.Begin(ct);
            var events = await ReviewStockHandler.Review(
                review, [.. some.Select(item => item.Key)], positions, notifications, ct, [.. some.SelectMany(item => item)]);
            if (events > 0) await review.Commit(ct);
            changed += events;
        }
        ledger.Enqueue("insert into shared.alert_scans (tenant_id, scanned_at) values (?, ?) on conflict (tenant_id) do update set scanned_at = excluded.scanned_at",
            tenant.Id, ledger.Now);
        await ledger.Commit(ct);
        return changed;
    }

    private async Task<IReadOnlyList<Guid>> WhichAreDue(CancellationToken ct)
    {
        await using var command = databases.Service.CreateCommand(Due);
        command.Parameters.Add(new() { Value = DBNull.Value });
        await using var reader = await command.ExecuteReaderAsync(ct);
        var due = new List<Guid>();
        while (await reader.ReadAsync(ct)) due.Add(reader.GetGuid(0));
        return due;
    }

    private async Task Attempt(string what, Func<Task> attempt)
    {
        try
        {
            await attempt();
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            logger.LogError(e, "The scan for alerts of {What} failed; again in {Look}", what, PollInterval);
        }
    }
}
