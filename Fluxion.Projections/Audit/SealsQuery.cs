using System.Globalization;

namespace Fluxion.Projections.Audit;

/// <param name="Number">The position in the chain, from 1 on.</param>
/// <param name="FromSequence">The first sequence number that the seal vouches for.</param>
/// <param name="ToSequence">The last sequence number that the seal vouches for.</param>
/// <param name="Events">The number of events between them, both included.</param>
/// <param name="Hash">The SHA-256 hash, 64 hexadecimal digits. It vouches for this seal and all seals before it.</param>
public sealed record SealRow(
    long Number,
    long FromSequence,
    long ToSequence,
    int Events,
    string Hash,
    string PreviousHash,
    DateTimeOffset SealedAt
)
{
    public const string Select = """
        select number, from_sequence, to_sequence, event_count as events, encode(hash, 'hex') as hash,
               encode(previous_hash, 'hex') as previous_hash, sealed_at
        from ledger_seals where true
        """;
}

public static class SealsQuery
{
    private static readonly SortOrder LatestFirst = new(
        "number desc",
        "number < {0}",
        texts =>
            texts is [var text] && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? [number] : null
    );

    [WolverineGet("/api/{tenant}/audit/seals", Name = "List seals"), Authorize(Roles.Viewer), Tags("Audit")]
    [EndpointSummary("List the seals of the ledger")]
    [EndpointDescription(
        "Latest first. limit=1 returns the head. Publish its hash elsewhere: it later proves that nothing before it was changed."
    )]
    [ProducesResponseType<Page<SealRow>>(200)]
    public static Task<IResult> List(int? limit, string? after, HttpContext http, Databases databases) =>
        TenantQuery.For(http).Where(SealRow.Select).Page<SealRow>(databases, limit, after, LatestFirst, row => [row.Number]);
}
