using Fluxion.Ledger.Catalog;
using Fluxion.Ledger.Purchasing;
using Fluxion.Ledger.Stock;
using Fluxion.Ledger.Validation;

namespace Fluxion.Projections.Queries;

/// <summary>Queries of the read models for commands that need documents. In all statements <c>t</c> is the tenant's schema.</summary>
public sealed class StockDocuments : IStockDocuments
{
    private static string Delivered(string t) =>
        $"""
            select m.store_id, m.product_id, p.sku, m.cost_per_unit as unit_cost,
                   sum(m.quantity) filter (where m.quantity > 0) as delivered,
                   coalesce(-sum(m.quantity) filter (where m.quantity < 0), 0) as returned,
                   max(m.created_at) filter (where m.quantity > 0) as occurred_at
            from {t}.service_inventory_movements m
            join {t}.products p on p.id = m.product_id
            where m.reference_id = $1 and m.reference_type = 'receipt'
            group by m.store_id, m.product_id, p.sku, m.cost_per_unit
            """;

    private static string OnOrderOf(string t) =>
        $"""
            select o.store_id, l.product_id, coalesce(sum(greatest(l.quantity_ordered - l.quantity_received - l.quantity_cancelled, 0))
                       filter (where o.status in ('sent', 'confirmed', 'partial') and not l.is_removed), 0) as quantity,
                   array_agg(distinct o.id) as orders
            from unnest($1::uuid[], $2::uuid[]) w (store_id, product_id)
            join {t}.purchase_order_items l on l.product_id = w.product_id
            join {t}.purchase_orders o on o.id = l.purchase_order_id and o.store_id = w.store_id
            group by o.store_id, l.product_id
            """;

    private static string Short(string t) =>
        $$"""
        select r.id, r.reference, s.code as store, p.sku, r.held, r.short_by
        from ({{StockPositions.ShortReservations(
            t,
            "select * from unnest($1::uuid[], $2::uuid[], $3::numeric[]) w (store_id, product_id, short)"
        )}}) r
        join {{t}}.stores s on s.id = r.store_id
        join {{t}}.products p on p.id = r.product_id
        order by s.code, p.sku, r.later limit {{ShortReservation.MaxListed}}
        """;

    /// <summary>
    /// The open documents that concern the ids in $1, and whether the caller may see them. $2 has the caller's stores, or null for all.
    /// </summary>
    private static string OpenOf(string t) =>
        $$"""
            with open as (
                select x.of, 'purchase_order' as kind, o.id, o.order_number as number, $2::uuid[] is null or o.store_id = any($2) as seen
                from {{t}}.purchase_orders o
                cross join lateral (
                    select o.store_id as of union select o.supplier_id
                    union select l.product_id from {{t}}.purchase_order_items l
                    where l.purchase_order_id = o.id and not l.is_removed
                        and l.quantity_ordered > l.quantity_received + l.quantity_cancelled) x
                where o.status in ('draft', 'sent', 'confirmed', 'partial')
                union all
                select x.of, 'transfer', t.id, coalesce(nullif(t.reference, ''), t.id::text),
                       $2::uuid[] is null or t.from_store_id = any($2) or t.to_store_id = any($2)
                from {{t}}.transfers t
                cross join lateral (
                    select t.from_store_id as of union select t.to_store_id
                    union select l.product_id from {{t}}.transfer_items l where l.transfer_id = t.id and l.quantity_in_transit > 0) x
                where t.status in ('in_transit', 'partial')
                union all
                select x.of, 'reservation', r.id, r.reference, bool_or($2::uuid[] is null or l.store_id = any($2))
                from {{t}}.reservations r
                join {{t}}.reservation_items l on l.reservation_id = r.id and l.quantity_held > 0
                cross join lateral (select l.store_id as of union select l.product_id) x
                where r.status = 'open'
                group by x.of, r.id)
            select kind, count(*) as count,
                   (array_remove(array_agg(case when seen then number end order by number), null))[1:{{OpenDocuments.MaxListed}}]
                       as documents,
                   of
            from open where of = any($1) group by of, kind order by of, kind
            """;

    public Task<IReadOnlyList<DeliveredGoods>> Receipt(LedgerSession ledger, Guid receiptId, CancellationToken ct) =>
        StockPositions.Query<DeliveredGoods>(ledger, Delivered(ledger.Tenant.Schema), null, ct, receiptId);

    public Task<IReadOnlyList<GoodsOnOrder>> OnOrder(LedgerSession ledger, IReadOnlyList<LockedStock> items, CancellationToken ct) =>
        StockPositions.Query<GoodsOnOrder>(
            ledger,
            OnOrderOf(ledger.Tenant.Schema),
            null,
            ct,
            items.Select(item => item.Store.Id).ToArray(),
            items.Select(item => item.Product.Id).ToArray()
        );

    public async Task<IReadOnlyList<ShortReservation>> ShortReservations(
        LedgerSession ledger,
        IReadOnlyList<ShortItem> items,
        CancellationToken ct
    ) =>
        [
            .. (
                await StockPositions.Query<ShortReservation>(
                    ledger,
                    Short(ledger.Tenant.Schema),
                    null,
                    ct,
                    items.Select(item => item.Stock.Store.Id).ToArray(),
                    items.Select(item => item.Stock.Product.Id).ToArray(),
                    items.Select(item => item.By).ToArray()
                )
            ).Select(r => r with { Held = Quantities.Normalize(r.Held), ShortBy = Quantities.Normalize(r.ShortBy) }),
        ];

    public async Task<ILookup<Guid, OpenDocuments>> Open(LedgerSession ledger, IReadOnlyCollection<Guid> ids, CancellationToken ct) =>
        (
            await StockPositions.Query(
                ledger,
                OpenOf(ledger.Tenant.Schema),
                r => Tuple.Create(r.Column<Guid>("of"), r.Row<OpenDocuments>()),
                ct,
                ids.ToArray(),
                (object?)ledger.Caller.StoreFilter ?? DBNull.Value
            )
        ).ToLookup(of => of.Item1, of => of.Item2);
}
