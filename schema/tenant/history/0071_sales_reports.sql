-- Why: a return belongs to the day on which it happens. What was sold on a closed day stays what it was.

drop view $schema$.sales_lines;

create view $schema$.sales_lines with (security_invoker) as
    select l.occurred_at, l.recorded_at, l.kind, s.code as store, l.invoice_number, l.line_number, p.sku, p.name as product, c.name as category,
           coalesce(l.invoiced_method, (
               -- what is paid on a later day does not change the reports of the day of the sale
               select m.payment_method
               from $schema$.sale_payments m
               join $schema$.store_zones z on z.store_id = l.store_id
               where m.sale_id = l.sale_id and m.kind = 'payment'
                 and (m.created_at at time zone z.timezone)::date = (l.sold_at at time zone z.timezone)::date
               order by m.created_at, m.id
               limit 1)) as payment_method,
           l.payment_status, l.client_name, l.client_tax_id, l.quantity, l.unit_price, l.discount, l.net_sales, l.tax_rate, l.tax,
           l.cost_of_goods_sold, l.net_sales - l.cost_of_goods_sold as margin, l.sold_at, l.sale_id, l.store_id, l.product_id, p.category_id
    from (
        select 'sale' as kind, v.created_at as occurred_at, v.recorded_at, v.created_at as sold_at, v.id as sale_id, v.store_id, v.invoice_number,
               v.invoiced_method, v.payment_status, v.client_name, v.client_tax_id, i.line_number, i.product_id, i.quantity, i.unit_price, i.discount,
               i.net_amount as net_sales, i.tax_rate, i.tax_amount as tax, round(i.quantity * i.cost_per_unit, 2) as cost_of_goods_sold
        from $schema$.sales v
        join $schema$.sale_items i on i.sale_id = v.id
        union all
        select r.kind, r.created_at, r.recorded_at, v.created_at, v.id, v.store_id, v.invoice_number,
               v.invoiced_method, v.payment_status, v.client_name, v.client_tax_id, r.line_number, r.product_id, -r.quantity, i.unit_price,
               -round(i.discount * r.quantity / i.quantity, 2), -r.net_amount, i.tax_rate, -r.tax_amount, -r.cost_of_goods
        from $schema$.sale_returns r
        join $schema$.sales v on v.id = r.sale_id
        join $schema$.sale_items i on i.sale_id = r.sale_id and i.line_number = r.line_number
    ) l
    join $schema$.stores s on s.id = l.store_id
    join $schema$.products p on p.id = l.product_id
    left join $schema$.categories c on c.id = p.category_id;

comment on view $schema$.sales_lines is
    'What was sold and what came back, one row a line; all reports of sales add these up. kind: sale, return or cancellation, of which the latter two have quantity and amounts below 0 and count on the day on which they happened (occurred_at; sold_at is that of the sale). net_sales: before tax, after discounts. cost_of_goods_sold: at the moving average of the moment of the sale. margin: net_sales less cost. payment_method: that of the invoice, else of the first payment on the day of the sale.';

create or replace function $schema$.sales_by(period text, since timestamptz, until timestamptz default now())
returns table (period_start timestamp, store text, invoices bigint, quantity numeric, net_sales numeric, cost_of_goods_sold numeric,
               margin numeric, margin_percent numeric, store_id uuid)
language sql stable parallel safe
as $$
    select date_trunc(sales_by.period, l.occurred_at at time zone z.timezone), l.store, count(distinct l.sale_id) filter (where l.kind = 'sale'),
           sum(l.quantity), sum(l.net_sales), sum(l.cost_of_goods_sold), sum(l.margin), round(100 * sum(l.margin) / nullif(sum(l.net_sales), 0), 2), l.store_id
    from $schema$.sales_lines l
    join $schema$.store_periods(sales_by.since, sales_by.until) z
        on z.store_id = l.store_id and l.occurred_at >= z.since and l.occurred_at < z.until
    where l.occurred_at >= sales_by.since - interval '2 days' and l.occurred_at < sales_by.until + interval '2 days'
    group by 1, l.store, l.store_id;
$$;

comment on function $schema$.sales_by is
    'Sales by store and hour, day, week, month, quarter or year (period), from since up to until, which is excluded. Periods begin by the clocks of the store: period_start is its local time; weeks begin on Monday. A date for since or until is a day in the store''s time zone. invoices: how many were sold, also those that were cancelled or came back later; what comes back counts below 0 where and when it does. See sales_lines.';

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

create or replace function $schema$.sales_by_payment_method(since timestamptz, until timestamptz default now(), store text default null)
returns table (payment_method text, invoices bigint, quantity numeric, net_sales numeric, cost_of_goods_sold numeric, margin numeric, margin_percent numeric)
language sql stable parallel safe
as $$
    select l.payment_method, count(distinct l.sale_id) filter (where l.kind = 'sale'), sum(l.quantity), sum(l.net_sales),
           sum(l.cost_of_goods_sold), sum(l.margin), round(100 * sum(l.margin) / nullif(sum(l.net_sales), 0), 2)
    from $schema$.sales_lines l
    join $schema$.store_periods(sales_by_payment_method.since, sales_by_payment_method.until) z
        on z.store_id = l.store_id and l.occurred_at >= z.since and l.occurred_at < z.until
    where l.occurred_at >= sales_by_payment_method.since - interval '2 days' and l.occurred_at < sales_by_payment_method.until + interval '2 days'
      and (sales_by_payment_method.store is null or l.store = upper(sales_by_payment_method.store))
    group by l.payment_method;
$$;

comment on function $schema$.sales_by_payment_method is
    'Sales by the method of the invoice, else of the first payment on the day of the sale, from since up to until, which is excluded; null for what names none and was not paid that day. What comes back counts under the method of its sale: for money in and out see payments_by_method. See sales_lines.';

create function $schema$.payments_by_method(since timestamptz, until timestamptz default now(), store text default null)
returns table (store text, payment_method text, payments bigint, paid numeric, refunds bigint, refunded numeric, net numeric, store_id uuid)
language sql stable parallel safe
as $$
    select s.code, m.payment_method, count(*) filter (where m.kind = 'payment'), coalesce(sum(m.amount) filter (where m.kind = 'payment'), 0),
           count(*) filter (where m.kind = 'refund'), coalesce(-sum(m.amount) filter (where m.kind = 'refund'), 0), sum(m.amount), m.store_id
    from $schema$.sale_payments m
    join $schema$.stores s on s.id = m.store_id
    join $schema$.store_periods(payments_by_method.since, payments_by_method.until) z
        on z.store_id = m.store_id and m.created_at >= z.since and m.created_at < z.until
    where m.created_at >= payments_by_method.since - interval '2 days' and m.created_at < payments_by_method.until + interval '2 days'
      and (payments_by_method.store is null or s.code = upper(payments_by_method.store))
    group by s.code, m.payment_method, m.store_id;
$$;

comment on function $schema$.payments_by_method is
    'Cash-up: money that was paid and given back by store and method, from since up to until, which is excluded; of one store, by its code, or of all. A date for since or until is a day in the store''s time zone. net: paid less refunded.';

do $$
begin
    if '$schema$' <> 'template' then
        grant select on $schema$.sales_lines to $schema$_analyst;
    end if;
end
$$;
