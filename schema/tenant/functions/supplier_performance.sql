-- Why: a buyer asks who delivers in full, and on time.

create or replace function $schema$.supplier_performance(since date, until date default null)
returns table (supplier text, business_name text, orders bigint, quantity_ordered numeric, quantity_received numeric,
               fill_rate_percent numeric, lead_time_days numeric, longest_lead_time_days integer, on_time_percent numeric, supplier_id uuid)
language sql stable parallel safe
as $$
    with ordered as (
        select o.id, o.supplier_id, o.order_date, o.expected_date, z.timezone, sum(l.quantity_ordered) as ordered,
               sum(l.quantity_received) as received
        from $schema$.purchase_orders o
        join $schema$.purchase_order_items l on l.purchase_order_id = o.id and not l.is_removed
        join $schema$.store_zones z on z.store_id = o.store_id
        where o.order_date >= supplier_performance.since
          and o.order_date < coalesce(supplier_performance.until, (now() at time zone z.timezone)::date)
          and o.status in ('confirmed', 'partial', 'received')
        group by o.id, z.timezone
    ), deliveries as (
        select o.id, d.quantity, d.day - o.order_date as days, d.day <= o.expected_date as on_time
        from ordered o
        cross join lateral (
            select sum(i.quantity) as quantity, (min(i.occurred_at) filter (where i.return_id is null) at time zone o.timezone)::date as day
            from $schema$.delivery_items i
            where i.purchase_order_id = o.id
            group by i.delivery_id
            having sum(i.quantity) > 0) d
    ), delivered as (
        select d.id, sum(d.quantity) as quantity, sum(d.quantity * d.days) as weighted, max(d.days) as longest,
               sum(d.quantity) filter (where d.on_time) as on_time, sum(d.quantity) filter (where d.on_time is not null) as expected
        from deliveries d
        group by d.id
    )
    select s.code, s.business_name, count(*), sum(o.ordered), sum(o.received),
           round(100 * sum(least(o.received, o.ordered)) / sum(o.ordered), 2),
           round(sum(d.weighted) / nullif(sum(d.quantity), 0), 1), max(d.longest)::integer,
           round(100 * coalesce(sum(d.on_time), 0) / nullif(sum(d.expected), 0), 2), s.id
    from ordered o
    join $schema$.suppliers s on s.id = o.supplier_id
    left join delivered d on d.id = o.id
    group by s.code, s.business_name, s.id;
$$;

comment on function $schema$.supplier_performance is
    'Deliveries of suppliers on the orders of a period, by order date from since up to until, which is excluded; default: today in '
    'the store''s time zone. Draft, merely sent and cancelled orders do not count. Goods that went back to the supplier count as not '
    'delivered, and their replacement counts when it came. fill_rate_percent: received of ordered, without over-receipts. '
    'lead_time_days: from order to delivery, weighted by quantity. on_time_percent: of the quantity delivered on orders with an '
    'expected date, the part that came by then. Days are those of the store''s calendar.';
