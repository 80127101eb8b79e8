-- Why: a report takes points in time and dates; a date is a day in the store's time zone.

-- A date arrives as midnight of the session and stands for that day in the store. Any other point in time stands for itself.
create or replace function $schema$.beginning(moment timestamptz, timezone text) returns timestamptz
language sql stable parallel safe
as $$
    select case when isfinite(moment) and moment = moment::date::timestamptz then $schema$.start_of_day(moment::date, timezone)
           else moment end
$$;

comment on function $schema$.beginning is
    'A point in time as it is; for a date the start of that day in a time zone.';
