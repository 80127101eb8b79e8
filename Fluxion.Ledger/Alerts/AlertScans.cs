using Fluxion.Ledger.Diagnostics;
using Fluxion.Ledger.Tenancy;
using Microsoft.Extensions.Logging;

namespace Fluxion.Ledger.Alerts;

/// <summary>
/// Finds alerts that are missing, open without a cause, or of an outdated priority. Such alerts arise from conditions that no single
/// command causes, and from data written without messages. Each tenant is scanned once per interval, on one node at a time. The interval
/// is <c>alerts.scan_interval</c> of shared.system_config, or the tenant's own. shared.alert_scans keeps the last scan over restarts.
/// </summary>
public sealed class AlertScans(
    TenantRegistry registry,
    TenantDocumentStores stores,
    Databases databases,
    IStockPositions positions,
    AlertNotifications notifications,
    TimeProvider clock,
    ILogger<AlertScans> logger
) : PeriodicService("alert scans", PollInterval, clock, logger)
{
    /// <summary>
    /// Number of stock items in one transaction. A user who acknowledges an alert may have to wait for one such transaction.
    /// </summary>
    public const int BatchSize = 200;

    /// <summary>The interval at which a node looks for tenants that are due.</summary>
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

    protected override Task RunOnce(CancellationToken ct) => ScanDue(ct);

    /// <summary>Scans the tenants that are due, one after the other. A failed scan is repeated at the next poll.</summary>
    /// <returns>The tenants that this node has scanned.</returns>
    public async Task<IReadOnlyList<Guid>> ScanDue(CancellationToken ct)
    {
        var scanned = new List<Guid>();
        foreach (var id in await WhichAreDue(ct))
        {
            var tenant = registry.Get(id);
            await Attempt(
                tenant.Slug,
                async () =>
                {
                    if (await Scan(tenant, onlyWhenDue: true, ct) is not null)
                        scanned.Add(id);
                },
                ct
            );
        }
        return scanned;
    }

    /// <summary>Scans one tenant now, unless another node is scanning it.</summary>
    /// <returns>The number of alerts that changed; null when another node is scanning the tenant.</returns>
    public Task<int?> Scan(Tenant tenant, CancellationToken ct) => Scan(tenant, onlyWhenDue: false, ct);

    private async Task<int?> Scan(Tenant tenant, bool onlyWhenDue, CancellationToken ct)
    {
        await using var session = stores.ForTenant(tenant.Id.ToString()).LightweightSession(tenant.Id.ToString());
        var ledger = new LedgerSession(session, tenant, Caller.System(tenant));
        await ledger.Begin(ct);
        if (!await AdvisoryLocks.TryAcquire(session.Connection!, AdvisoryLocks.Key(tenant.Schema, "alert scan"), ct))
            return null;
        if (onlyWhenDue)
        {
            // checked again under the lock: another node may have scanned the tenant in the meantime
            await using var due = ledger.CreateCommand(Due, tenant.Id);
            if (await due.ExecuteScalarAsync(ct) is null)
                return null;
        }

        var changed = 0;
        // one transaction per batch: commands on alerts wait no longer than that for the lock
        var candidates = (await positions.FindCandidates(ledger, ct)).GroupBy(candidate => new StockReviewRequest(
            candidate.StoreId,
            candidate.ProductId
        ));
        foreach (var some in candidates.Chunk(BatchSize))
        {
            await using var part = stores.ForTenant(tenant.Id.ToString()).LightweightSession(tenant.Id.ToString());
            var review = new LedgerSession(part, tenant, Caller.System(tenant));
            await review.Begin(ct);
            var events = await ReviewStockHandler.Review(
                review,
                [.. some.Select(item => item.Key)],
                positions,
                notifications,
                ct,
                [.. some.SelectMany(item => item)]
            );
            if (events > 0)
                await review.Commit(ct);
            changed += events;
        }
        ledger.Enqueue(
            """
            insert into shared.alert_scans (tenant_id, scanned_at) values (?, ?)
            on conflict (tenant_id) do update set scanned_at = excluded.scanned_at
            """,
            tenant.Id,
            ledger.Now
        );
        await ledger.Commit(ct);
        return changed;
    }

    private async Task<IReadOnlyList<Guid>> WhichAreDue(CancellationToken ct)
    {
        await using var command = databases.Service.CreateCommand(Due);
        command.Parameters.Add(new() { Value = DBNull.Value });
        await using var reader = await command.ExecuteReaderAsync(ct);
        var due = new List<Guid>();
        while (await reader.ReadAsync(ct))
            due.Add(reader.GetGuid(0));
        return due;
    }
}
