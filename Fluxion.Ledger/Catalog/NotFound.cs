using Fluxion.Ledger.Decisions;

namespace Fluxion.Ledger.Catalog;

/// <summary>The refusal with 404 of a reference to something that does not exist, on the field that has the reference.</summary>
public static class NotFound
{
    public static Refusal Store(string reference) => Problem("store", "store", reference);

    public static string Message(string what, string reference) => $"There is no {what} '{Refusal.Shorten(reference)}'.";

    public static Refusal Problem(string what, string field, string reference)
    {
        var detail = Message(what, reference);
        return Refusal.NotFound(detail, new Dictionary<string, string[]> { [field] = [detail] });
    }
}
