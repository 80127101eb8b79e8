using Fluxion.Ledger.Catalog;
using Fluxion.Ledger.Stock;

namespace Fluxion.Ledger.Decisions;

/// <summary>The kind of a refusal, independent of the protocol of the answer.</summary>
public enum RefusalKind
{
    /// <summary>A field is wrong.</summary>
    Invalid,

    /// <summary>The caller may not do it.</summary>
    Forbidden,

    /// <summary>A reference names nothing.</summary>
    NotFound,

    /// <summary>The state of the ledger does not allow it.</summary>
    Conflict,

    /// <summary>The idempotency key belongs to another request.</summary>
    KeyReused,

    /// <summary>The body has another format.</summary>
    UnsupportedMediaType,

    /// <summary>The limit of open streams is reached.</summary>
    TooManyStreams,

    /// <summary>The tenant's data cannot be used for now.</summary>
    Unavailable,
}

/// <summary>The document that already has a number or code that a command wanted to give to a new one.</summary>
/// <param name="Url">The address where it can be read; null when it has none of its own, as a payment.</param>
public sealed record ExistingDocument(Guid Id, string? Url = null);

/// <summary>The reason why a command or query was not carried out. It is independent of HTTP: the host converts it to an answer.</summary>
/// <param name="Message">Instruction to the caller.</param>
public sealed record Refusal(RefusalKind Kind, string Title, string Message)
{
    /// <summary>The wrong fields as spelled in the request, each with its errors; null when no field is wrong.</summary>
    public IReadOnlyDictionary<string, string[]>? Fields { get; init; }

    /// <summary>The products with less available than was requested.</summary>
    public IReadOnlyList<Shortage>? Shortages { get; init; }

    /// <summary>The document that has the number already, unless the caller may not know it.</summary>
    public ExistingDocument? Existing { get; init; }

    /// <summary>The products that have the barcodes already.</summary>
    public IReadOnlyList<BarcodeConflict>? Conflicts { get; init; }

    /// <summary>The open documents that prevent the deactivation of a store, product or supplier.</summary>
    public IReadOnlyList<OpenDocuments>? Open { get; init; }

    public const int MaxQuoted = 100;

    /// <summary>400: <paramref name="errors"/> names every wrong field, in the spelling of the request body.</summary>
    public static Refusal Invalid(IReadOnlyDictionary<string, string[]> errors) =>
        new(RefusalKind.Invalid, "The request is not valid", "Correct the fields named in errors and send the request again.")
        {
            Fields = errors,
        };

    public static Refusal Invalid(string field, string message) => Invalid(new Dictionary<string, string[]> { [field] = [message] });

    public static Refusal Forbidden(string detail) => new(RefusalKind.Forbidden, "Not allowed", detail);

    public static Refusal NotFound(string detail, IReadOnlyDictionary<string, string[]>? errors = null) =>
        new(RefusalKind.NotFound, "Not found", detail) { Fields = errors };

    /// <summary>Nothing has the reference that a field holds.</summary>
    /// <param name="what">The kind of thing, for example "product".</param>
    public static Refusal NotFound(string what, string field, string reference)
    {
        var message = NotFoundMessage(what, reference);
        return NotFound(message, new Dictionary<string, string[]> { [field] = [message] });
    }

    public static Refusal StoreNotFound(string reference) => NotFound("store", "store", reference);

    public static string NotFoundMessage(string what, string reference) => $"There is no {what} '{Shorten(reference)}'.";

    /// <summary>
    /// Each input is in range, but a product or a sum overflows its numeric column. Refuses with 400 on the lines or the file of a command.
    /// A command without them acts on an existing document, and is refused with 409.
    /// </summary>
    public static Refusal TooLarge(object? command)
    {
        const string TooMuch = "more than the ledger can hold, 15 digits before the point";
        var field =
            command is Imports.IFileCommand ? "file"
            : command?.GetType().GetProperty("Lines") is not null ? "lines"
            : null;
        return field is not null
            ? Invalid(field, $"must not total {TooMuch}, together with the amounts so far. Is a quantity or a price wrong?")
            : Conflict("Too large", $"The total is {TooMuch}. Correct the stock or the amounts to which this would be added.");
    }

