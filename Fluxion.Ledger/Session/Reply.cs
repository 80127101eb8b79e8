using Fluxion.Ledger.Decisions;

namespace Fluxion.Ledger.Session;

/// <summary>What a command came to.</summary>
public abstract record Reply
{
    private Reply() { }

    /// <summary>The appended events are committed, and <paramref name="Body"/> is remembered under the idempotency key.</summary>
    /// <param name="Unique">What of the document is unique, and may turn out to be taken at the commit.</param>
    public sealed record Accepted(int Status, object Body, string? Location = null, IReadOnlyList<UniqueName>? Unique = null) : Reply;

    /// <summary>Nothing is written. The idempotency key stays free: the same request may be sent again later.</summary>
    public sealed record Refused(Refusal Refusal) : Reply;

    /// <summary>All was decided as it would be, and nothing is written: a dry run. The idempotency key stays free.</summary>
    public sealed record DryRun(object Body) : Reply;

    public static Reply Ok(object body) => new Accepted(200, body);

    public static Reply Created(string location, object body, params IReadOnlyList<UniqueName> unique) => new Accepted(201, body, location, unique);

    public static implicit operator Reply(Refusal refusal) => new Refused(refusal);
}
