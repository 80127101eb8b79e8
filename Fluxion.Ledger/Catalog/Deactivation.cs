using Fluxion.Ledger.Stock;

namespace Fluxion.Ledger.Catalog;

/// <summary>The open documents of one kind that concern a store, a product or a supplier.</summary>
/// <param name="Kind">The kind: purchase_order, transfer or reservation.</param>
/// <param name="Count">The number of documents, including those that the caller may not see.</param>
/// <param name="Documents">The numbers of documents that the caller may see, at most <see cref="MaxListed"/>.</param>
public sealed record OpenDocuments(string Kind, long Count, IReadOnlyList<string> Documents)
{
    public const int MaxListed = 10;
}

/// <summary>
/// The rule for deactivating stores, products and suppliers: it is refused while documents of them are open. Open are purchase orders that
/// are neither received nor cancelled, goods in transit, and stock that reservations hold. Older releases deactivated entries in spite of
/// open documents. Such an entry takes nothing new, and its open documents may be completed. Ordered and sent goods arrive, transfers are
/// cancelled, reservations end, and sales are returned.
/// </summary>
public static class Deactivation
{
    private const string LockName = "deactivation";

    /// <summary>
    /// Acquired by every command that opens a document, before it looks up its store, products and supplier. It conflicts with the
    /// exclusive lock, so one of the two commands sees what the other committed. Commands that open documents do not wait for each other.
    /// </summary>
    public static Task AcquireSharedLock(LedgerSession ledger, CancellationToken ct) => ledger.AcquireSharedLock(LockName, ct);

    /// <summary>Acquired by every command that deactivates a store, product or supplier, before it locks a stream.</summary>
    public static Task AcquireLock(LedgerSession ledger, CancellationToken ct) => ledger.AcquireLock(LockName, ct);

    /// <summary>Handles a command that deactivates a store, product or supplier.</summary>
    /// <param name="decide">The decision on the entry and its open documents.</param>
    public static async Task<Reply> Apply<T>(
        LedgerSession ledger,
        IStockDocuments documents,
        string what,
        string reference,
        Func<T, IEnumerable<OpenDocuments>, Decision> decide,
        CancellationToken ct
    )
        where T : class, IAggregate<T>, ICoded
    {
        await AcquireLock(ledger, ct);
        if (await ledger.Find<T>(reference, ct) is not { } found)
            return Refusal.NotFound(what, "id", reference);
        var open = (await documents.Open(ledger, [found.Id], ct))[found.Id];
        return await CatalogEntry.Change<T>(ledger, what, reference, null, entry => new(decide(entry, open)), ct);
    }

    /// <summary>Decides on a deactivation: an inactive entry stays as it is, and one with open documents is refused.</summary>
    /// <param name="deactivated">The event of the deactivation.</param>
    public static Decision Decide<T>(string what, T entry, bool isActive, IEnumerable<OpenDocuments> open, object deactivated)
        where T : class, IAggregate<T>, ICoded
    {
        if (!isActive)
            return Decision.Accept();
        if (Refuse(what, entry.Code, open) is { } stillOpen)
            return stillOpen;
        return Decision.Accept(DocumentEvents.Of<T>(entry.Id, deactivated));
    }

    /// <summary>Refuses with 409, naming the open documents; null when there are none.</summary>
    public static Refusal? Refuse(string what, string code, IEnumerable<OpenDocuments> open)
    {
        var kinds = open.ToList();
        if (kinds.Count == 0)
            return null;
        var message =
            $"The {what} {code} is not deactivated, because it has open documents: "
            + $"{string.Join(", ", kinds.Select(Message))}. Finish or cancel them first.";
        return Refusal.Conflict("Still open", message) with { Open = kinds };
    }

    private static string Message(OpenDocuments of)
    {
        var hidden = of.Count - of.Documents.Count;
        var names = string.Join(", ", of.Documents.Concat(hidden > 0 && of.Documents.Count > 0 ? [$"{hidden} more"] : []));
        return $"{of.Count} {of.Kind.Replace('_', ' ')}{(of.Count == 1 ? "" : "s")}{(names.Length > 0 ? $" ({names})" : "")}";
    }
}