    public static Refusal Conflict(string title, string detail) => new(RefusalKind.Conflict, title, detail);

    /// <summary>503: the tenant's schema differs from the one that this host expects. The tenant's users can only wait.</summary>
    public static Refusal NotMigrated(string tenant) =>
        new(
            RefusalKind.Unavailable,
            "Tenant not up to date",
            $"The data of '{tenant}' could not be brought up to date with this version. "
                + "Nothing is lost. Ask the platform's administrator, who runs 'database migrate'."
        );

    /// <summary>503: the tenant is registered, but its schema is missing or belongs to another tenant.</summary>
    public static Refusal DataMissing(string tenant) =>
        new(
            RefusalKind.Unavailable,
            "Tenant's data missing",
            $"The data of '{tenant}' is not in the database: only a part of a backup was restored. "
                + "Ask the platform's administrator, who restores the rest (docs/backup.md)."
        );

    /// <summary>403: the account exists, but its user is missing or inactive.</summary>
    public static Refusal AccountOutOfStep(string tenant) =>
        Forbidden(
            $"The ledger of '{tenant}' has no active user for this account: only a part of a backup was restored. "
                + $"Ask the platform's administrator, who runs 'tenants adopt {tenant}'."
        );

    public const string VersionDescription = "Version that you read. Refused with 409 when it is no longer current. Default: no check";

    /// <summary>409: the caller read an older version.</summary>
    /// <param name="what">The document, at the start of a sentence.</param>
    public static Refusal ChangedMeanwhile(string what, long version, long read) =>
        Conflict("Changed meanwhile", $"{what} is at version {version}, not {read}. Read it again and decide again.");

    /// <summary>Refuses with 409, naming the allowed states, when a command is not allowed in the present state; else null.</summary>
    /// <param name="allowed">The states from which each command on such a document is allowed.</param>
    public static Refusal? WrongState(string what, string state, string command, IReadOnlyDictionary<string, string[]> allowed) =>
        allowed[command].Contains(state)
            ? null
            : Conflict("Wrong state", $"The {what} is {state}: {command} is allowed when it is {string.Join(" or ", allowed[command])}.");

    /// <summary>400: the occurrence is before its cause.</summary>
    /// <param name="cause">The cause in words, such as "the goods left".</param>
    public static Refusal BeforeCause(string cause, DateTimeOffset at) =>
        Invalid("occurredAt", $"must not be before {cause}, {at.UtcDateTime:yyyy-MM-dd'T'HH:mm:ss.FFFFFF'Z'}");

    /// <summary>422: the key was used before for a different request.</summary>
    public static Refusal KeyReused(string key) =>
        new(
            RefusalKind.KeyReused,
            "Idempotency key used before",
            $"The Idempotency-Key '{key}' was sent before with a different request. Use a new key for a new request."
        );

    /// <summary>429: the limit of open streams is reached.</summary>
    public static Refusal TooManyStreams =>
        new(
            RefusalKind.TooManyStreams,
            "Too many streams",
            "The tenant's or this host's maximum of open streams is reached. Close one, or try again after Retry-After."
        );

    /// <summary>415: the body of a command must be JSON.</summary>
    public static Refusal NoJson =>
        new(RefusalKind.UnsupportedMediaType, "Not JSON", "Send the body as JSON, with the header 'Content-Type: application/json'.");

    /// <summary>415: the body of an import must be a CSV file.</summary>
    public static Refusal NoCsv =>
        new(RefusalKind.UnsupportedMediaType, "Not CSV", "Send the file itself as the body, with the header 'Content-Type: text/csv'.");

    /// <summary>Shortens a client's text for quotation, to at most <see cref="MaxQuoted"/> characters and an ellipsis.</summary>
    public static string Shorten(string text) => text.Length <= MaxQuoted ? text : text[..MaxQuoted] + "…";
}
