using System.ComponentModel;
using FluentValidation;
using Fluxion.Ledger.Decisions;
using Fluxion.Ledger.Http;
using Fluxion.Ledger.Validation;
using Npgsql;

namespace Fluxion.Projections.Replay;

[Example("""{"table":"inventory"}""")]
public sealed record ReplayTenant(
    [property: Description("The only table to replay. Default: all tables")] string? Table = null,
    [property: Description(
        "The end of the replay: a date, a point in time with its offset, or the sequence number of an event. "
            + "With an end, only tables that never replace a row are compared. Default: all events"
    )]
        string? To = null,
    [property: Description("Replace the rows that differ by those that follow from the events. Default: false")] bool Swap = false
)
{
    /// <summary>The parsed end of the replay. Null also if <see cref="To"/> is invalid.</summary>
    internal ReplayEnd? End => To is null ? null : ReplayEnd.Parse(To);

    public sealed class Validator : AbstractValidator<ReplayTenant>
    {
        public Validator()
        {
            RuleFor(r => r.Table).SingleLine(100);
            RuleFor(r => r.To).Must((replay, to) => to is null || replay.End is not null).WithMessage(ReplayEnd.Form);
            RuleFor(r => r.Swap)
                .Equal(false)
                .When(r => r.To is not null)
                .WithMessage("must be omitted with an end in the past: swap compares the present state");
        }
    }
}

/// <summary>A replay that was started. The id identifies its result.</summary>
public sealed record ReplayReceipt(Guid Id, string Status);

/// <param name="Status">running; equal, different or swapped once it is finished; failed.</param>
/// <param name="Events">The number of events replayed; null before it is finished.</param>
/// <param name="Differences">The number of rows that did not follow from the events.</param>
/// <param name="Replaced">The number of rows that a swap corrected.</param>
/// <param name="Problem">The reason why it failed.</param>
public sealed record ReplayRow(
    Guid Id,
    string Status,
    string? Table,
    string? To,
    bool Swap,
    long? Events,
    long? Differences,
    long? Replaced,
    string? Problem,
    Guid? RequestedBy,
    DateTimeOffset StartedAt,
    DateTimeOffset? FinishedAt
)
{
    internal static string Columns(string schema) =>
        $"""
            r.id, case when {ReplaysTable.Abandoned(
                schema
            )} then 'failed' else r.status end as status, r.table_name as "table", r.until as "to", r.swap,
            r.events, r.differences, r.replaced,
            case when {ReplaysTable.Abandoned(
                schema
            )} then 'The host that ran it has stopped.' else r.problem end as problem, r.requested_by, r.started_at, r.finished_at
            """;
}

/// <summary>A replay with its tables, each with its first differences. There are no tables before it is finished.</summary>
public sealed record ReplayDetails(ReplayRow Replay, IReadOnlyList<ReplayedTable> Tables)
{
    public static ReplayDetails Read(NpgsqlDataReader r) => new(r.Row<ReplayRow>(), r.Lines<ReplayedTable>("tables"));
}

public static class ReplayEndpoints
{
    [WolverinePost("/api/{tenant}/audit/replays", Name = "Replay"), Authorize(Roles.Admin), Tags("Audit")]
    [EndpointSummary("Replay the events in the background and compare the result with the read models")]
    [EndpointDescription(
        "Commands are accepted meanwhile. Refused with 404: an unknown table; "
            + "409: a running replay of the tenant, or the host's maximum of running replays."
    )]
    [ProducesResponseType<ReplayReceipt>(201)]
    public static async Task<IResult> Post(
        ReplayTenant command,
        LedgerSession ledger,
        HttpContext http,
        TenantReplay replay,
        ReplayRuns runs,
        Databases databases
    )
    {
        databases.RequireOwner();
        Guid? begun = null;
        try
        {
            var answer = await ledger.Run(http, command, ct => Task.FromResult(Decide()));
            if (begun is not { } id || answer is not IStatusCodeHttpResult { StatusCode: 201 })
                return answer;
            begun = null; // the run now owns the reserved capacity
            runs.Start(ledger.Tenant, id, new ReplayRequest(command.Table, command.End, command.Swap));
            return answer;
        }
        finally
        {
            if (begun is not null)
                runs.Release();
        }

        Reply Decide()
        {
            var tenant = ledger.Tenant;
            if (command.Table is { } table && !replay.TablesOf(tenant).Contains(table))
                return Refusal.NotFound($"There is no table '{Refusal.Shorten(table)}' to replay.");
            if (!runs.TryTakePlace())
                return Refusal.Conflict("Busy", "This host already runs its maximum of replays. Try again later.");
            begun = Guid.CreateVersion7(ledger.Now);
            ledger.Enqueue(ReplaysTable.Abandon(tenant.Schema));
            ledger.Enqueue(
                ReplaysTable.Insert(tenant.Schema),
                begun,
                command.Table ?? "",
                command.To ?? "",
                command.Swap,
                ledger.Caller.UserId
            );
            return Reply.Created(
                $"/api/{tenant.Slug}/audit/replays/{begun}",
                new ReplayReceipt(begun.Value, "running"),
                new UniqueName(
                    Refusal.Conflict("Busy", "A replay of this tenant is under way. Wait until it has finished."),
                    (_, _) => Task.FromResult<ExistingDocument?>(null)
                )
            );
        }
    }

    [WolverineGet("/api/{tenant}/audit/replays", Name = "List replays"), Authorize(Roles.Admin), Tags("Audit")]
    [EndpointSummary("List the replays that were requested over HTTP")]
    [EndpointDescription("Latest first.")]
    [ProducesResponseType<Page<ReplayRow>>(200)]
    public static Task<IResult> List(int? limit, string? after, HttpContext http, Databases databases) =>
        TenantQuery
            .For(http)
            .Where($"select {ReplayRow.Columns(http.Features.Get<Tenant>()!.Schema)} from replays r where true")
            .Page<ReplayRow>(databases, limit, after, SortOrder.NewestFirst("r.started_at", "r.id"), row => [row.StartedAt, row.Id]);

    [WolverineGet("/api/{tenant}/audit/replays/{id}", Name = "Get replay"), Authorize(Roles.Admin), Tags("Audit")]
    [EndpointSummary("Get a replay with its state and the differences in each table")]
    [ProducesResponseType<ReplayDetails>(200)]
    public static Task<IResult> Get(string id, HttpContext http, Databases databases) =>
        TenantQuery
            .For(http)
            .Where($"select {ReplayRow.Columns(http.Features.Get<Tenant>()!.Schema)}, r.tables from replays r where true")
            .Identified("r.id", id)
            .One(databases, "replay", id, ReplayDetails.Read);
}
