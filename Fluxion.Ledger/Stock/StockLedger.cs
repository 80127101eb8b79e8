using Fluxion.Ledger.Alerts;
using Fluxion.Ledger.Catalog;
using Fluxion.Ledger.Decisions;
using Fluxion.Ledger.Session;
using Fluxion.Ledger.Time;

namespace Fluxion.Ledger.Stock;

/// <summary>A line of a command: a product and a quantity.</summary>
public interface IStockLine : IProductLine
{
    decimal Quantity { get; }

    IEnumerable<(string Field, decimal Quantity)> IProductLine.Quantities => [("quantity", Quantity)];
}

/// <summary>A command that moves stock of one store. Each command describes its own fields.</summary>
public interface IStockCommand<out TLine> : IOccurrence
    where TLine : class, IStockLine
{
    string Store { get; }
    IReadOnlyList<TLine> Lines { get; }
    string? Reference { get; }
    string? Notes { get; }
}

/// <summary>A request to lock the stock of one command line: a product in a store, by the names that the client sent.</summary>
/// <param name="StoreField">Name of the request field with the store, for errors. SkuField and QuantityField are alike.</param>
/// <param name="IsInbound">True for a receipt of goods: the product must then be active.</param>
/// <param name="CompletesDocument">
/// True when the command completes an open document. Store and product may then be inactive (see <see cref="Deactivation"/>).
/// </param>
public sealed record StockRequest(
    string Store,
    string Sku,
    decimal Quantity,
    bool IsInbound,
    string StoreField = "store",
    string SkuField = "sku",
    string QuantityField = "quantity",
    bool CompletesDocument = false
)
{
    /// <summary>Makes a request for each line of a document of one store.</summary>
    public static IReadOnlyList<StockRequest> ForLines(
        string store,
        IEnumerable<IStockLine> lines,
        bool isInbound,
        string storeField = "store"
    ) =>
        [
            .. lines.Select(
                (line, i) =>
                    new StockRequest(store, line.Sku, line.Quantity, isInbound, storeField, $"lines[{i}].sku", $"lines[{i}].quantity")
            ),
        ];
}

/// <summary>A stock item after a command, for its receipt.</summary>
public sealed record StockLevel(string Store, string Sku, decimal OnHand, decimal Reserved, decimal Available);

/// <summary>A count as a client sees it: id, document number and moment.</summary>
public sealed record CountReference(Guid Id, string? Reference, DateTimeOffset OccurredAt);

/// <summary>
/// Late movements of a command: they occurred before a count and were recorded after it. The count had seen them, so they changed the
/// history and not today's stock.
/// </summary>
/// <param name="Movements">Number of late movements in the command.</param>
/// <param name="Quantity">Quantity that they would have added to on hand; below 0 when goods left.</param>
/// <param name="Count">The first count after them.</param>
public sealed record CountCorrection(string Store, string Sku, int Movements, decimal Quantity, CountReference Count);

/// <summary>A reservation that stock no longer covers: less is on hand than is reserved.</summary>
/// <param name="Held">Quantity that it holds of the product in the store.</param>
/// <param name="ShortBy">Part of that quantity that is missing. Of several reservations, the most recently opened is short first.</param>
public sealed record ShortReservation(Guid Id, string Reference, string Store, string Sku, decimal Held, decimal ShortBy)
{
    /// <summary>Maximum number of short reservations in a receipt.</summary>
    public const int MaxListed = 100;
}

/// <summary>The effect of a command on stock.</summary>
/// <param name="Stock">Each stock item that the command changed, once, with its state after the command.</param>
/// <param name="CorrectedByCount">Corrections by count, by stock item and count. Empty when every movement changed today's stock.</param>
/// <param name="ReservationsShort">
/// Reservations that stock no longer covers, by store and product, the most recently opened first. Usually empty.
/// </param>
public sealed record StockOutcome(
    IReadOnlyList<StockLevel> Stock,
    IReadOnlyList<CountCorrection> CorrectedByCount,
    IReadOnlyList<ShortReservation> ReservationsShort
)
{
    public static readonly StockOutcome Nothing = new([], [], []);
}

/// <summary>The receipt of a command that moved stock.</summary>
/// <param name="Id">Id of the document: reference_id of its movements.</param>
/// <param name="Stock">Each stock item that the command moved, once.</param>
/// <param name="OccurredAt">Time of the movements, by the ledger's clock.</param>
/// <param name="CorrectedByCount">Corrections by count: late movements, which leave today's stock as it is. Usually empty.</param>
/// <param name="ReservationsShort">
/// Reservations that stock no longer covers, by store and product, the most recently opened first. At most 100; usually empty.
/// </param>
public sealed record StockReceipt(
    Guid Id,
    IReadOnlyList<StockLevel> Stock,
    DateTimeOffset OccurredAt,
    IReadOnlyList<CountCorrection> CorrectedByCount,
    IReadOnlyList<ShortReservation> ReservationsShort
);

/// <summary>
/// The only code that loads stock items to change them. It resolves stores and products of the lines, locks all their stock items in
/// ascending id order, and appends the events of the decision. A command that also changes a document of its own (a purchase order, a
/// transfer, a reservation) locks that document first.
/// </summary>
public static class StockLedger
{
    public const int MaxLines = 1000;

