using Fluxion.Ledger.Alerts;
using Fluxion.Ledger.Catalog;
using Fluxion.Ledger.Commands;
using Microsoft.AspNetCore.Mvc;

namespace Fluxion.Ledger.Stock;

/// <summary>One line that moves stock, as far as the door cares.</summary>
public interface IStockLine
{
    string Sku { get; }
    decimal Quantity { get; }
}

/// <summary>A command that moves stock of one store; what each of its fields means is said where it is declared.</summary>
public interface IStockCommand<out TLine> where TLine : class, IStockLine
{
    string Store { get; }
    IReadOnlyList<TLine> Lines { get; }
    string? Reference { get; }
    DateTimeOffset? OccurredAt { get; }
    string? Notes { get; }
}

/// <summary>What a line of a command asks the door for: a product in a store, by the names in the request.</summary>
/// <param name="StoreField">The field of the request that names the store, for errors; and so on.</param>
/// <param name="Brings">True when goods come in: then the product must be active.</param>
public sealed record StockRequest(
    string Store, string Sku, decimal Quantity, bool Brings, string StoreField = "store", string SkuField = "sku", string QuantityField = "quantity")
{
    /// <summary>A request for each line of a document of one store.</summary>
    public static IReadOnlyList<StockRequest> Of(string store, IEnumerable<IStockLine> lines, bool brings, string storeField = "store") =>
        [.. lines.Select((line, i) => new StockRequest(store, line.Sku, line.Quantity, brings, storeField, $"lines[{i}].sku", $"lines[{i}].quantity"))];
}

/// <summary>The stock after a command, for its receipt.</summary>
public sealed record StockLevel(string Store, string Sku, decimal OnHand, decimal Reserved, decimal Available);

/// <summary>The receipt of a command that moved stock.</summary>
/// <param name="Id">The document's id: reference_id of its movements.</param>
/// <param name="Stock">Each stock item that it moved, once.</param>
public sealed record StockReceipt(Guid Id, IReadOnlyList<StockLevel> Stock);

/// <summary>
/// The one door to stock: the only code that loads stock items to change them. It resolves what the lines name, locks all their items
/// in ascending id order, and appends what was decided on them. A command that also changes a document of its own (a purchase order,
/// a transfer, a reservation) locks that first.
/// </summary>
public static class StockDoor
{
    public const int MaxLines = 1000;

    /// <summary>A document that moves stock of one store and is nothing else: open, decide, append.</summary>
    /// <param name="brings">True when goods come in: then the products must be active.</param>
    /// <param name="decide">The pure decision on the slots, one for each line.</param>
    public static async Task<Reply> Move(LedgerSession ledger, IStockCommand<IStockLine> command, bool brings,
        Func<IReadOnlyList<StockSlot>, StockDocument, StockDecision> decide, CancellationToken ct)
    {
        var document = new StockDocument(Guid.CreateVersion7(ledger.Now), command.Reference, command.Notes, command.OccurredAt ?? ledger.Now);
        var (slots, problem) = await Open(ledger, StockRequest.Of(command.Store, command.Lines, brings), document.OccurredAt, ct);
        if (problem is not null) return problem;
        var (stock, refusal) = Append(ledger, slots, decide(slots, document));
        return refusal is not null ? refusal : Reply.Ok(new StockReceipt(document.Id, stock));
    }

