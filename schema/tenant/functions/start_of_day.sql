-- Why: a day begins where the store is, and clock changes move or double its midnight.

create or replace function $schema$.start_of_day(day date, timezone text) returns timestamptz
language sql stable parallel safe
as $$
    -- the offset of the day before gives the earlier midnight when clocks go back over it, and no midnight when they go forward
    select case when (before at time zone timezone)::date = day then least(before, midnight) else midnight end
    from (select (day::timestamp - (((midnight - interval '1 day') at time zone timezone)
                                    - ((midnight - interval '1 day') at time zone 'UTC')))
                     at time zone 'UTC' as before, midnight
          from (select day::timestamp at time zone timezone as midnight) m) b
$$;

comment on function $schema$.start_of_day is
    'Start of a day in a time zone: its first midnight. On a day without midnight it is the moment when clocks go forward.';
