using Fluxion.Ledger.Tenancy;

namespace Fluxion.Ledger.Session;

/// <summary>The rule that an external reference is unique within a document, such as a delivery note within its order.</summary>
public static class UniqueReference
{
    /// <summary>
    /// Refuses with 409 when the document has the reference already. Null without a reference, or when the settings allow duplicates.
    /// </summary>
    /// <param name="known">The references of that kind in the document, with the ids of their owners.</param>
    /// <param name="says">Function that writes the detail of the 409 for the normalized reference.</param>
    public static Refusal? Refuse(
        TenantSettings? settings,
        string? reference,
        IEnumerable<(string? Reference, Guid Id)> known,
        Func<string, string> says
    )
    {
        if (Codes.NumberOrNull(reference) is not { } wanted || settings is { AllowsRepeatedReferences: true })
            return null;
        foreach (var (other, id) in known)
            if (Codes.NumberOrNull(other) == wanted)
                return Refusal.Conflict("Reference taken", says(wanted)) with { Existing = new ExistingDocument(id) };
        return null;
    }
}
