using Fluxion.Ledger.Http;

namespace Fluxion.Projections.Queries;

/// <summary>
/// A late movement, which occurred before a count and was recorded after it. It changed the history and not today's stock.
/// </summary>
/// <param name="RecordedAt">The time at which the ledger learned of it.</param>
/// <param name="Document">The type of the movement's document: receipt, sale, transfer, …</param>
/// <param name="DocumentId">The id of the document; for a delivery, the id of its order.</param>
/// <param name="DocumentReference">The number of the document.</param>
/// <param name="OccurredAt">The time at which it happened in the shop.</param>
/// <param name="Quantity">The change of on hand without the correction; below 0 for outbound goods.</param>
/// <param name="CountId">The id of the first count after the movement.</param>
/// <param name="CountedAt">The moment of the count.</param>
/// <param name="User">The user who recorded the movement; null if the system did.</param>
public sealed record CountCorrectionRow(
    Guid Id,
    DateTimeOffset RecordedAt,
    string Store,
    string Sku,
    string Product,
    string Document,
    Guid? DocumentId,
    string? DocumentReference,
    DateTimeOffset OccurredAt,
    decimal Quantity,
    Guid CountId,
    string? CountReference,
    DateTimeOffset CountedAt,
    string? User
)
{
    // The movement immediately precedes its correction in the stream of its stock item; see the view count_corrections.
    public const string Select = """
        select c.id, c.recorded_at, s.code as store, p.sku, p.name as product, l.reference_type as document, l.reference_id as document_id,
               l.reference as document_reference, l.created_at as occurred_at, l.quantity, c.reference_id as count_id,
               c.reference as count_reference,
               c.created_at as counted_at, u.email::text as "user"
        from service_inventory_movements c
        join lateral (
            select m.reference_type, m.reference_id, m.reference, m.created_at, m.quantity
            from service_inventory_movements m
            where m.store_id = c.store_id and m.product_id = c.product_id and m.item_version = c.item_version - 1
              and m.created_at < c.created_at and m.quantity = -c.quantity) l on true
        join stores s on s.id = c.store_id
        join products p on p.id = c.product_id
        left join users u on u.id = c.created_by
        where c.reason = 'late_movement' and c.reference_type = 'count' and ($1::uuid[] is null or c.store_id = any($1))
        """;
}

public static class CountCorrectionsQuery
{
    [WolverineGet("/api/{tenant}/stock/count-corrections", Name = "List count corrections"), Authorize(Roles.Viewer), Tags("Stock")]
    [EndpointSummary("List the movements that a count had seen already")]
    [EndpointDescription(
        "Latest first, one row for each movement that occurred before a count and was recorded after it. "
            + "Filters: store, sku, from and to (time of recording). to is exclusive. "
            + "A date means the start of that day in the store's time zone. Such a movement changed the history and not today's stock. "
            + "That is right for a till that was offline, and wrong for a till whose clock is slow. "
            + "The receipt of the command gives the same information in correctedByCount."
    )]
    [ProducesResponseType<Page<CountCorrectionRow>>(200)]
    public static Task<IResult> List(
        string? store,
        string? sku,
        string? from,
        string? to,
        int? limit,
        string? after,
        HttpContext http,
        Databases databases
    ) =>
        TenantQuery
            .For(http)
            .Where(CountCorrectionRow.Select, Caller.From(http).StoreFilter)
            .FilterReference("c.store_id", "stores", "code", store)
            .FilterReference("c.product_id", "products", "sku", sku)
            .From("c.recorded_at", from, LocalTime.OfStore)
            .Until("c.recorded_at", to, LocalTime.OfStore)
            .Page<CountCorrectionRow>(
                databases,
                limit,
                after,
                SortOrder.NewestFirst("c.recorded_at", "c.id"),
                row => [row.RecordedAt, row.Id]
            );
}
