namespace Fluxion.Projections.Audit;

/// <summary>What recomputing a tenant's seals came to.</summary>
/// <param name="Intact">Every sealed event is as it was when it was sealed, none is missing and none was slipped in.</param>
/// <param name="HeadHash">The hash of the last seal, for publishing: it vouches for everything before it. Null without a seal.</param>
/// <param name="Seals">The number of the last seal.</param>
/// <param name="Events">How many events it and those before it vouch for; with a finding those before the seal that it concerns.</param>
/// <param name="Unsealed">Events that are not sealed yet.</param>
/// <param name="UnsealedSince">When the first of them was recorded: more than seconds ago, sealing stands still. Null when there are none.</param>
/// <param name="SealedAt">When the last seal was made.</param>
/// <param name="ExpectedSeal">The seal that has the hash that was expected.</param>
/// <param name="Finding">The first thing that is not as it was sealed.</param>
public sealed record Verification(
    bool Intact, string? HeadHash, long Seals, long Events, long Unsealed, DateTimeOffset? UnsealedSince, DateTimeOffset? SealedAt, long? ExpectedSeal, Discrepancy? Finding);

/// <summary>Something that is not as it was sealed.</summary>
/// <param name="Kind">One of <see cref="DiscrepancyKinds"/>.</param>
/// <param name="Seal">The seal that it concerns, or that says otherwise: the change was made after that one was sealed.</param>
/// <param name="SealedAt">When that seal was made, if it says so.</param>
/// <param name="Sequence">The sequence number of the event.</param>
/// <param name="EventId">The event that was there when it was sealed; of an inserted one its own.</param>
/// <param name="Detail">A sentence for people.</param>
public sealed record Discrepancy(string Kind, long? Seal, DateTimeOffset? SealedAt, long? Sequence, Guid? EventId, string Detail);

/// <summary>The kinds of findings.</summary>
public static class DiscrepancyKinds
{
    public const string Changed = "changed";
    public const string Removed = "removed";
    public const string Inserted = "inserted";
    public const string Reordered = "reordered";

    /// <summary>The event says that it was recorded before a seal that was there already when it came.</summary>
    public const string Backdated = "backdated";

    public const string SealChanged = "seal_changed";
    public const string SealRemoved = "seal_removed";

    /// <summary>No seal has the hash that was expected: the chain was made anew, or its end was taken off.</summary>
    public const string HeadUnknown = "head_unknown";
}
