-- Why: stock that nobody buys or uses ties up money.

create or replace function $schema$.dead_stock(days integer default 180)
returns table (store text, sku text, product text, quantity_on_hand numeric, value numeric, last_out_at timestamptz,
               days_without integer, store_id uuid, product_id uuid)
language sql stable parallel safe
as $$
    select s.code, p.sku, p.name, i.quantity_on_hand, round(i.quantity_on_hand * i.cost_per_unit, 2), o.last_out_at, d.days,
           i.store_id, i.product_id
    from $schema$.inventory i
    join (select m.store_id, m.product_id, min(m.created_at) as first_at,
                 max(m.created_at) filter (where m.movement_type = 'out' and m.reference_type in ('sale', 'issue')
                     and m.reason is distinct from 'return_to_supplier') as last_out_at
          from $schema$.inventory_movements m
          group by m.store_id, m.product_id) o on o.store_id = i.store_id and o.product_id = i.product_id
    join $schema$.stores s on s.id = i.store_id
    join $schema$.store_zones z on z.store_id = i.store_id
    join $schema$.products p on p.id = i.product_id
    cross join lateral (
        select (now() at time zone z.timezone)::date - (coalesce(o.last_out_at, o.first_at) at time zone z.timezone)::date as days) d
    where i.quantity_on_hand > 0 and d.days >= dead_stock.days;
$$;

comment on function $schema$.dead_stock is
    'Stock on hand that nobody has sold or used for a number of days of the store''s calendar, or since it first came in. '
    'Deactivated products and stores are included. Transfers, adjustments and returns to suppliers do not count as use.';
