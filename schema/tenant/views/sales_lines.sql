-- Why: all sales reports add up the same lines, so that they agree.

create or replace view $schema$.sales_lines with (security_invoker) as
    select l.occurred_at, l.recorded_at, l.kind, s.code as store, l.invoice_number, l.line_number, p.sku, p.name as product,
           c.name as category,
           coalesce(l.invoiced_method, (
               -- a payment on a later day does not change the reports of the day of the sale
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
        select 'sale' as kind, v.created_at as occurred_at, v.recorded_at, v.created_at as sold_at, v.id as sale_id, v.store_id,
               v.invoice_number,
               v.invoiced_method, v.payment_status, v.client_name, v.client_tax_id, i.line_number, i.product_id, i.quantity,
               i.unit_price, i.discount,
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

call shared.let_analysts_read('$schema$.sales_lines');

comment on view $schema$.sales_lines is
    'Lines of sales and returns; all sales reports add these up. kind: sale, return or cancellation. Returns and cancellations have '
    'quantities and amounts below 0 and count on the day on which they occurred (occurred_at); sold_at is the time of the sale. '
    'net_sales: before tax, after discounts. cost_of_goods_sold: at the moving average at the time of the sale. margin: net_sales '
    'less cost. payment_method: the method of the invoice, else of the first payment on the day of the sale.';
