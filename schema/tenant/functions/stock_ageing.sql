-- Why: an owner asks how long stock has been in the store.

create or replace function $schema$.stock_ageing(at timestamptz default now())
returns table (store text, sku text, product text, quantity_on_hand numeric, days_0_30 numeric, days_31_60 numeric, days_61_90 numeric,
               days_91_180 numeric, days_over_180 numeric, oldest_days integer, value numeric, store_id uuid, product_id uuid)
language sql stable parallel safe
as $$
    with moved as (
        select m.store_id, m.product_id, m.created_at, m.item_version, m.quantity, l.timezone, l.day,
               sum(m.quantity) over item as on_hand,
               coalesce(sum(m.quantity) filter (where m.quantity > 0) over (item order by m.created_at desc, m.item_version desc
                   rows between unbounded preceding and 1 preceding), 0) as newer
        from $schema$.inventory_movements m
        join $schema$.store_moments(stock_ageing.at) l on l.store_id = m.store_id and m.created_at <= l.at
        where m.created_at <= stock_ageing.at + interval '2 days'
        window item as (partition by m.store_id, m.product_id)
    ), layers as (
        -- stock on hand came in last: each receipt still holds what later ones do not account for
        select moved.store_id, moved.product_id, moved.on_hand, least(moved.quantity, moved.on_hand - moved.newer) as quantity,
               moved.day - (moved.created_at at time zone moved.timezone)::date as days
        from moved
        where moved.quantity > 0 and moved.newer < moved.on_hand
    )
    select s.code, p.sku, p.name, l.on_hand,
           coalesce(sum(l.quantity) filter (where l.days <= 30), 0),
           coalesce(sum(l.quantity) filter (where l.days between 31 and 60), 0),
           coalesce(sum(l.quantity) filter (where l.days between 61 and 90), 0),
           coalesce(sum(l.quantity) filter (where l.days between 91 and 180), 0),
           coalesce(sum(l.quantity) filter (where l.days > 180), 0),
           max(l.days), round(l.on_hand * i.cost_per_unit, 2), l.store_id, l.product_id
    from layers l
    join $schema$.stores s on s.id = l.store_id
    join $schema$.products p on p.id = l.product_id
    join $schema$.inventory i on i.store_id = l.store_id and i.product_id = l.product_id
    group by s.code, p.sku, p.name, l.on_hand, i.cost_per_unit, l.store_id, l.product_id;
$$;

comment on function $schema$.stock_ageing is
    'Age of stock on hand under first in, first out (FIFO): quantity by days since it came in, by the store''s calendar; one row an '
    'item with stock on hand. value is at today''s moving average.';
