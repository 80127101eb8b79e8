using System.Collections.Concurrent;
using Fluxion.Tests.Host;
using Npgsql;

namespace Fluxion.Tests.Projections;

/// <summary>
/// Invariants of every tenant at every moment, whatever else runs meanwhile: read models match the events, and no quantity or money is lost
/// or invented. Each query sees one snapshot, and every row that it returns is a violation.
/// </summary>
public static class Invariants
{
    // A movement that was carried over from an earlier ledger (stock_carried_over) has no sale, transfer or order in this ledger.
    // Marten starts a stream of no type at version 0 for the tombstone rows of failed transactions: that stream stays empty.

    /// <summary>Queries by the invariant that is violated when a row is returned; {t} is the tenant's schema.</summary>
    private static readonly Dictionary<string, string> Queries = new()
    {
        ["on hand is not the sum of its movements"] = """
            select coalesce(i.product_id, m.product_id)
            from {t}.inventory i
            full join (select product_id, store_id, sum(quantity) total, max(created_at) latest
                       from {t}.inventory_movements group by product_id, store_id) m using (product_id, store_id)
            left join {t}.mt_streams v on v.id = i.id
            where i.quantity_on_hand is distinct from coalesce(m.total, 0) or i.version is distinct from v.version
                or i.last_movement_at is distinct from m.latest
               or i.quantity_available is distinct from i.quantity_on_hand - i.quantity_reserved
            """,
        ["reserved is not the sum of the open reservations"] = """
            select coalesce(i.product_id, r.product_id)
            from (select * from {t}.inventory where quantity_reserved <> 0) i
            full join (select product_id, store_id, sum(quantity_held) held from {t}.reservation_items where quantity_held <> 0
                group by product_id, store_id) r
                using (product_id, store_id)
            where i.quantity_reserved is distinct from r.held
            """,
        ["what left in a transfer is neither in transit nor in the other store"] = """
            select coalesce(t.transfer_id, m.reference_id)
            from {t}.transfer_items t
            full join (select reference_id, product_id, -sum(quantity) quantity from {t}.inventory_movements
                where reference_type = 'transfer' and id not in (select id from {t}.mt_events where type = 'stock_carried_over')
                       group by reference_id, product_id) m on m.reference_id = t.transfer_id and m.product_id = t.product_id
            where t.quantity_in_transit is distinct from m.quantity
            """,
        ["an item is not its document"] = """
            select coalesce(i.id, d.id) from {t}.inventory i full join {t}.mt_doc_stockitem d on d.id = i.id
            where (d.data ->> 'onHand')::numeric is distinct from i.quantity_on_hand
                or (d.data ->> 'reserved')::numeric is distinct from i.quantity_reserved
               or (d.data ->> 'unitCost')::numeric is distinct from i.cost_per_unit
                   or (d.data ->> 'storeId')::uuid is distinct from i.store_id
               or (d.data ->> 'productId')::uuid is distinct from i.product_id
            """,
        ["an audit row and its event differ"] = """
            select coalesce(e.id, m.id)
            from {t}.events e full join {t}.mt_events m on m.id = e.id
            where e.event_type is distinct from m.type or e.entity_id is distinct from m.stream_id
                or e.created_at is distinct from m.timestamp
               or (e.metadata ->> 'version')::bigint is distinct from m.version or e.user_id::text is distinct from m.user_name
            """,
        ["an audit row does not begin where the one before it ended"] = """
            select id
            from (select *, row_number() over w n, lag(new_data) over w before
                  from {t}.events window w as (partition by entity_type, entity_id order by (metadata ->> 'version')::bigint)) e
            where old_data is distinct from before or new_data is null or n <> (metadata ->> 'version')::bigint
               or action <> case when n = 1 then 'created' else 'updated' end
            """,
        ["there is a row for a transaction that failed"] =
            "select id from {t}.mt_events where type = 'tombstone' or timestamp = '-infinity'",
        ["a stream has no type or not as many events as its version says"] = """
            select s.id from {t}.mt_streams s left join {t}.mt_events m on m.stream_id = s.id
            group by s.id, s.type, s.version
            having not (s.type is null and s.version = 0 and count(m.id) = 0)
               and (s.type is null or s.version is distinct from count(m.id) or s.version is distinct from max(m.version))
            """,
        ["a movement and its event differ"] = """
            select concat_ws(' ', coalesce(m.id, e.id), e.type, e.data, 'is the row', to_jsonb(m))
            from {t}.inventory_movements m
                full join (select * from {t}.mt_events where type like 'stock\_%' and type not in ('stock_reserved', 'stock_released')) e
                    on e.id = m.id
            where m.recorded_at is distinct from e.timestamp
               or m.created_at is distinct from (e.data -> 'document' ->> 'occurredAt')::timestamptz
               or m.reference_id is distinct from coalesce(e.data ->> 'purchaseOrderId', e.data ->> 'receiptId',
                   e.data -> 'document' ->> 'id')::uuid
               or m.created_by::text is distinct from e.user_name
               or m.cost_per_unit is distinct from (e.data ->> 'unitCost')::numeric
               or m.quantity is distinct from case
                   when e.type = 'stock_counted' then (e.data ->> 'counted')::numeric - (e.data ->> 'expected')::numeric
                   when e.type in ('stock_issued', 'stock_sold', 'stock_sent', 'stock_returned_to_supplier')
                       then -(e.data ->> 'quantity')::numeric
                   else (e.data ->> 'quantity')::numeric end
            """,
        ["a user of the tenant is none of the registry"] = """
            select coalesce(u.id, t.id) from {t}.users u
            full join (select * from shared.tenant_users where tenant_id = (select id from shared.tenants where schema_name = '{t}')) t
                on t.id = u.id
            where t.email is distinct from u.email or t.role is distinct from u.role or t.full_name is distinct from u.full_name
               or t.is_active is distinct from u.is_active
            """,
        ["a product's prices are not the latest of its history, or a row of that says nothing new"] = """
            select p.id from {t}.products p
            left join lateral (select * from {t}.product_prices r where r.product_id = p.id
                order by created_at desc, id desc limit 1) r on true
            where (r.cost_price, r.selling_price) is distinct from (p.cost_price, p.selling_price)
            union all
            select id from (select *, lag((cost_price, selling_price)) over (partition by product_id order by created_at, id) before
                from {t}.product_prices) r
            where before = (cost_price, selling_price)
            """,
        ["a sale's money or state is not that of its events"] = """
            select coalesce(v.id, e.id)
            from {t}.sales v
            full join (select stream_id id, sum((data ->> 'totalAmount')::numeric) filter (where type = 'sale_recorded') total,
                           sum((data ->> 'amount')::numeric) filter (where type = 'payment_received') paid,
                           sum((data ->> 'amount')::numeric) filter (where type = 'payment_refunded') refunded,
                           sum((data ->> 'totalAmount')::numeric) filter (where type = 'goods_returned') returned,
                               bool_or(type = 'sale_cancelled') cancelled
                       from {t}.mt_events
                       where type in ('sale_recorded', 'payment_received', 'payment_refunded', 'goods_returned', 'sale_cancelled')
                       group by stream_id) e on e.id = v.id
            where v.total_amount is distinct from e.total or v.amount_paid is distinct from coalesce(e.paid, 0)
               or v.amount_refunded is distinct from coalesce(e.refunded, 0) or v.amount_refunded > v.amount_paid
               or v.returned_amount is distinct from coalesce(e.returned, 0)
                   or (v.payment_status = 'cancelled') is distinct from e.cancelled
            """,
        ["a sale's state does not follow from its money and its goods"] = """
            select v.id from {t}.sales v
            cross join lateral (select v.total_amount - v.returned_amount - v.amount_paid + v.amount_refunded open,
                                       v.returned_amount = v.total_amount and exists (select from {t}.sale_items i
                                           where i.sale_id = v.id and i.quantity_returned > 0) credited) m
            where not case v.payment_status
                when 'cancelled' then v.amount_refunded = v.amount_paid
                when 'refund_due' then m.open < 0
                when 'refunded' then m.open = 0 and m.credited and v.amount_paid > 0
                when 'returned' then m.open = 0 and m.credited and v.amount_paid = 0
                when 'paid' then m.open = 0 and not m.credited
                when 'partial' then m.open > 0 and v.amount_paid > v.amount_refunded
                when 'pending' then m.open > 0 and v.amount_paid = v.amount_refunded
                else false end
            """,
        ["what is held of a sale's money is not the sum of its payments and refunds"] = """
            select coalesce(v.id, m.sale_id)
            from (select id, amount_paid, amount_refunded from {t}.sales where amount_paid <> 0) v
            full join (select sale_id, sum(amount) filter (where kind = 'payment') paid,
                -coalesce(sum(amount) filter (where kind = 'refund'), 0) refunded
                       from {t}.sale_payments group by sale_id) m on m.sale_id = v.id
            where v.amount_paid is distinct from m.paid or v.amount_refunded is distinct from m.refunded
            """,
        ["a sale's lines do not add up to it, or what came back not to what was credited"] = """
            select v.id from {t}.sales v
            left join (select sale_id, sum(net_amount) net, sum(tax_amount) tax from {t}.sale_items group by sale_id) i on i.sale_id = v.id
            left join (select sale_id, sum(net_amount + tax_amount) total from {t}.sale_returns group by sale_id) r on r.sale_id = v.id
            where i.net is distinct from v.subtotal or i.tax is distinct from v.tax_amount or v.subtotal + v.tax_amount <> v.total_amount
               or coalesce(r.total, 0) is distinct from case v.payment_status
                   when 'cancelled' then v.total_amount else v.returned_amount end
            """,
        ["cost of goods sold of the reports is not that of the movements"] = """
            select l.product_id
            from (select product_id, sum(cost_of_goods_sold) cost from {t}.sales_lines group by product_id) l
            full join (select product_id, -sum(total_cost) cost from {t}.inventory_movements
                       where reference_type in ('sale', 'return') and id not in (select id from {t}.mt_events
                           where type = 'stock_carried_over') group by product_id) m using (product_id)
            where l.cost is distinct from m.cost
            """,
        ["what left in a sale and has not come back is not what moved"] = """
            select coalesce(i.sale_id, m.sale_id)
            from (select i.sale_id, i.product_id,
                sum(case when v.payment_status = 'cancelled' then 0 else i.quantity - i.quantity_returned end) gone
                  from {t}.sale_items i join {t}.sales v on v.id = i.sale_id group by i.sale_id, i.product_id) i
            full join (select reference_id sale_id, product_id, -sum(quantity) gone from {t}.inventory_movements
                where reference_type in ('sale', 'return') and id not in (select id from {t}.mt_events where type = 'stock_carried_over')
                       group by reference_id, product_id) m using (sale_id, product_id)
            where i.gone is distinct from m.gone
            """,
        ["what came in for a purchase order is not what its lines say"] = """
            select coalesce(i.order_id, m.order_id)
            from (select purchase_order_id order_id, product_id, sum(quantity_received) received from {t}.purchase_order_items
                  group by purchase_order_id, product_id having sum(quantity_received) <> 0) i
            full join (select reference_id order_id, product_id, sum(quantity) received from {t}.inventory_movements
                where reference_type = 'purchase' and id not in (select id from {t}.mt_events where type = 'stock_carried_over')
                       group by reference_id, product_id having sum(quantity) <> 0) m using (order_id, product_id)
            where i.received is distinct from m.received
            """,
        ["an alert is not its document, or that of its last event"] = """
            select coalesce(a.id, d.id)
            from {t}.alerts a full join {t}.mt_doc_alert d on d.id = a.id
            left join lateral (select type, data from {t}.mt_events e where e.stream_id = d.id order by version desc limit 1) e on true
            where a.status is distinct from d.data ->> 'status' or a.priority is distinct from d.data ->> 'priority'
                or a.is_cleared is distinct from (d.data ->> 'isCleared')::boolean
               or (a.data ->> 'level')::numeric is distinct from (d.data -> 'data' ->> 'level')::numeric
                   or a.resolved_at is distinct from (d.data ->> 'resolvedAt')::timestamptz
               or (e.type in ('alert_raised', 'alert_updated', 'alert_reopened', 'alert_acknowledged'))
                   is distinct from (a.status in ('active', 'acknowledged'))
               or (e.type in ('alert_raised', 'alert_updated', 'alert_reopened')) and e.data ->> 'priority' is distinct from a.priority
            """,
        ["what came in and went back of a line of an order is not what it received"] = """
            select l.id
            from {t}.purchase_order_items l
            left join (select purchase_order_item_id, sum(quantity) quantity from {t}.delivery_items group by 1) d
                on d.purchase_order_item_id = l.id
            where l.quantity_received is distinct from coalesce(d.quantity, 0)
            """,
        ["more of a delivery went back than it brought"] = """
            select delivery_id from {t}.delivery_items group by delivery_id, purchase_order_item_id, cost_per_unit having sum(quantity) < 0
            """,
        ["a reservation's state is not that of its last event, or open while nothing is held"] = """
            select coalesce(r.id, e.id)
            from {t}.reservations r
            full join (select distinct on (stream_id) stream_id id, type from {t}.mt_events where type like 'reservation\_%'
                order by stream_id, version desc) e on e.id = r.id
            cross join lateral (select exists (select from {t}.reservation_items i
                where i.reservation_id = r.id and i.quantity_held > 0) as holds) h
            where r.status is distinct from case
                    when e.type in ('reservation_released', 'reservation_expired') then substring(e.type from 13)
                    when e.type = 'reservation_fulfilled' and not h.holds then 'fulfilled' else 'open' end
               or (r.status = 'open') is distinct from h.holds
            """,
        ["what sales took of a reservation is not what its lines say"] = """
            select i.reservation_id
            from {t}.reservation_items i
            left join (select reservation_id, line_number, sum(quantity) quantity from {t}.reservation_fulfilments
                group by 1, 2) f using (reservation_id, line_number)
            where i.quantity_fulfilled is distinct from coalesce(f.quantity, 0) or i.quantity_fulfilled + i.quantity_held > i.quantity
            """,
    };

    public static TheoryData<string> Names => [.. Queries.Keys];

    /// <summary>The schemas whose tables a test alters directly, past the ledger.</summary>
    internal static ConcurrentBag<string> Altered { get; } = [];

    /// <summary>The violations of one invariant, or of all, in all tenants except the altered ones.</summary>
    public static async Task<List<string>> Violations(this NpgsqlConnection superuser, string? invariant = null)
    {
        var violations = new List<string>();
        var schemas = await superuser.Column<string>("select schema_name from shared.tenants");
        schemas.ShouldNotBeEmpty();
        foreach (var schema in schemas.Except(Altered))
        {
            foreach (var (name, query) in Queries.Where(q => invariant is null || q.Key == invariant))
                violations.AddRange(
                    (await superuser.Rows(query.Replace("{t}", schema, StringComparison.Ordinal))).Select(row =>
                        $"{name} in {schema}: {row[0]}"
                    )
                );
        }
        return violations;
    }
}
