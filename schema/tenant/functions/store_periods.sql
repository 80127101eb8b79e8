-- Why: a report of a period needs its start and end in the time zone of each store.

-- Materialized, so that a report computes the periods once and not once a row.
create or replace function $schema$.store_periods(since timestamptz, until timestamptz)
returns table (store_id uuid, timezone varchar, since timestamptz, until timestamptz)
language sql stable parallel safe rows 10
as $$
    with periods as materialized (
        select z.store_id, z.timezone, $schema$.beginning(store_periods.since, z.timezone),
               $schema$.beginning(store_periods.until, z.timezone)
        from $schema$.store_zones z
    )
    select * from periods;
$$;

comment on function $schema$.store_periods is
    'The period from since up to until, which is excluded, in each store. A date is a day in the store''s time zone.';
