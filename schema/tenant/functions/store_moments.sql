-- Why: a report at a moment needs that moment in the time zone of each store.

create or replace function $schema$.store_moments(at timestamptz, known_at timestamptz default 'infinity')
returns table (store_id uuid, timezone varchar, at timestamptz, known_at timestamptz, day date)
language sql stable parallel safe rows 10
as $$
    with moments as materialized (
        select z.store_id, z.timezone, $schema$.last_before(store_moments.at, z.timezone),
               $schema$.last_before(store_moments.known_at, z.timezone),
               ($schema$.beginning(store_moments.at, z.timezone) at time zone z.timezone)::date
        from $schema$.store_zones z
    )
    select * from moments;
$$;

comment on function $schema$.store_moments is
    'For each store, the last moments that a report includes, and the day there. The report is as of at, as known at known_at. A date '
    'is the start of that day.';
