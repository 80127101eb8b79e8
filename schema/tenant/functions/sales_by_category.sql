-- Why: an analyst asks for sales by category.

create or replace function $schema$.sales_by_category(since timestamptz, until timestamptz default now(), store text default null)
returns table (category text, invoices bigint, quantity numeric, net_sales numeric, cost_of_goods_sold numeric,
               margin numeric, margin_percent numeric, category_id uuid)
language sql stable parallel safe
as $$
    select l.category, count(distinct l.sale_id) filter (where l.kind = 'sale'), sum(l.quantity), sum(l.net_sales),
           sum(l.cost_of_goods_sold), sum(l.margin), round(100 * sum(l.margin) / nullif(sum(l.net_sales), 0), 2), l.category_id
    from $schema$.sales_lines l
    join $schema$.store_periods(sales_by_category.since, sales_by_category.until) z
        on z.store_id = l.store_id and l.occurred_at >= z.since and l.occurred_at < z.until
    where l.occurred_at >= sales_by_category.since - interval '2 days' and l.occurred_at < sales_by_category.until + interval '2 days'
      and (sales_by_category.store is null or l.store = upper(sales_by_category.store))
    group by l.category, l.category_id;
$$;

comment on function $schema$.sales_by_category is
    'Sales by the category that the product has today, from since up to until, which is excluded; of one store, by its code, or of '
    'all. category is null for products without one. See sales_lines.';
