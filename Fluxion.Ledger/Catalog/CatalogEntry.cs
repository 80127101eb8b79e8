using System.Text.Json;
using Fluxion.Ledger.Decisions;
using Fluxion.Ledger.Session;
using Fluxion.Ledger.Validation;

namespace Fluxion.Ledger.Catalog;

/// <summary>The receipt of a command on an entry that has a code.</summary>
/// <param name="Version">
/// The version after the command. The next change may send it, and is refused with 409 when another change came before.
/// </param>
public sealed record CatalogReceipt(Guid Id, string Code, long Version);

/// <summary>The shared part of the commands on stores, categories, suppliers and products.</summary>
public static class CatalogEntry
{
    /// <summary>Starts a stream under a new code; refuses with 409 when an entry of its kind has the code already.</summary>
    public static async Task<Reply> Create<T>(
        LedgerSession ledger,
        string what,
        string plural,
        string code,
        Func<string, object> created,
        CancellationToken ct
    )
        where T : class, IAggregate<T>, ICoded
    {
        code = Codes.Normalize(code);
        string UrlOf(Guid id) => $"/api/{ledger.Tenant.Slug}/{plural}/{id}";
        ExistingDocument? Existing(T? taken) =>
            taken is null || (taken is Store store && !ledger.Caller.MayUse(store.Id)) ? null : new(taken.Id, UrlOf(taken.Id));
        var unique = new UniqueName(
            Refusal.Conflict("Code taken", $"There is a {what} '{code}' already."),
            async (look, token) => Existing(await look.Find<T>(code, token))
        );
        if (await ledger.Find<T>(code, ct) is { } taken)
            return unique.Taken with { Existing = Existing(taken) };
        var entry = ledger.Append<T>(Guid.CreateVersion7(ledger.Now), created(code));
        return Reply.Created(UrlOf(entry.Id), new CatalogReceipt(entry.Id, entry.Code, ledger.VersionOf(entry.Id)), unique);
    }

    /// <summary>Decides on the locked state of one entry. Without events nothing changes, and the receipt has the same version.</summary>
    /// <param name="refuse">Function that returns the refusal of the change in that state, if any.</param>
    public static async Task<Reply> Change<T>(
        LedgerSession ledger,
        string what,
        string reference,
        long? version,
        Func<T, IReadOnlyList<object>> decide,
        CancellationToken ct,
        Func<T, Task<Refusal?>>? refuse = null
    )
        where T : class, IAggregate<T>, ICoded
    {
        if (await ledger.Find<T>(reference, ct) is not { } found || await ledger.Lock<T>(found.Id, ct) is not { } entry)
            return Refusal.NotFound(what, "id", reference);
        var current = ledger.VersionOf(entry.Id);
        if (version is not null && version != current)
            return Refusal.Conflict(
                "Changed meanwhile",
                $"The {what} '{Refusal.Shorten(reference)}' is at version {current}, not {version}. Read it again and decide anew."
            );
        if (refuse is not null && await refuse(entry) is { } problem)
            return problem;
        var events = decide(entry);
        if (events.Count > 0)
            ledger.Append<T>(entry.Id, events);
        return Reply.Ok(new CatalogReceipt(entry.Id, entry.Code, ledger.VersionOf(entry.Id)));
    }

    /// <summary>Whether two values are equal as JSON.</summary>
    public static bool AreEqual<T>(T one, T other) =>
        JsonElement.DeepEquals(JsonSerializer.SerializeToElement(one), JsonSerializer.SerializeToElement(other));
}
