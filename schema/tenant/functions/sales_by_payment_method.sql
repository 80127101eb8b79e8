-- Why: an analyst asks for sales by payment method.

create or replace function $schema$.sales_by_payment_method(since timestamptz, until timestamptz default now(), store text default null)
returns table (payment_method text, invoices bigint, quantity numeric, net_sales numeric, cost_of_goods_sold numeric, margin numeric,
               margin_percent numeric)
language sql stable parallel safe
as $$
    select l.payment_method, count(distinct l.sale_id) filter (where l.kind = 'sale'), sum(l.quantity), sum(l.net_sales),
           sum(l.cost_of_goods_sold), sum(l.margin), round(100 * sum(l.margin) / nullif(sum(l.net_sales), 0), 2)
    from $schema$.sales_lines l
    join $schema$.store_periods(sales_by_payment_method.since, sales_by_payment_method.until) z
        on z.store_id = l.store_id and l.occurred_at >= z.since and l.occurred_at < z.until
    where l.occurred_at >= sales_by_payment_method.since - interval '2 days'
      and l.occurred_at < sales_by_payment_method.until + interval '2 days'
      and (sales_by_payment_method.store is null or l.store = upper(sales_by_payment_method.store))
    group by l.payment_method;
$$;

comment on function $schema$.sales_by_payment_method is
    'Sales by the method of the invoice, else of the first payment on the day of the sale, from since up to until, which is '
    'excluded. The method is null when the invoice names none and nobody paid that day. Returns count under the method of their '
    'sale; payments_by_method reports money in and out. See sales_lines.';
