using System.Text.Json.Serialization;
using Fluxion.Ledger.Http;
using Fluxion.Ledger.Stock;
using Fluxion.Ledger.Validation;
using Fluxion.Projections.Writing;
using Npgsql;

namespace Fluxion.Projections.Tables;

/// <summary>The table reservations: open and closed reservations.</summary>
public sealed class ReservationsTable : IReadModel
{
    private static readonly Table<(Reservation State, Change Last)> Table = new Table<(Reservation State, Change Last)>(
        "reservations",
        "id"
    )
        .Add("id", "uuid", r => r.State.Id)
        .Add("reference", "text", r => r.State.Reference)
        .Add("status", "text", r => r.State.Status)
        .Add("expires_at", "timestamptz", r => r.State.ExpiresAt)
        .Add("version", "bigint", r => r.Last.Event.Version)
        .AddOnce("created_by", "uuid", r => r.Last.UserId())
        .AddOnce("created_at", "timestamptz", r => r.Last.RecordedAt())
        .Add("updated_at", "timestamptz", r => r.Last.RecordedAt());

    public void Write(IReadOnlyList<Change> changes, IRowWriter rows) => rows.Write(Table, changes.Latest<Reservation>());
}

/// <param name="Status">open, fulfilled, released or expired.</param>
/// <param name="RecordedAt">The time at which it was opened; created_at in SQL.</param>
/// <param name="Version">The version, which increases with every change.</param>
public record ReservationRow(
    Guid Id,
    string Reference,
    string Status,
    DateTimeOffset ExpiresAt,
    Guid? CreatedBy,
    DateTimeOffset RecordedAt,
    long Version
)
{
    internal const string Columns = "v.id, v.reference, v.status, v.expires_at, v.created_by, v.created_at as recorded_at, v.version";

    internal const string From = """
        from reservations v
        where ($1::uuid[] is null or exists (select from reservation_items i where i.reservation_id = v.id and i.store_id = any($1)))
        """;

    public const string Select = $"select {Columns} {From}";
}

/// <param name="Quantity">The reserved quantity.</param>
/// <param name="Fulfilled">The quantity that sales took.</param>
/// <param name="Held">The quantity that is still held.</param>
/// <param name="Status">The status of the line: open while it holds something, then fulfilled, released or expired.</param>
public sealed record ReservationItemRow(
    int LineNumber,
    string Store,
    string Sku,
    string Product,
    decimal Quantity,
    decimal Fulfilled,
    decimal Held,
    string Status
);

/// <summary>The quantity that a sale took from a line of a reservation.</summary>
public sealed record ReservationSaleRow(int LineNumber, Guid SaleId, string InvoiceNumber, decimal Quantity, DateTimeOffset RecordedAt);

/// <summary>A reservation with its lines in the stores that the caller may see, and the sales that fulfilled them.</summary>
public sealed record ReservationDetails : ReservationRow
{
    private ReservationDetails(ReservationRow reservation)
        : base(reservation) { }

    [JsonPropertyOrder(1)]
    public required IReadOnlyList<ReservationItemRow> Lines { get; init; }

    [JsonPropertyOrder(1)]
    public required IReadOnlyList<ReservationSaleRow> Sales { get; init; }

    public new const string Select = $"""
        select {Columns},
               (select json_agg(json_build_object('lineNumber', i.line_number, 'store', s.code, 'sku', p.sku, 'product', p.name,
                           'quantity', i.quantity, 'fulfilled', i.quantity_fulfilled, 'held', i.quantity_held, 'status', i.status)
                           order by i.line_number)
                from reservation_items i join stores s on s.id = i.store_id join products p on p.id = i.product_id
                where i.reservation_id = v.id and ($1::uuid[] is null or i.store_id = any($1))) as lines,
               (select coalesce(json_agg(json_build_object('lineNumber', f.line_number, 'saleId', f.sale_id,
                       'invoiceNumber', w.invoice_number,
                           'quantity', f.quantity, 'recordedAt', f.created_at) order by f.created_at, f.id, f.line_number), '[]')
                from reservation_fulfilments f join sales w on w.id = f.sale_id
                where f.reservation_id = v.id and ($1::uuid[] is null or w.store_id = any($1))) as sales
        {From}
        """;

    public static ReservationDetails Read(NpgsqlDataReader r) =>
        new(r.Row<ReservationRow>()) { Lines = r.Lines<ReservationItemRow>("lines"), Sales = r.Lines<ReservationSaleRow>("sales") };
}

public static class ReservationsQueries
{
    [WolverineGet("/api/{tenant}/stock/reservations", Name = "List reservations"), Authorize(Roles.Viewer), Tags("Stock")]
    [EndpointSummary("List reservations")]
    [EndpointDescription("Sorted by opening, latest first. Filters: status, store (of stock that it holds or held), reference.")]
    [ProducesResponseType<Page<ReservationRow>>(200)]
    public static Task<IResult> List(
        string? status,
        string? store,
        string? reference,
        int? limit,
        string? after,
        HttpContext http,
        Databases databases
    ) =>
        TenantQuery
            .For(http)
            .Where(ReservationRow.Select, Caller.From(http).StoreFilter)
            .FilterOneOf("v.status = {0}", "status", status, Reservation.States)
            .Filter("v.reference = {0}", reference)
            .Filter(
                "exists (select from reservation_items i join stores s on s.id = i.store_id "
                    + "where i.reservation_id = v.id and {0}::text[] && array[s.code, upper(s.id::text)]::text[])",
                store is null ? null : Codes.Spellings(store)
            )
            .Page<ReservationRow>(databases, limit, after, SortOrder.NewestFirst("v.created_at", "v.id"), row => [row.RecordedAt, row.Id]);

    [WolverineGet("/api/{tenant}/stock/reservations/{id}", Name = "Get reservation"), Authorize(Roles.Viewer), Tags("Stock")]
    [EndpointSummary("Get a reservation with its lines, the quantities still held and the sales that fulfilled the rest")]
    [ProducesResponseType<ReservationDetails>(200)]
    public static Task<IResult> Get(string id, HttpContext http, Databases databases) =>
        TenantQuery
            .For(http)
            .Where(ReservationDetails.Select, Caller.From(http).StoreFilter)
            .Identified("v.id", id)
            .One(databases, "reservation", id, ReservationDetails.Read);
}
