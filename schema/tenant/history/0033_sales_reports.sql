-- Why: what was sold, to whom it was worth what, and which products carry the business.

create view $schema$.sales_lines with (security_invoker) as
    select v.created_at as sold_at, v.recorded_at, s.code as store, v.invoice_number, i.line_number, p.sku, p.name as product, c.name as category,
           v.payment_method, v.payment_status, v.client_name, v.client_tax_id,
           i.quantity - i.quantity_returned as quantity, i.unit_price,
           round(i.discount * (i.quantity - i.quantity_returned) / i.quantity, 2) as discount,
           i.line_total - round(i.line_total * i.quantity_returned / i.quantity, 2) as net_sales,
           i.tax_rate,
           round((i.quantity - i.quantity_returned) * i.cost_per_unit, 2) as cost_of_goods_sold,
           i.line_total - round(i.line_total * i.quantity_returned / i.quantity, 2) - round((i.quantity - i.quantity_returned) * i.cost_per_unit, 2) as margin,
           i.quantity_returned, v.id as sale_id, v.store_id, i.product_id, p.category_id
    from $schema$.sales v
    join $schema$.sale_items i on i.sale_id = v.id
    join $schema$.stores s on s.id = v.store_id
    join $schema$.products p on p.id = i.product_id
    left join $schema$.categories c on c.id = p.category_id
    where v.payment_status <> 'cancelled';

comment on view $schema$.sales_lines is
    'One row a line of a sale that is not cancelled, less what came back of it; all reports of sales add these up. net_sales: before tax, after discounts. cost_of_goods_sold: at the moving average of the moment of the sale. margin: net_sales less cost. A return counts where and when the goods were sold.';

create function $schema$.sales_by(period text, since timestamptz, until timestamptz default now())
returns table (period_start timestamptz, store text, invoices bigint, quantity numeric, net_sales numeric, cost_of_goods_sold numeric,
               margin numeric, margin_percent numeric, store_id uuid)
language sql stable parallel safe
as $$
    select date_trunc(sales_by.period, l.sold_at), l.store, count(distinct l.sale_id), sum(l.quantity), sum(l.net_sales), sum(l.cost_of_goods_sold),
           sum(l.margin), round(100 * sum(l.margin) / nullif(sum(l.net_sales), 0), 2), l.store_id
    from $schema$.sales_lines l
    where l.sold_at >= sales_by.since and l.sold_at < sales_by.until
    group by 1, l.store, l.store_id;
$$;

comment on function $schema$.sales_by is
    'Sales by store and hour, day, week, month, quarter or year (period), from since up to until, which is excluded. Days begin at midnight in the session''s TimeZone, weeks on Monday. See sales_lines.';

create function $schema$.sales_by_product(since timestamptz, until timestamptz default now(), store text default null)
returns table (sku text, product text, category text, invoices bigint, quantity numeric, net_sales numeric, cost_of_goods_sold numeric,
               margin numeric, margin_percent numeric, product_id uuid)
language sql stable parallel safe
as $$
    select l.sku, l.product, l.category, count(distinct l.sale_id), sum(l.quantity), sum(l.net_sales), sum(l.cost_of_goods_sold),
           sum(l.margin), round(100 * sum(l.margin) / nullif(sum(l.net_sales), 0), 2), l.product_id
    from $schema$.sales_lines l
    where l.sold_at >= sales_by_product.since and l.sold_at < sales_by_product.until
      and (sales_by_product.store is null or l.store = upper(sales_by_product.store))
    group by l.sku, l.product, l.category, l.product_id;
$$;

create function $schema$.sales_by_category(since timestamptz, until timestamptz default now(), store text default null)
returns table (category text, invoices bigint, quantity numeric, net_sales numeric, cost_of_goods_sold numeric,
               margin numeric, margin_percent numeric, category_id uuid)