    /// <summary>Handles a document that only moves stock of one store: resolve and lock, decide, append.</summary>
    /// <param name="isInbound">True for a receipt of goods: the products must then be active.</param>
    /// <param name="decide">The pure decision. It gets one <see cref="LockedStock"/> for each line.</param>
    public static async Task<Reply> Move(
        LedgerSession ledger,
        IStockDocuments documents,
        IStockCommand<IStockLine> command,
        bool isInbound,
        Func<IReadOnlyList<LockedStock>, StockDocument, StockDecision> decide,
        CancellationToken ct
    )
    {
        var (lockedStock, at, problem) = await ResolveAndLock(
            ledger,
            StockRequest.ForLines(command.Store, command.Lines, isInbound),
            ledger.ResolveOccurrence(command.OccurredAt),
            ct
        );
        if (problem is not null)
            return problem;
        var document = new StockDocument(Guid.CreateVersion7(at), command.Reference, command.Notes, at);
        var (outcome, refusal) = await Append(ledger, documents, lockedStock, decide(lockedStock, document), ct);
        return refusal is not null
            ? refusal
            : Reply.Ok(new StockReceipt(document.Id, outcome.Stock, at, outcome.CorrectedByCount, outcome.ReservationsShort));
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
                return (null, Refusal.Forbidden(StoreNotAllowed(request.Store)));
            if (!store.IsActive && !request.CompletesDocument)
                return (null, Refusal.Conflict("Store deactivated", StoreInactive(request.Store)));
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
            else if (request.IsInbound && !product.IsActive && !request.CompletesDocument)
                inactive.Add(product.Code);
        }
        if (unknown.Count > 0)
            return (null, Refusal.NotFound("Some products do not exist; see errors.", unknown));
        if (wrong.Count > 0)
            return (null, Refusal.Invalid(wrong));
        if (inactive.Count > 0)
            return (
                null,
                Refusal.Conflict("Product deactivated", $"Inactive products cannot be received: {string.Join(", ", inactive.Distinct())}.")
            );

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
                later[e.StreamId] = history with { Change = history.Change + ((StockMovement)e.Data).Change() };
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

    /// <param name="reference">
    /// The store as the client named it. A client who sends the id of a store that is not his must not learn its code.
    /// </param>
    public static string StoreNotAllowed(string reference) => $"You may not move stock of the store {Refusal.Shorten(reference)}.";

    /// <inheritdoc cref="StoreNotAllowed" path="/param"/>
    public static string StoreInactive(string reference) =>
        $"The store {Refusal.Shorten(reference)} is deactivated: its stock does not move.";

    /// <summary>Appends the events of a decision and returns their effect on stock, or refuses a shortage.</summary>
    public static (StockOutcome Outcome, Refusal? Refusal) Append(
        LedgerSession ledger,
        IReadOnlyList<LockedStock> lockedStock,
        StockDecision decision
    )
    {
        if (decision.Shortages.Count > 0)
        {
            return (
                StockOutcome.Nothing,
                Refusal.Conflict("Not enough stock", "Nothing was moved. See shortages for what is available of each product.") with
                {
                    Shortages = decision.Shortages,
                }
            );
        }
        var after = new Dictionary<Guid, StockItem>();
        var lockedById = lockedStock.DistinctBy(s => s.ItemId).ToDictionary(s => s.ItemId);
        foreach (var item in decision.Events.GroupBy(e => e.ItemId, e => e.Event))
        {
            after[item.Key] = ledger.Append<StockItem>(item.Key, [.. item]);
            if (StockReviewRequest.From(lockedById[item.Key], after[item.Key], ledger.Changes[^1].Event.Id) is { } request)
                ledger.RequestReview(request);
        }
        return (
            new StockOutcome(
                [
                    .. lockedById
                        .Values.Where(s => after.ContainsKey(s.ItemId))
                        .Select(locked => new StockLevel(
                            locked.Store.Code,
                            locked.Product.Code,
                            after[locked.ItemId].OnHand,
                            after[locked.ItemId].Reserved,
                            after[locked.ItemId].Available
                        )),
                ],
                [.. Corrections(decision, lockedById)],
                []
            ),
            null
        );
    }

    /// <summary>Appends as above, for commands with facts: the outcome names the reservations that stock no longer covers.</summary>
    public static async Task<(StockOutcome Outcome, Refusal? Refusal)> Append(
        LedgerSession ledger,
        IStockDocuments documents,
        IReadOnlyList<LockedStock> lockedStock,
        StockDecision decision,
        CancellationToken ct
    )
    {
        var (outcome, refusal) = Append(ledger, lockedStock, decision);
        if (refusal is not null || decision.ShortItems.Count == 0)
            return (outcome, refusal);
        return (outcome with { ReservationsShort = await documents.ShortReservations(ledger, decision.ShortItems, ct) }, null);
    }

    private static IEnumerable<CountCorrection> Corrections(StockDecision decision, Dictionary<Guid, LockedStock> lockedById) =>
        from entry in decision.Events
        let correction = entry.Event as StockCountCorrected
        where correction is not null
        group correction by (entry.ItemId, correction.Document.Id) into seen
        let locked = lockedById[seen.Key.ItemId]
        let count = seen.First().Document
        select new CountCorrection(
            locked.Store.Code,
            locked.Product.Code,
            seen.Count(),
            -seen.Sum(correction => correction.Quantity),
            new CountReference(count.Id, count.Reference, count.OccurredAt)
        );
}
