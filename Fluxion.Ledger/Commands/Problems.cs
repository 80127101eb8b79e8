using Microsoft.AspNetCore.Mvc;

namespace Fluxion.Ledger.Commands;

/// <summary>What has a number or a code already that was to name something new.</summary>
/// <param name="Url">Where it can be read; null for what has no address of its own, as a payment.</param>
public sealed record ExistingDocument(Guid Id, string? Url = null);

/// <summary>The refusals of the HTTP interface as RFC 9457 problem details; each detail tells the caller what to do.</summary>
public static class Problems
{
    public const int MaxQuoted = 100;

    /// <summary>400: <paramref name="errors"/> names every wrong field, in the spelling of the request body.</summary>
    public static ProblemDetails Invalid(IReadOnlyDictionary<string, string[]> errors) =>
        Create(400, "The request is not valid", "Correct the fields named in errors and send the request again.", errors);

    public static ProblemDetails Invalid(string field, string message) =>
        Invalid(new Dictionary<string, string[]> { [field] = [message] });

    public static ProblemDetails Forbidden(string detail) => Create(403, "Not allowed", detail);

    public static ProblemDetails NotFound(string detail, IReadOnlyDictionary<string, string[]>? errors = null) =>
        Create(404, "Not found", detail, errors);

    /// <summary>
    /// Each number is within its bounds; a quantity times a price, or what many of them come to, is not. 400 for the lines or the file of a command,
    /// 409 where a command has neither and does something to a document that is there.
    /// </summary>
    public static ProblemDetails TooLarge(object? command)
    {
        const string TooMuch = "more than the ledger can hold, 15 digits before the point";
        var field = command is Imports.IFileCommand ? "file" : command?.GetType().GetProperty("Lines") is not null ? "lines" : null;
        return field is not null
            ? Invalid(field, $"come{(field == "file" ? "s" : "")} to {TooMuch}, with what is there already. Is a quantity or a price wrong?")
            : Conflict("Too large", $"This comes to {TooMuch}. Correct the stock or the amounts that it would add to.");
    }

    public static ProblemDetails Conflict(string title, string detail) => Create(409, title, detail);

    /// <summary>409: what names one thing names another one already; <c>existing</c> says which, unless the caller may not know.</summary>
    public static ProblemDetails AlreadyExists(string title, string detail, ExistingDocument? existing)
    {
        var problem = Conflict(title, detail);
        if (existing is not null) problem.Extensions["existing"] = existing;
        return problem;
    }

    /// <summary>503: the tenant's schema is not what this host expects; its own users can only wait.</summary>
    public static ProblemDetails NotMigrated(string tenant) => Create(503, "Tenant not up to date",
        $"The data of '{tenant}' could not be brought up to date with this version. Nothing is lost; ask the platform's administrator, who runs 'database migrate'.");

    /// <summary>503: the tenant is registered, and its schema is not there or another tenant's.</summary>
    public static ProblemDetails DataMissing(string tenant) => Create(503, "Tenant's data missing",
        $"The data of '{tenant}' is not in the database: only a part of a backup was restored. "
        + "Ask the platform's administrator, who restores the rest (docs/backup.md).");

    /// <summary>403: the account is there, and the user is not, or is inactive.</summary>
    public static ProblemDetails AccountOutOfStep(string tenant) => Forbidden(
        $"The ledger of '{tenant}' has no active user for this account: only a part of a backup was restored. "
        + $"Ask the platform's administrator, who runs 'tenants adopt {tenant}'.");

    /// <summary>409 saying from which states a command is allowed, unless it is from this one.</summary>
    /// <param name="allowed">Of each command on such a document the states from which it is allowed.</param>
    public static ProblemDetails? WrongState(string what, string state, string command, IReadOnlyDictionary<string, string[]> allowed) =>
        allowed[command].Contains(state) ? null
            : Conflict("Wrong state", $"The {what} is {state}: {command} is allowed when it is {string.Join(" or ", allowed[command])}.");

    /// <summary>400: nothing happens before its cause.</summary>
    /// <param name="cause">As in "the goods left".</param>
    public static ProblemDetails BeforeCause(string cause, DateTimeOffset at) =>
        Invalid("occurredAt", $"must not be before {cause}, {at.UtcDateTime:yyyy-MM-dd'T'HH:mm:ss.FFFFFF'Z'}");

    /// <summary>422: the key was used before with another request.</summary>
    public static ProblemDetails KeyReused(string key) => Create(422, "Idempotency key used before",
        $"The Idempotency-Key '{key}' was sent before with a different request. Use a new key for a new request.");

    /// <summary>429: as many streams are open as may be.</summary>
    public static ProblemDetails TooManyStreams => Create(429, "Too many streams", "As many streams are open as this host keeps for the tenant or in all. Close one, or try again after Retry-After.");

    /// <summary>415: a command is JSON.</summary>
    public static ProblemDetails NoJson => Create(415, "Not JSON", "Send the body as JSON, with the header 'Content-Type: application/json'.");

    /// <summary>415: an import is a file.</summary>
    public static ProblemDetails NoCsv => Create(415, "Not CSV", "Send the file itself as the body, with the header 'Content-Type: text/csv'.");

    /// <summary>What a client sent, to be quoted: at most <see cref="MaxQuoted"/> characters of it.</summary>
    public static string Shorten(string text) => text.Length <= MaxQuoted ? text : text[..MaxQuoted] + "…";

    private static ProblemDetails Create(int status, string title, string detail, IReadOnlyDictionary<string, string[]>? errors = null)
    {
        var problem = new ProblemDetails { Status = status, Title = title, Detail = detail };
        if (errors is not null) problem.Extensions["errors"] = errors;
        return problem;
    }
}
