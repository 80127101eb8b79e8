namespace Fluxion.Projections.Audit;

/// <summary>The result of recomputing a tenant's seals.</summary>
/// <param name="Intact">Whether every sealed event is unchanged, none is missing and none was inserted.</param>
/// <param name="HeadHash">The hash of the last seal, for publishing: it vouches for everything before it. Null if there is no seal.</param>
/// <param name="Seals">The number of the last seal.</param>
/// <param name="Events">The number of events that the seals up to the last one vouch for. With a finding: up to the seal before its
/// seal.</param>
/// <param name="Unsealed">The number of events that are not sealed yet.</param>
/// <param name="UnsealedSince">The time at which the first unsealed event was recorded; null if there is none. If it is more than a few
/// seconds ago, sealing has stopped.</param>
/// <param name="SealedAt">The time of the last seal.</param>
/// <param name="ExpectedSeal">The number of the seal with the expected hash.</param>
/// <param name="Finding">The first deviation from the sealed state.</param>
public sealed record Verification(
    bool Intact,
    string? HeadHash,
    long Seals,
    long Events,
    long Unsealed,
    DateTimeOffset? UnsealedSince,
    DateTimeOffset? SealedAt,
    long? ExpectedSeal,
    Discrepancy? Finding
);

/// <summary>A deviation from the sealed state.</summary>
/// <param name="Kind">One of <see cref="DiscrepancyKinds"/>.</param>
/// <param name="Seal">The number of the seal that is wrong or contradicts the events. The change was made after this seal.</param>
/// <param name="SealedAt">The time of that seal, if the seal states it.</param>
/// <param name="Sequence">The sequence number of the event.</param>
/// <param name="EventId">The id of the event at the time of sealing. For an inserted event, its own id.</param>
/// <param name="Detail">A sentence for readers.</param>
public sealed record Discrepancy(string Kind, long? Seal, DateTimeOffset? SealedAt, long? Sequence, Guid? EventId, string Detail);

/// <summary>The kinds of findings.</summary>
public static class DiscrepancyKinds
{
    public const string Changed = "changed";
    public const string Removed = "removed";
    public const string Inserted = "inserted";
    public const string Reordered = "reordered";

    /// <summary>The event claims an earlier recording time than a seal that existed before the event.</summary>
    public const string Backdated = "backdated";

    public const string SealChanged = "seal_changed";
    public const string SealRemoved = "seal_removed";

    /// <summary>No seal has the expected hash: the chain was rebuilt, or seals were removed from its end.</summary>
    public const string HeadUnknown = "head_unknown";
}
