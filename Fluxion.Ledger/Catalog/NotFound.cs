using Fluxion.Ledger.Commands;
using Microsoft.AspNetCore.Mvc;

namespace Fluxion.Ledger.Catalog;

/// <summary>404 for a reference that names nothing, in the words of the field that holds it.</summary>
public static class NotFound
{
    public static ProblemDetails Store(string reference) => Problem("store", "store", reference);

    public static string Message(string what, string reference) => $"There is no {what} '{Problems.Shorten(reference)}'.";

    public static ProblemDetails Problem(string what, string field, string reference)
    {
        var detail = Message(what, reference);
        return Problems.NotFound(detail, new Dictionary<string, string[]> { [field] = [detail] });
    }
}
