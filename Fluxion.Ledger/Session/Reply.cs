namespace Fluxion.Ledger.Session;

/// <summary>The outcome of a command.</summary>
public abstract record Reply
{
    private Reply() { }

    /// <summary>The appended events are committed, and <paramref name="Body"/> is stored under the idempotency key.</summary>
    /// <param name="Unique">The unique values of the document. A concurrent command may take one of them before the commit.</param>
    public sealed record Accepted(int Status, object Body, string? Location = null, IReadOnlyList<UniqueName>? Unique = null) : Reply;

    /// <summary>Nothing is written. The idempotency key stays free: the same request may be sent again later.</summary>
    public sealed record Refused(Refusal Refusal) : Reply;

    /// <summary>A dry run: everything was decided as in a real run, and nothing is written. The idempotency key stays free.</summary>
    public sealed record DryRun(object Body) : Reply;

    public static Reply Ok(object body) => new Accepted(200, body);

    public static Reply Created(string location, object body, params IReadOnlyList<UniqueName> unique) =>
        new Accepted(201, body, location, unique);

    public static implicit operator Reply(Refusal refusal) => new Refused(refusal);
}
