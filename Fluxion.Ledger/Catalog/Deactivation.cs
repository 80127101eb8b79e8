using Fluxion.Ledger.Decisions;
using Fluxion.Ledger.Session;
using Fluxion.Ledger.Stock;

namespace Fluxion.Ledger.Catalog;

/// <summary>Documents of one kind that are open of a store, a product or a supplier.</summary>
/// <param name="Kind">purchase_order, transfer or reservation.</param>
/// <param name="Count">How many, also those that the caller may not see.</param>
/// <param name="Documents">Their numbers, as people know them: of those that the caller may see, at most <see cref="MaxListed"/>.</param>
public sealed record OpenDocuments(string Kind, long Count, IReadOnlyList<string> Documents)
{
    public const int MaxListed = 10;
}

/// <summary>
/// The one rule for stores, products and suppliers. While anything is open of them they are not deactivated: purchase orders that are neither
/// received nor cancelled, goods in transit, and what reservations hold. What was deactivated all the same, by an older version, takes nothing new,
/// and what is open of it may be finished: goods that were ordered or sent arrive, transfers are cancelled, reservations end, sales are returned.
/// </summary>
public static class Deactivation
{
    private const string LockName = "deactivation";

    /// <summary>
    /// Taken by every command that opens something, before it looks up what that is for. Whoever deactivates waits for it, and it for whoever
    /// deactivates, so that one of the two sees the other. Commands that open something do not wait for each other.
    /// </summary>
    public static Task AcquireSharedLock(LedgerSession ledger, CancellationToken ct) => ledger.AcquireSharedLock(LockName, ct);

    /// <summary>Taken by every command that deactivates something, before it locks a stream.</summary>
    public static Task AcquireLock(LedgerSession ledger, CancellationToken ct) => ledger.AcquireLock(LockName, ct);

    /// <summary>Deactivates an entry of the catalog; once more changes nothing.</summary>
    /// <param name="isActive">Whether it is active now.</param>
    public static async Task<Reply> Apply<T>(LedgerSession ledger, IStockDocuments documents, string what, string reference,
        Func<T, bool> isActive, object deactivated, CancellationToken ct) where T : class, IAggregate<T>, ICoded
    {
        await AcquireLock(ledger, ct);
        if (await ledger.Find<T>(reference, ct) is not { } found) return NotFound.Problem(what, "id", reference);
        if (isActive(found) && Refuse(what, found.Code, (await documents.Open(ledger, [found.Id], ct))[found.Id]) is { } problem) return problem;
        return await CatalogEntry.Change<T>(ledger, what, reference, null, entry => isActive(entry) ? [deactivated] : [], ct);
    }

    /// <summary>409 naming what is open, if anything is.</summary>
    public static Refusal? Refuse(string what, string code, IEnumerable<OpenDocuments> open)
    {
        var kinds = open.ToList();
        if (kinds.Count == 0) return null;
        var message = $"The {what} {code} is not deactivated, because there is still something open: "
            + $"{string.Join(", ", kinds.Select(Message))}. Finish or cancel that first.";
        return Refusal.Conflict("Still open", message) with { Open = kinds };
    }

    private static string Message(OpenDocuments of)
    {
        var hidden = of.Count - of.Documents.Count;
        var names = string.Join(", ", of.Documents.Concat(hidden > 0 && of.Documents.Count > 0 ? [$"{hidden} more"] : []));
        return $"{of.Count} {of.Kind.Replace('_', ' ')}{(of.Count == 1 ? "" : "s")}{(names.Length > 0 ? $" ({names})" : "")}";
    }
}
