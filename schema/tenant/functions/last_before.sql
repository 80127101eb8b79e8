-- Why: a report as of a date ends before that day begins in the store.

create or replace function $schema$.last_before(moment timestamptz, timezone text) returns timestamptz
language sql stable parallel safe
as $$
    select case when isfinite(moment) and moment = moment::date::timestamptz
                then $schema$.start_of_day(moment::date, timezone) - interval '1 microsecond' else moment end
$$;

comment on function $schema$.last_before is
    'The last moment that a report as of a moment includes: that moment itself. For a date it is the last moment before that day in a '
    'time zone.';
