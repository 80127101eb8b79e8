using Fluxion.Ledger.Access;
using Fluxion.Ledger.Session;
using Fluxion.Ledger.Tenancy;
using Marten;
using Wolverine;

namespace Fluxion.Ledger.Alerts;

/// <summary>
/// The alerts of some items may have changed: sent in the transaction of the command that may have changed them, so that it is neither lost nor
/// sent for nothing. It says what to look at and not what to do: handled twice, late or out of order, it does no harm.
/// </summary>
public sealed record ReviewStock(IReadOnlyList<StockReviewRequest> Notices)
{
    /// <summary>The most of one message, and of one transaction.</summary>
    public const int BatchSize = 500;
}

public static class ReviewStockHandler
{
    /// <summary>In the tenant that the message came from.</summary>
    public static async Task Handle(ReviewStock message, IDocumentSession session, IMessageContext context, TenantRegistry registry,
        IStockPositions positions, AlertNotifications notifications, CancellationToken ct)
    {
        var tenant = registry.Get(Guid.Parse(context.TenantId ?? throw new InvalidOperationException("Stock is reviewed in a tenant.")));
        var ledger = new LedgerSession(session, tenant, Caller.System(tenant), context);
        await ledger.Begin(ct);
        if (await Review(ledger, message.Notices, positions, notifications, ct) > 0) await ledger.Commit(ct);
    }

    /// <summary>
    /// Looks at the items as they are now, and raises, updates, reopens, resolves or dismisses. All that writes alerts of a tenant takes turns: so
    /// there is one alert whatever crosses at once, and their events are numbered in the order in which they can be seen.
    /// </summary>
    /// <param name="scanned">What a scan found, or did not find any more, of the types that no message is sent for.</param>
    /// <returns>How many alerts changed.</returns>
    public static async Task<int> Review(
        LedgerSession ledger, IReadOnlyCollection<StockReviewRequest> requests, IStockPositions positions, AlertNotifications notifications,
        CancellationToken ct, IReadOnlyCollection<AlertCandidate>? scanned = null)
    {
        await ledger.AcquireLock(AlertCommands.LockName, ct);
        var settings = (await ledger.Read<TenantSettings>(ledger.Tenant.Id, ct))?.Alerts ?? AlertSettings.Default;
        var items = await positions.Read(ledger, requests, settings.RateDays, ct);
        var latest = await ledger.Lock<Alert>([.. items.SelectMany(item => item.LatestAlerts)], create: false, ct);
        var causes = requests.Where(request => request.EventId is not null).ToLookup(
            request => (request.StoreId, request.ProductId), request => request.EventId!.Value);
        var candidates = (scanned ?? []).Where(candidate => candidate.Type is not (AlertTypes.LowStock or AlertTypes.ReservationShort)).ToLookup(candidate => (candidate.StoreId, candidate.ProductId));
        foreach (var item in items)
        {
            Guid[] events = [.. causes[(item.StoreId, item.ProductId)], .. causes[(null, item.ProductId)], .. causes[(item.StoreId, null)]];
            if (events.Length == 0 && item.LatestMovement is { } movement) events = [movement];
            var alerts = item.LatestAlerts.Select(id => latest[id]!).ToDictionary(alert => alert.Type);
            Decide(AlertTypes.LowStock, LowStock.Find(item, events), LowStock.Rule);
            foreach (var candidate in candidates[(item.StoreId, item.ProductId)]) Decide(candidate.Type, ScanRules.Find(item, candidate, events), ScanRules.Rule);
            if (!item.IsActive) foreach (var type in alerts.Keys.Where(type => type != AlertTypes.ReservationShort).ToList()) Decide(type, null, ScanRules.Rule);
            Decide(AlertTypes.ReservationShort, ShortStock.Find(item, events), ShortStock.Rule);

            void Decide(string type, AlertContent? finding, string rule)
            {
                var alert = alerts.GetValueOrDefault(type);
                var isKept = item.IsActive || type == AlertTypes.ReservationShort; // what is promised is owed, also of what is no longer bought
                var happened = AlertDecider.Decide(type, item.ProductId, item.StoreId, alert, isKept, finding, rule, ledger.Now, TimeSpan.FromHours(settings.ReopenHours));
                if (happened is not null) alerts[type] = ledger.Append<Alert>(happened is AlertRaised ? Guid.CreateVersion7(ledger.Now) : alert!.Id, happened);
            }
        }
        if (ledger.Changes.Count > 0) notifications.SendAfterCommit(ledger);
        return ledger.Changes.Count;
    }
}