language sql stable parallel safe
as $$
    select l.category, count(distinct l.sale_id), sum(l.quantity), sum(l.net_sales), sum(l.cost_of_goods_sold),
           sum(l.margin), round(100 * sum(l.margin) / nullif(sum(l.net_sales), 0), 2), l.category_id
    from $schema$.sales_lines l
    where l.sold_at >= sales_by_category.since and l.sold_at < sales_by_category.until
      and (sales_by_category.store is null or l.store = upper(sales_by_category.store))
    group by l.category, l.category_id;
$$;

create function $schema$.sales_by_store(since timestamptz, until timestamptz default now())
returns table (store text, invoices bigint, quantity numeric, net_sales numeric, cost_of_goods_sold numeric,
               margin numeric, margin_percent numeric, store_id uuid)
language sql stable parallel safe
as $$
    select l.store, count(distinct l.sale_id), sum(l.quantity), sum(l.net_sales), sum(l.cost_of_goods_sold),
           sum(l.margin), round(100 * sum(l.margin) / nullif(sum(l.net_sales), 0), 2), l.store_id
    from $schema$.sales_lines l
    where l.sold_at >= sales_by_store.since and l.sold_at < sales_by_store.until
    group by l.store, l.store_id;
$$;

create function $schema$.sales_by_payment_method(since timestamptz, until timestamptz default now(), store text default null)
returns table (payment_method text, invoices bigint, quantity numeric, net_sales numeric, cost_of_goods_sold numeric, margin numeric, margin_percent numeric)
language sql stable parallel safe
as $$
    select l.payment_method, count(distinct l.sale_id), sum(l.quantity), sum(l.net_sales), sum(l.cost_of_goods_sold),
           sum(l.margin), round(100 * sum(l.margin) / nullif(sum(l.net_sales), 0), 2)
    from $schema$.sales_lines l
    where l.sold_at >= sales_by_payment_method.since and l.sold_at < sales_by_payment_method.until
      and (sales_by_payment_method.store is null or l.store = upper(sales_by_payment_method.store))
    group by l.payment_method;
$$;

comment on function $schema$.sales_by_product is
    'Sales by product, from since up to until, which is excluded; of one store, by its code, or of all. See sales_lines.';

comment on function $schema$.sales_by_category is
    'Sales by the category that the product has today, from since up to until, which is excluded; of one store, by its code, or of all. category is null for products without one. See sales_lines.';

comment on function $schema$.sales_by_store is
    'Sales by store, from since up to until, which is excluded. See sales_lines.';

comment on function $schema$.sales_by_payment_method is
    'Sales by the method of the first payment, from since up to until, which is excluded; null for what nothing was paid on. See sales_lines.';

create function $schema$.abc_classification(
    since timestamptz, until timestamptz default now(), store text default null, a_percent numeric default 80, b_percent numeric default 95)
returns table (class text, sku text, product text, net_sales numeric, share_percent numeric, cumulative_percent numeric, product_id uuid)
language sql stable parallel safe
as $$
    select case when r.before < abc_classification.a_percent then 'A' when r.before < abc_classification.b_percent then 'B' else 'C' end,
           r.sku, r.product, r.net_sales, round(r.share, 2), round(r.before + r.share, 2), r.product_id
    from (select v.*, 100 * v.net_sales / nullif(sum(v.net_sales) over (), 0) as share,
                 coalesce(100 * sum(v.net_sales) over (order by v.net_sales desc, v.sku rows between unbounded preceding and 1 preceding)
                     / nullif(sum(v.net_sales) over (), 0), 0) as before
          from $schema$.sales_by_product(abc_classification.since, abc_classification.until, abc_classification.store) v
          where v.net_sales > 0) r;
$$;

comment on function $schema$.abc_classification is
    'Products by what they sold for, the best first: A until they have brought a_percent of all net sales together, B until b_percent, C the rest (Pareto analysis, H. F. Dickie, ABC Inventory Analysis Shoots for Dollars, 1951). The product that crosses a limit still belongs to the class before it. Products without sales are not listed.';

do $$
begin
    if '$schema$' <> 'template' then
        grant select on $schema$.sales_lines to $schema$_analyst;
    end if;
end
$$;
