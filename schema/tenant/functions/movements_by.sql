-- Why: an analyst asks what came and went by day, week or month of the store's calendar.

create or replace function $schema$.movements_by(period text, since timestamptz, until timestamptz default now())
returns table (period_start timestamp, store text, sku text, movement_type text, reference_type text,
               quantity numeric, cost numeric, movements numeric, store_id uuid, product_id uuid)
language sql stable parallel safe
as $$
    select m.period_start, s.code, p.sku, m.movement_type, m.reference_type, m.quantity, m.cost, m.movements, m.store_id, m.product_id
    from (select date_trunc(movements_by.period, m.local_time) as period_start, m.store_id, m.product_id, m.movement_type, m.reference_type,
                 sum(m.quantity) as quantity, sum(m.total_cost) as cost, count(*)::numeric as movements
          from $schema$.movements_between(movements_by.since, movements_by.until) m
          group by 1, m.store_id, m.product_id, m.movement_type, m.reference_type) m
    join $schema$.stores s on s.id = m.store_id
    join $schema$.products p on p.id = m.product_id;
$$;

comment on function $schema$.movements_by is
    'Movements by hour, day, week, month, quarter or year (period), from since up to until, which is excluded. Periods follow the '
    'store''s clocks: period_start is its local time; weeks begin on Monday. A date for since or until is a day in the store''s time '
    'zone. quantity and cost are signed: what they added to stock.';
