-- Why: an analyst asks how often stock turns over and how long it lasts.

create or replace function $schema$.inventory_turnover(since timestamptz, until timestamptz default now())
returns table (store text, sku text, product text, quantity_sold numeric, average_on_hand numeric, turnover numeric,
               days_of_inventory numeric, quantity_on_hand numeric, days_of_cover numeric, store_id uuid, product_id uuid)
language sql stable parallel safe
as $$
    with moved as (
        select i.store_id, i.product_id, i.quantity_on_hand, b.days, h.sold, h.opening, h.opening + h.weighted as average
        from $schema$.inventory i
        join (select store_id, since, until, extract(epoch from until - since) / 86400 as days
              from $schema$.store_periods(inventory_turnover.since, inventory_turnover.until)) b on b.store_id = i.store_id
        cross join lateral (
            select coalesce(sum(m.quantity) filter (where not m.is_within), 0) as opening,
                   coalesce(-sum(m.quantity) filter (where m.is_within and m.reference_type in ('sale', 'return')), 0) as sold,
                   -- each movement counts for the part of the period after it
                   coalesce(sum(m.quantity * extract(epoch from b.until - m.created_at) / (b.days * 86400))
                       filter (where m.is_within), 0) as weighted
            from (select m.quantity, m.reference_type, m.created_at, m.created_at >= b.since as is_within
                  from $schema$.inventory_movements m
                  where m.store_id = i.store_id and m.product_id = i.product_id and m.created_at < b.until) m) h
    )
    select s.code, p.sku, p.name, m.sold, round(m.average, 3), round(m.sold / nullif(m.average, 0), 2),
           round(m.days * m.average / nullif(m.sold, 0), 1), m.quantity_on_hand, round(m.days * m.quantity_on_hand / nullif(m.sold, 0), 1),
           m.store_id, m.product_id
    from moved m
    join $schema$.stores s on s.id = m.store_id
    join $schema$.products p on p.id = m.product_id;
$$;

comment on function $schema$.inventory_turnover is
    'Turnover of stock from since up to until, which is excluded: quantity sold less returned, over the average quantity on hand '
    '(weighted by time). days_of_inventory: days that the average stock lasted at that rate. days_of_cover: days that today''s stock '
    'lasts at that rate; null when nothing was sold. A date for since or until is a day in the store''s time zone.';
