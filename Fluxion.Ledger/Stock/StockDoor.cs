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

/// <summary>The stock after a command, for its receipt.</summary>
public sealed record StockLevel(string Store, string Sku, decimal OnHand, decimal Reserved, decimal Available);

/// <summary>The receipt of a command that moved stock.</summary>
/// <param name="Id">The document's id: reference_id of its movements.</param>
/// <param name="Stock">Each stock item that it moved, once.</param>
public sealed record StockReceipt(Guid Id, IReadOnlyList<StockLevel> Stock);

/// <summary>
/// The one door to stock: the only code that loads stock items to change them. It resolves what the lines name, locks all their items
/// in ascending id order, hands them to the decision, and appends what was decided.
/// </summary>
public static class StockDoor
{
    public const int MaxLines = 1000;

    /// <param name="brings">True when goods come in: then the products must be active.</param>
    /// <param name="decide">The pure decision on the slots, one for each line.</param>
    public static async Task<Reply> Move(LedgerSession ledger, IStockCommand<IStockLine> command, bool brings,
        Func<IReadOnlyList<StockSlot>, StockDocument, StockDecision> decide, CancellationToken ct)
    {
        var (slots, problem) = await Open(ledger, command.Store, command.Lines, brings, ct);
        if (problem is not null) return problem;

        var document = new StockDocument(Guid.CreateVersion7(ledger.Now), command.Reference, command.Notes, command.OccurredAt ?? ledger.Now);
        var decision = decide(slots, document);
        if (decision.Shortages.Count > 0) return Refusal(decision.Shortages);

        var after = new Dictionary<Guid, StockItem>();
        foreach (var item in decision.Movements.GroupBy(m => m.ItemId, m => m.Movement))
            after[item.Key] = ledger.Append<StockItem>(item.Key, [.. item]);
        return Reply.Ok(new StockReceipt(document.Id, [.. slots.DistinctBy(s => s.ItemId).Select(slot =>
            new StockLevel(slot.Store.Code, slot.Product.Code, after[slot.ItemId].OnHand, after[slot.ItemId].Reserved, after[slot.ItemId].Available))]));
    }

    private static async Task<(IReadOnlyList<StockSlot> Slots, ProblemDetails? Problem)> Open(
        LedgerSession ledger, string storeReference, IReadOnlyList<IStockLine> lines, bool brings, CancellationToken ct)
    {
        var store = await ledger.Find<Store>(storeReference, ct);
        if (store is null) return ([], Unknown.Store(storeReference));
        if (!ledger.Caller.MayUse(store.Id)) return ([], Problems.Forbidden($"You may not move stock of the store {store.Code}."));
        if (!store.IsActive) return ([], Problems.Conflict("Store deactivated", $"The store {store.Code} is deactivated: its stock does not move."));

        var products = await ledger.Find<Product>(lines.Select(l => l.Sku), ct);
        var unknown = new Dictionary<string, string[]>();
        var wrong = new Dictionary<string, string[]>();
        var inactive = new List<string>();
        for (var i = 0; i < lines.Count; i++)
        {
            if (!products.TryGetValue(lines[i].Sku, out var product))
                unknown[$"lines[{i}].sku"] = [$"There is no product '{lines[i].Sku}'."];
            else if (UnitTypes.IsCounted(product.Details.UnitType) && decimal.Truncate(lines[i].Quantity) != lines[i].Quantity)
                wrong[$"lines[{i}].quantity"] = [$"{product.Code} is counted by the {product.Details.UnitType}: only whole numbers."];
            else if (brings && !product.IsActive)
                inactive.Add(product.Code);
        }
        if (unknown.Count > 0) return ([], Problems.NotFound("Some products do not exist; see errors.", unknown));
        if (wrong.Count > 0) return ([], Problems.Invalid(wrong));
        if (inactive.Count > 0) return ([], Problems.Conflict("Product deactivated", $"Nothing more comes in of {string.Join(", ", inactive.Distinct())}."));

        var slots = lines.Select(line => new StockSlot(store, products[line.Sku], null)).ToList();
        var items = await ledger.Lock<StockItem>([.. slots.Select(s => s.ItemId)], create: true, ct);
        return ([.. slots.Select(slot => slot with { Item = items[slot.ItemId] })], null);
    }

    private static ProblemDetails Refusal(IReadOnlyList<Shortage> shortages)
    {
        var problem = Problems.Conflict("Not enough stock", "Nothing was moved. See shortages for what is available of each product.");
        problem.Extensions["shortages"] = shortages;
        return problem;
    }
}