    /// <summary>The slot of each request, its item locked to the end of the transaction; or why the request cannot be.</summary>
    /// <param name="occurredAt">The moment that the command is about; of several the earliest.</param>
    /// <param name="counting">True for a count, which needs the stock as of that moment.</param>
    public static async Task<(IReadOnlyList<StockSlot> Slots, ProblemDetails? Problem)> Open(
        LedgerSession ledger, IReadOnlyList<StockRequest> requests, DateTimeOffset occurredAt, CancellationToken ct, bool counting = false)
    {
        var stores = await ledger.Find<Store>(requests.Select(r => r.Store), ct);
        foreach (var request in requests.DistinctBy(r => r.Store))
        {
            if (!stores.TryGetValue(request.Store, out var store)) return ([], Unknown.Of("store", request.StoreField, request.Store));
            if (!ledger.Caller.MayUse(store.Id)) return ([], Problems.Forbidden(NotYours(request.Store)));
            if (!store.IsActive) return ([], Problems.Conflict("Store deactivated", Deactivated(request.Store)));
        }

        var products = await ledger.Find<Product>(requests.Select(r => r.Sku), ct);
        var unknown = new Dictionary<string, string[]>();
        var wrong = new Dictionary<string, string[]>();
        var inactive = new List<string>();
        foreach (var request in requests)
        {
            if (!products.TryGetValue(request.Sku, out var product))
                unknown[request.SkuField] = [Unknown.Says("product", request.Sku)];
            else if (product.ObjectionTo(request.Quantity) is { } objection)
                wrong[request.QuantityField] = [objection];
            else if (request.Brings && !product.IsActive)
                inactive.Add(product.Code);
        }
        if (unknown.Count > 0) return ([], Problems.NotFound("Some products do not exist; see errors.", unknown));
        if (wrong.Count > 0) return ([], Problems.Invalid(wrong));
        if (inactive.Count > 0) return ([], Problems.Conflict("Product deactivated", $"Nothing more comes in of {string.Join(", ", inactive.Distinct())}."));

        return (await Lock(ledger, [.. requests.Select(r => new StockSlot(stores[r.Store], products[r.Sku], null))], occurredAt, counting, ct), null);
    }

    /// <summary>As <see cref="Open"/> for products and stores that the command knows already, from a document of its own.</summary>
    public static async Task<IReadOnlyList<StockSlot>> Lock(
        LedgerSession ledger, IReadOnlyList<StockSlot> slots, DateTimeOffset occurredAt, bool counting, CancellationToken ct)
    {
        var items = await ledger.Lock<StockItem>([.. slots.Select(s => s.ItemId)], create: true, ct);
        var withHistory = items.Values.OfType<StockItem>()
            .Where(item => item.CountedAt > occurredAt || (counting && item.LastMovementAt > occurredAt)).Select(item => item.Id).ToList();
        var later = withHistory.Count == 0 ? null : await ledger.OccurredAfter(withHistory, occurredAt, ct);
        return [.. slots.Select(slot => slot with { Item = items[slot.ItemId], Later = [.. later?[slot.ItemId].Cast<StockMovement>() ?? []] })];
    }

    /// <param name="reference">The store as the client named it: of one that is not his, an id must not tell him the code.</param>
    public static string NotYours(string reference) => $"You may not move stock of the store {Problems.Shorten(reference)}.";

    /// <inheritdoc cref="NotYours" path="/param"/>
    public static string Deactivated(string reference) => $"The store {Problems.Shorten(reference)} is deactivated: its stock does not move.";

    /// <summary>Appends what was decided, and returns each slot's stock after it, once; or the refusal of a shortage.</summary>
    public static (IReadOnlyList<StockLevel> Stock, ProblemDetails? Refusal) Append(
        LedgerSession ledger, IReadOnlyList<StockSlot> slots, StockDecision decision)
    {
        if (decision.Shortages.Count > 0)
        {
            var refusal = Problems.Conflict("Not enough stock", "Nothing was moved. See shortages for what is available of each product.");
            refusal.Extensions["shortages"] = decision.Shortages;
            return ([], refusal);
        }
        var after = new Dictionary<Guid, StockItem>();
        var slotOf = slots.DistinctBy(s => s.ItemId).ToDictionary(s => s.ItemId);
        foreach (var item in decision.Events.GroupBy(e => e.ItemId, e => e.Event))
        {
            after[item.Key] = ledger.Append<StockItem>(item.Key, [.. item]);
            if (StockNotice.Of(slotOf[item.Key], after[item.Key], ledger.Changes[^1].Event.Id) is { } notice) ledger.Notice(notice);
        }
        return ([.. slots.DistinctBy(s => s.ItemId).Where(s => after.ContainsKey(s.ItemId)).Select(slot =>
            new StockLevel(slot.Store.Code, slot.Product.Code, after[slot.ItemId].OnHand, after[slot.ItemId].Reserved, after[slot.ItemId].Available))], null);
    }
}
