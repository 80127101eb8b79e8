-- Why: all reports of a period read the same movements and leave out other chunks.

-- In any two time zones a date begins less than two days apart. The two days around the period let the planner leave out other chunks.
create or replace function $schema$.movements_between(since timestamptz, until timestamptz)
returns table (store_id uuid, product_id uuid, movement_type varchar, reference_type varchar, reference_id uuid, reason varchar,
               quantity numeric, total_cost numeric, created_at timestamptz, local_time timestamp)
language sql stable parallel safe
as $$
    select m.store_id, m.product_id, m.movement_type, m.reference_type, m.reference_id, m.reason, m.quantity, m.total_cost, m.created_at,
           m.created_at at time zone p.timezone
    from $schema$.inventory_movements m
    join $schema$.store_periods(movements_between.since, movements_between.until) p
        on p.store_id = m.store_id and m.created_at >= p.since and m.created_at < p.until
    where m.created_at >= movements_between.since - interval '2 days' and m.created_at < movements_between.until + interval '2 days';
$$;

comment on function $schema$.movements_between is
    'Movements from since up to until, which is excluded. A date is a day in the store''s time zone. local_time is the time on the '
    'store''s clocks.';
