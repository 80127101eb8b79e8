-- Why: an analyst asks for sales by product.

create or replace function $schema$.sales_by_product(since timestamptz, until timestamptz default now(), store text default null)
returns table (sku text, product text, category text, invoices bigint, quantity numeric, net_sales numeric, cost_of_goods_sold numeric,
               margin numeric, margin_percent numeric, product_id uuid)
language sql stable parallel safe
as $$
    select l.sku, l.product, l.category, count(distinct l.sale_id) filter (where l.kind = 'sale'), sum(l.quantity), sum(l.net_sales),
           sum(l.cost_of_goods_sold), sum(l.margin), round(100 * sum(l.margin) / nullif(sum(l.net_sales), 0), 2), l.product_id
    from $schema$.sales_lines l
    join $schema$.store_periods(sales_by_product.since, sales_by_product.until) z
        on z.store_id = l.store_id and l.occurred_at >= z.since and l.occurred_at < z.until
    where l.occurred_at >= sales_by_product.since - interval '2 days' and l.occurred_at < sales_by_product.until + interval '2 days'
      and (sales_by_product.store is null or l.store = upper(sales_by_product.store))
    group by l.sku, l.product, l.category, l.product_id;
$$;

comment on function $schema$.sales_by_product is
    'Sales by product, from since up to until, which is excluded; of one store, by its code, or of all. See sales_lines.';
