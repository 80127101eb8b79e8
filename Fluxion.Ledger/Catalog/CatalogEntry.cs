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
    /// <summary>Handles a command that starts a stream under a new code. Refuses with 409 when an entry of its kind has the code.</summary>
    /// <param name="decide">The decision on the new id and the code in upper case.</param>
    public static async Task<Reply> Create<T>(
        LedgerSession ledger,
        string what,
        string plural,
        string code,
        Func<Guid, string, ValueTask<Decision>> decide,
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
        var id = Guid.CreateVersion7(ledger.Now);
        return ledger.Append(
            await decide(id, code),
            _ => Reply.Created(UrlOf(id), new CatalogReceipt(id, code, ledger.VersionOf(id)), unique)
        );
    }

    /// <summary>Handles a command on one entry. Without events nothing changes, and the receipt has the same version.</summary>
    /// <param name="decide">The decision on the locked entry.</param>
    public static async Task<Reply> Change<T>(
        LedgerSession ledger,
        string what,
        string reference,
        long? version,
        Func<T, ValueTask<Decision>> decide,
        CancellationToken ct
    )
        where T : class, IAggregate<T>, ICoded
    {
        if (await ledger.Find<T>(reference, ct) is not { } found || await ledger.Lock<T>(found.Id, ct) is not { } entry)
            return Refusal.NotFound(what, "id", reference);
        var current = ledger.VersionOf(entry.Id);
        if (version is not null && version != current)
            return Refusal.ChangedMeanwhile($"The {what} '{Refusal.Shorten(reference)}'", current, version.Value);
        return ledger.Append(await decide(entry), _ => Reply.Ok(new CatalogReceipt(entry.Id, entry.Code, ledger.VersionOf(entry.Id))));
    }

    /// <summary>Whether two values are equal as JSON.</summary>
    public static bool AreEqual<T>(T one, T other) =>
        JsonElement.DeepEquals(JsonSerializer.SerializeToElement(one), JsonSerializer.SerializeToElement(other));
}
