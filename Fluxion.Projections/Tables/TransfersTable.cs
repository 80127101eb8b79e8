using System.Text.Json.Serialization;
using Fluxion.Ledger.Http;
using Fluxion.Ledger.Stock;
using Fluxion.Ledger.Validation;
using Fluxion.Projections.Writing;
using Npgsql;

namespace Fluxion.Projections.Tables;

/// <summary>The table transfers: transfers of goods between stores, open and closed.</summary>
public sealed class TransfersTable : IReadModel
{
    private static readonly Table<(Transfer State, Change Last)> Table = new Table<(Transfer State, Change Last)>("transfers", "id")
        .Add("id", "uuid", r => r.State.Id)
        .Add("from_store_id", "uuid", r => r.State.FromStoreId)
        .Add("to_store_id", "uuid", r => r.State.ToStoreId)
        .Add("status", "text", r => r.State.Status)
        .Add("reference", "text", r => r.State.Reference)
        .Add("notes", "text", r => r.State.Notes)
        .Add("sent_at", "timestamptz", r => r.State.OccurredAt)
        .Add("arrived_at", "timestamptz", r => r.State.ArrivedAt)
        .Add("cancelled_at", "timestamptz", r => r.State.CancelledAt)
        .Add("version", "bigint", r => r.Last.Event.Version)
        .AddOnce("created_by", "uuid", r => r.Last.UserId())
        .AddOnce("created_at", "timestamptz", r => r.Last.RecordedAt())
        .Add("updated_at", "timestamptz", r => r.Last.RecordedAt());

    public void Write(IReadOnlyList<Change> changes, IRowWriter rows) => rows.Write(Table, changes.Latest<Transfer>());
}

/// <param name="Status">in_transit, partial, received or cancelled.</param>
/// <param name="SentAt">The time at which the goods left.</param>
/// <param name="ArrivedAt">The time of the latest arrival; null before the first.</param>
/// <param name="CancelledAt">The time at which goods in transit were back in the sending store; null unless it was cancelled.</param>
/// <param name="RecordedAt">The time at which the ledger learned of it; created_at in SQL.</param>
public record TransferRow(
    Guid Id,
    string FromStore,
    string ToStore,
    string Status,
    string? Reference,
    string? Notes,
    DateTimeOffset SentAt,
    DateTimeOffset? ArrivedAt,
    DateTimeOffset? CancelledAt,
    Guid? CreatedBy,
    DateTimeOffset RecordedAt
)
{
    internal const string Columns = """
        t.id, f.code as from_store, g.code as to_store, t.status, t.reference, t.notes, t.sent_at, t.arrived_at, t.cancelled_at,
        t.created_by,
               t.created_at as recorded_at
        """;

    internal const string From = """
        from transfers t
        join stores f on f.id = t.from_store_id
        join stores g on g.id = t.to_store_id
        where ($1::uuid[] is null or t.from_store_id = any($1) or t.to_store_id = any($1))
        """;

    public const string Select = $"select {Columns} {From}";
}

/// <param name="Returned">The quantity that returned to the sending store when the transfer was cancelled.</param>
/// <param name="CostPerUnit">The cost of one unit when it left.</param>
public sealed record TransferItemRow(
    int LineNumber,
    string Sku,
    string Product,
    decimal Quantity,
    decimal Received,
    decimal Lost,
    decimal Damaged,
    decimal InTransit,
    decimal Returned,
    decimal CostPerUnit
);

/// <summary>A transfer with its lines.</summary>
public sealed record TransferDetails : TransferRow
{
    private TransferDetails(TransferRow transfer)
        : base(transfer) { }

    [JsonPropertyOrder(1)]
    public required IReadOnlyList<TransferItemRow> Lines { get; init; }

    public new const string Select = $"""
        select {Columns},
               (select json_agg(json_build_object('lineNumber', i.line_number, 'sku', p.sku, 'product', p.name, 'quantity', i.quantity_sent,
                           'received', i.quantity_received, 'lost', i.quantity_lost, 'damaged', i.quantity_damaged,
                           'inTransit', i.quantity_in_transit, 'returned', i.quantity_returned, 'costPerUnit', i.cost_per_unit)
                           order by i.line_number)
                from transfer_items i join products p on p.id = i.product_id where i.transfer_id = t.id) as lines
        {From}
        """;

    public static TransferDetails Read(NpgsqlDataReader r) => new(r.Row<TransferRow>()) { Lines = r.Lines<TransferItemRow>("lines") };
}

public static class TransfersQueries
{
    [WolverineGet("/api/{tenant}/stock/transfers", Name = "List transfers"), Authorize(Roles.Viewer), Tags("Stock")]
    [EndpointSummary("List transfers")]
    [EndpointDescription("Sorted by time of recording, latest first. Filters: status, store (sending or receiving).")]
    [ProducesResponseType<Page<TransferRow>>(200)]
    public static Task<IResult> List(string? status, string? store, int? limit, string? after, HttpContext http, Databases databases) =>
        TenantQuery
            .For(http)
            .Where(TransferRow.Select, Caller.From(http).StoreFilter)
            .FilterOneOf("t.status = {0}", "status", status, Transfer.States)
            .Filter(
                "{0}::text[] && array[f.code, g.code, upper(f.id::text), upper(g.id::text)]::text[]",
                store is null ? null : Codes.Spellings(store)
            )
            .Page<TransferRow>(databases, limit, after, SortOrder.NewestFirst("t.created_at", "t.id"), row => [row.RecordedAt, row.Id]);

    [WolverineGet("/api/{tenant}/stock/transfers/{id}", Name = "Get transfer"), Authorize(Roles.Viewer), Tags("Stock")]
    [EndpointSummary("Get a transfer with its lines")]
    [ProducesResponseType<TransferDetails>(200)]
    public static Task<IResult> Get(string id, HttpContext http, Databases databases) =>
        TenantQuery
            .For(http)
            .Where(TransferDetails.Select, Caller.From(http).StoreFilter)
            .Identified("t.id", id)
            .One(databases, "transfer", id, TransferDetails.Read);
}
