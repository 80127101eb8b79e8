-- Why: an analyst asks for sales by store.

create or replace function $schema$.sales_by_store(since timestamptz, until timestamptz default now())
returns table (store text, invoices bigint, quantity numeric, net_sales numeric, cost_of_goods_sold numeric,
               margin numeric, margin_percent numeric, store_id uuid)
language sql stable parallel safe
as $$
    select l.store, count(distinct l.sale_id) filter (where l.kind = 'sale'), sum(l.quantity), sum(l.net_sales),
           sum(l.cost_of_goods_sold), sum(l.margin), round(100 * sum(l.margin) / nullif(sum(l.net_sales), 0), 2), l.store_id
    from $schema$.sales_lines l
    join $schema$.store_periods(sales_by_store.since, sales_by_store.until) z
        on z.store_id = l.store_id and l.occurred_at >= z.since and l.occurred_at < z.until
    where l.occurred_at >= sales_by_store.since - interval '2 days' and l.occurred_at < sales_by_store.until + interval '2 days'
    group by l.store, l.store_id;
$$;

comment on function $schema$.sales_by_store is
    'Sales by store, from since up to until, which is excluded. See sales_lines.';
