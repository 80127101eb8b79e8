-- Why: whom to order from is decided by who delivers, how much of it and how soon.

create function $schema$.supplier_performance(since date, until date default current_date)
returns table (supplier text, business_name text, orders bigint, quantity_ordered numeric, quantity_received numeric, fill_rate_percent numeric,
               lead_time_days numeric, longest_lead_time_days integer, on_time_percent numeric, supplier_id uuid)
language sql stable parallel safe
as $$
    with ordered as (
        select o.id, o.supplier_id, o.order_date, o.expected_date, sum(l.quantity_ordered) as ordered, sum(l.quantity_received) as received
        from $schema$.purchase_orders o
        join $schema$.purchase_order_items l on l.purchase_order_id = o.id and not l.is_removed
        where o.order_date >= supplier_performance.since and o.order_date < supplier_performance.until
          and o.status in ('confirmed', 'partial', 'received')
        group by o.id
    ), deliveries as (
        select o.id, m.quantity, m.created_at::date - o.order_date as days, m.created_at::date <= o.expected_date as on_time
        from ordered o
        join $schema$.inventory_movements m on m.reference_id = o.id and m.reference_type = 'purchase' and m.created_at >= o.order_date
    ), delivered as (
        select d.id, sum(d.quantity) as quantity, sum(d.quantity * d.days) as weighted, max(d.days) as longest,
               sum(d.quantity) filter (where d.on_time) as on_time, sum(d.quantity) filter (where d.on_time is not null) as expected
        from deliveries d
        group by d.id
    )
    select s.code, s.business_name, count(*), sum(o.ordered), sum(o.received), round(100 * sum(least(o.received, o.ordered)) / sum(o.ordered), 2),
           round(sum(d.weighted) / nullif(sum(d.quantity), 0), 1), max(d.longest)::integer,
           round(100 * coalesce(sum(d.on_time), 0) / nullif(sum(d.expected), 0), 2), s.id
    from ordered o
    join $schema$.suppliers s on s.id = o.supplier_id
    left join delivered d on d.id = o.id
    group by s.code, s.business_name, s.id;
$$;

comment on function $schema$.supplier_performance is
    'How suppliers delivered on the orders of a time, by order date from since up to until, which is excluded; orders in draft, only sent, or cancelled do not count. fill_rate_percent: received of what was ordered, what came too much set aside. lead_time_days: from order to delivery, weighted by quantity. on_time_percent: of what was delivered on orders with an expected date, the quantity that came by then. Days are of the session''s TimeZone.';

-- The movements of a document, for lead times and for the question what a document did.
create index idx_movements_reference on $schema$.inventory_movements (reference_id, created_at);
