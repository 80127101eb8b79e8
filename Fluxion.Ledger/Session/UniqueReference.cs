using Fluxion.Ledger.Decisions;
using Fluxion.Ledger.Tenancy;
using Fluxion.Ledger.Validation;

namespace Fluxion.Ledger.Session;

/// <summary>The rule on references of other systems that name one thing within a document, such as a delivery note within its order.</summary>
public static class UniqueReference
{
    /// <summary>409 when something has the reference already; null without a reference, or where the settings let them repeat.</summary>
    /// <param name="known">What the document has of that kind.</param>
    /// <param name="says">The detail for the reference as it is kept.</param>
    public static Refusal? Refuse(
        TenantSettings? settings, string? reference, IEnumerable<(string? Reference, Guid Id)> known, Func<string, string> says)
    {
        if (Codes.NumberOrNull(reference) is not { } wanted || settings is { AllowsRepeatedReferences: true }) return null;
        foreach (var (other, id) in known)
            if (Codes.NumberOrNull(other) == wanted) return Refusal.AlreadyExists("Reference taken", says(wanted), new ExistingDocument(id));
        return null;
    }
}
