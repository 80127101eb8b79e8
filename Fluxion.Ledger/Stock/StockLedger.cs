using Fluxion.Ledger.Catalog;
using Fluxion.Ledger.Time;

namespace Fluxion.Ledger.Stock;

/// <summary>
/// The only code that loads stock items to change them. It resolves stores and products of the lines, locks all their stock items in
/// ascending id order. A command that also changes a document of its own (a purchase order, a transfer, a reservation) locks that document
/// first.
/// </summary>
public static class StockLedger
{
    public const int MaxLines = 1000;

    /// <summary>Handles a document that only moves stock of one store: resolve and lock, decide, append.</summary>
    /// <param name="requiresActiveProduct"><inheritdoc cref="StockRequest" path="/param[@name='RequiresActiveProduct']"/></param>
    /// <param name="decide">The pure decision. It gets one <see cref="LockedStock"/> for each line.</param>
    public static async Task<Reply> Move(
        LedgerSession ledger,
        IStockDocuments documents,
        IStockCommand<IStockLine> command,
        bool requiresActiveProduct,
        Func<IReadOnlyList<LockedStock>, StockDocument, StockDecision> decide,
        CancellationToken ct
    )
    {
        var (lockedStock, at, problem) = await ResolveAndLock(
            ledger,
            StockRequest.ForLines(command.Store, command.Lines, requiresActiveProduct),
            ledger.ResolveOccurrence(command.OccurredAt),
            ct
        );
        if (problem is not null)
            return problem;
        var document = new StockDocument(Guid.CreateVersion7(at), command.Reference, command.Notes, at);
        return await Append(
            ledger,
            documents,
            decide(lockedStock, document),
            (stock, reservationsShort) =>
                Reply.Ok(new StockReceipt(document.Id, stock.Levels, at, stock.CorrectedByCount, reservationsShort)),
            ct
        );
    }

    /// <summary>
    /// Resolves the requests and locks their stock items until the end of the transaction. Returns a refusal when a request is not allowed.
    /// </summary>
    /// <param name="occurred">Moment of the movements; the earliest of several.</param>
    /// <param name="counting">True for a count, which needs on hand as of that moment.</param>
    /// <returns>
    /// Locked: one for each request. At: the moment itself. For a command that names none, it is known only once the items are locked.
    /// </returns>
    public static async Task<(IReadOnlyList<LockedStock> Locked, DateTimeOffset At, Refusal? Problem)> ResolveAndLock(
        LedgerSession ledger,
        IReadOnlyList<StockRequest> requests,
        Occurrence occurred,
        CancellationToken ct,
        bool counting = false
    )
    {
        var (named, problem) = await Resolve(ledger, requests, ct);
        if (named is null)
            return ([], default, problem);
        var (lockedStock, at) = await Lock(ledger, named, occurred, counting, ct);
        return (lockedStock, at, null);
    }

    /// <summary>Finds stores and products of the requests without locking, or returns a refusal.</summary>
    private static async Task<(IReadOnlyList<LockedStock>? Locked, Refusal? Problem)> Resolve(
        LedgerSession ledger,
        IReadOnlyList<StockRequest> requests,
        CancellationToken ct
    )
    {
        var stores = await ledger.Find<Store>(requests.Select(r => r.Store), ct);
        foreach (var request in requests.DistinctBy(r => r.Store))
        {
            if (!stores.TryGetValue(request.Store, out var store))
                return (null, Refusal.NotFound("store", request.StoreField, request.Store));
            if (!ledger.Caller.MayUse(store.Id))
                return (null, StockRefusals.StoreNotAllowed(request.Store));
            if (!store.IsActive && !request.AllowsInactive)
                return (null, StockRefusals.StoreDeactivated(request.Store));
        }

        var products = await ledger.Find<Product>(requests.Select(r => r.Sku), ct);
        var unknown = new Dictionary<string, string[]>();
        var wrong = new Dictionary<string, string[]>();
        var inactive = new List<string>();
        foreach (var request in requests)
        {
            if (!products.TryGetValue(request.Sku, out var product))
                unknown[request.SkuField] = [Refusal.NotFoundMessage("product", request.Sku)];
            else if (product.QuantityError(request.Quantity) is { } error)
                wrong[request.QuantityField] = [error];
            else if (request.RequiresActiveProduct && !product.IsActive && !request.AllowsInactive)
                inactive.Add(product.Code);
        }
        if (unknown.Count > 0)
            return (null, StockRefusals.ProductsNotFound(unknown));
        if (wrong.Count > 0)
            return (null, Refusal.Invalid(wrong));
        if (inactive.Count > 0)
            return (null, StockRefusals.ProductsDeactivated(inactive.Distinct()));

        return ([.. requests.Select(r => new LockedStock(stores[r.Store], products[r.Sku], null))], null);
    }

    /// <summary>Locks as <see cref="ResolveAndLock"/> does, for products and stores that the command has already read.</summary>
    /// <param name="ifThere">Items that are not created when missing, because the command appends no event to a missing one.</param>
    public static async Task<(IReadOnlyList<LockedStock> Locked, DateTimeOffset At)> Lock(
        LedgerSession ledger,
        IReadOnlyList<LockedStock> lockedStock,
        Occurrence occurred,
        bool counting,
        CancellationToken ct,
        IReadOnlySet<Guid>? ifThere = null
    )
    {
        Guid[] ids = [.. lockedStock.Select(s => s.ItemId)];
        var items = await ledger.Lock<StockItem>(ids, ifThere is null ? ids : [.. ids.Where(id => !ifThere.Contains(id))], ct);
        var at = occurred.At(ledger.Now);
        var changed = items
            .Values.OfType<StockItem>()
            .Where(item => counting && item.LastMovementAt > at)
            .Select(item => item.Id)
            .ToHashSet();
        var counted = items.Values.OfType<StockItem>().Where(item => item.CountedAt > at).Select(item => item.Id).ToHashSet();
        var later = new Dictionary<Guid, StockHistory>();
        if (counted.Count > 0)
        {
            var counts = await ledger
                .OccurredAfter(counted, at, typeof(StockCounted), ct)
                .ToLookupAsync(e => e.StreamId, e => ((StockCounted)e.Data).Document, cancellationToken: ct);
            foreach (var item in counts)
                later[item.Key] = new StockHistory(0, [.. item.OrderBy(count => count.OccurredAt)]);
        }
        if (changed.Count > 0)
        {
            await foreach (var e in ledger.OccurredAfter(changed, at, null, ct))
            {
                var history = later.GetValueOrDefault(e.StreamId, StockHistory.None);
                later[e.StreamId] = history with { Change = history.Change + ((StockMovement)e.Data).QuantityChange() };
            }
        }
        return (
            [
                .. lockedStock.Select(locked =>
                    locked with
                    {
                        Item = items[locked.ItemId],
                        Later = later.GetValueOrDefault(locked.ItemId, StockHistory.None),
                    }
                ),
            ],
            at
        );
    }

    /// <summary>Appends a decision, and replies with the reservations that stock no longer covers after it.</summary>
    public static async Task<Reply> Append(
        LedgerSession ledger,
        IStockDocuments documents,
        Decision decision,
        Func<StockDecision, IReadOnlyList<ShortReservation>, Reply> reply,
        CancellationToken ct
    )
    {
        var reservationsShort = decision is Decision.Accepted { Stock.ShortItems: { Count: > 0 } items }
            ? await documents.ShortReservations(ledger, items, ct)
            : [];
        return ledger.Append(decision, stock => reply(stock, reservationsShort));
    }
}
