using Fluxion.Ledger.Decisions;

namespace Fluxion.Tests.Decisions;

/// <summary>The "then" of a test of a decision.</summary>
public static class DecisionAssertions
{
    public static Decision.Accepted ShouldBeAccepted(this Decision decision)
    {
        if (decision is Decision.Refused { Refusal: var refusal })
            throw new ShouldAssertException($"The command was refused: {refusal.Title}. {refusal.Message} {Fields(refusal)}");
        return (Decision.Accepted)decision;
    }

    public static Refusal ShouldBeRefused(this Decision decision, RefusalKind kind, string? title = null, string? field = null)
    {
        var refusal = decision.ShouldBeOfType<Decision.Refused>().Refusal;
        refusal.Kind.ShouldBe(kind);
        if (title is not null)
            refusal.Title.ShouldBe(title);
        if (field is not null)
            refusal.Fields.ShouldNotBeNull().Keys.ShouldBe([field]);
        return refusal;
    }

    /// <summary>The events of stock items, then those of documents, as they are appended.</summary>
    public static IReadOnlyList<object> Events(this Decision.Accepted accepted) =>
        [.. accepted.Stock.Events.Select(e => e.Event), .. accepted.Documents.SelectMany(document => document.Events)];

    /// <summary>The only event of a type.</summary>
    public static T Event<T>(this Decision.Accepted accepted) => accepted.Events().OfType<T>().ShouldHaveSingleItem();

    private static string Fields(Refusal refusal) =>
        string.Join("; ", refusal.Fields?.Select(field => $"{field.Key} {string.Join(", ", field.Value)}") ?? []);
}
