-- Why: an analyst asks for sales by hour, day, week or month.

create or replace function $schema$.sales_by(period text, since timestamptz, until timestamptz default now())
returns table (period_start timestamp, store text, invoices bigint, quantity numeric, net_sales numeric, cost_of_goods_sold numeric,
               margin numeric, margin_percent numeric, store_id uuid)
language sql stable parallel safe
as $$
    select date_trunc(sales_by.period, l.occurred_at at time zone z.timezone), l.store,
           count(distinct l.sale_id) filter (where l.kind = 'sale'),
           sum(l.quantity), sum(l.net_sales), sum(l.cost_of_goods_sold), sum(l.margin),
           round(100 * sum(l.margin) / nullif(sum(l.net_sales), 0), 2), l.store_id
    from $schema$.sales_lines l
    join $schema$.store_periods(sales_by.since, sales_by.until) z
        on z.store_id = l.store_id and l.occurred_at >= z.since and l.occurred_at < z.until
    where l.occurred_at >= sales_by.since - interval '2 days' and l.occurred_at < sales_by.until + interval '2 days'
    group by 1, l.store, l.store_id;
$$;

comment on function $schema$.sales_by is
    'Sales by store and hour, day, week, month, quarter or year (period), from since up to until, which is excluded. Periods follow '
    'the store''s clocks: period_start is its local time; weeks begin on Monday. A date for since or until is a day in the store''s '
    'time zone. invoices: number of sales, including sales that were cancelled or returned later. Returns count below 0 in the '
    'period in which they occur. See sales_lines.';
