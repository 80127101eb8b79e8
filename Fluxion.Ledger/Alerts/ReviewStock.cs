using Fluxion.Ledger.Diagnostics;
using Fluxion.Ledger.Tenancy;
using Marten;
using Wolverine;

namespace Fluxion.Ledger.Alerts;

/// <summary>
/// Requests a review of the alerts of some stock items. The command that may have changed them sends it in its transaction. So the message
/// is neither lost nor sent for a command that rolled back. It names the items to review, not the outcome: it can be handled more than
/// once, late or out of order.
/// </summary>
public sealed record ReviewStock(IReadOnlyList<StockReviewRequest> Notices)
{
    /// <summary>The maximum number of review requests in one message, and so in one transaction.</summary>
    public const int BatchSize = 500;
}

public static class ReviewStockHandler
{
    /// <summary>Handles the message in the tenant that sent it.</summary>
    public static async Task Handle(
        ReviewStock message,
        IDocumentSession session,
        IMessageContext context,
        TenantRegistry registry,
        IStockPositions positions,
        AlertNotifications notifications,
        CancellationToken ct
    )
    {
        var tenant = registry.Get(Guid.Parse(context.TenantId ?? throw new InvalidOperationException("Stock is reviewed in a tenant.")));
        var ledger = new LedgerSession(session, tenant, Caller.System(tenant), context);
        await ledger.Handle<ReviewStock>(async () =>
        {
            await ledger.Begin(ct);
            if (await Review(ledger, message.Notices, positions, notifications, ct) > 0)
                await ledger.Commit(ct);
        });
        if (context.Envelope is { } envelope) // stamped by the clock of the host that sent it, usually this one
            Instruments.AlertLag.Record((TimeProvider.System.GetUtcNow() - envelope.SentAt).TotalSeconds);
    }

    /// <summary>
    /// Reviews the current state of the items, and raises, updates, reopens, resolves or dismisses their alerts. All writers of a tenant's
    /// alerts acquire the same advisory lock. So concurrent reviews raise only one alert, and event numbers follow the order in which
    /// events become visible.
    /// </summary>
    /// <param name="scanned">
    /// The candidates of a scan. Those without a level are no longer found. They cover the types that no message is sent for.
    /// </param>
    /// <returns>The number of alerts that changed.</returns>
    public static async Task<int> Review(
        LedgerSession ledger,
        IReadOnlyCollection<StockReviewRequest> requests,
        IStockPositions positions,
        AlertNotifications notifications,
        CancellationToken ct,
        IReadOnlyCollection<AlertCandidate>? scanned = null
    )
    {
        await ledger.AcquireLock(AlertCommands.LockName, ct);
        var settings = (await ledger.Read<TenantSettings>(ledger.Tenant.Id, ct))?.Alerts ?? AlertSettings.Default;
        var items = await positions.Read(ledger, requests, settings.RateDays, ct);
        var latest = await ledger.Lock<Alert>([.. items.SelectMany(item => item.LatestAlerts)], create: false, ct);
        var causes = requests
            .Where(request => request.EventId is not null)
            .ToLookup(request => (request.StoreId, request.ProductId), request => request.EventId!.Value);
        var candidates = (scanned ?? [])
            .Where(candidate => candidate.Type is not (AlertTypes.LowStock or AlertTypes.ReservationShort))
            .ToLookup(candidate => (candidate.StoreId, candidate.ProductId));
        foreach (var item in items)
        {
            Guid[] events = [.. causes[(item.StoreId, item.ProductId)], .. causes[(null, item.ProductId)], .. causes[(item.StoreId, null)]];
            if (events.Length == 0 && item.LatestMovement is { } movement)
                events = [movement];
            var alerts = item.LatestAlerts.Select(id => latest[id]!).ToDictionary(alert => alert.Type);
            Decide(AlertTypes.LowStock, LowStock.Find(item, events), LowStock.Rule);
            foreach (var candidate in candidates[(item.StoreId, item.ProductId)])
                Decide(candidate.Type, ScanRules.Find(item, candidate, events), ScanRules.Rule);
            if (!item.IsActive)
                foreach (var type in alerts.Keys.Where(type => type != AlertTypes.ReservationShort).ToList())
                    Decide(type, null, ScanRules.Rule);
            Decide(AlertTypes.ReservationShort, ShortStock.Find(item, events), ShortStock.Rule);

            void Decide(string type, AlertContent? finding, string rule)
            {
                var alert = alerts.GetValueOrDefault(type);
                var isKept = item.IsActive || type == AlertTypes.ReservationShort; // reservations outlive deactivation
                var happened = AlertDecider.Decide(
                    type,
                    item.ProductId,
                    item.StoreId,
                    alert,
                    isKept,
                    finding,
                    rule,
                    ledger.Now,
                    TimeSpan.FromHours(settings.ReopenHours)
                );
                if (happened is not null)
                    alerts[type] = ledger.Append<Alert>(happened is AlertRaised ? Guid.CreateVersion7(ledger.Now) : alert!.Id, happened);
            }
        }
        if (ledger.Changes.Count > 0)
            notifications.SendAfterCommit(ledger);
        return ledger.Changes.Count;
    }
}
