using Fluxion.Ledger.Commands;
using Microsoft.AspNetCore.Mvc;

namespace Fluxion.Ledger.Catalog;

/// <summary>404 for a reference that names nothing, in the words of the field that holds it.</summary>
public static class Unknown
{
    public static ProblemDetails Store(string reference) => Of("store", "store", reference);

    public static string Says(string what, string reference) => $"There is no {what} '{Problems.Shorten(reference)}'.";

    public static ProblemDetails Of(string what, string field, string reference)
    {
        var detail = Says(what, reference);
        return Problems.NotFound(detail, new Dictionary<string, string[]> { [field] = [detail] });
    }
}
