-- Why: forecasts of last year help nobody, and a tenant may have to forget its audit trail after a time; movements stay for ever.

-- A wrong setting from before there was a check drops nothing.
create or replace function $schema$.apply_retention()
returns table (schema_name varchar, table_name text, chunks integer)
language plpgsql
as $$
declare
    dropped integer;
    keep    interval;
    owner   uuid;
    first   timestamp;
    zone    text;
begin
    -- one node at a time
    if not pg_try_advisory_xact_lock(hashtextextended('fluxion/retention', 0)) then
        return;
    end if;

    for owner, schema_name, table_name, keep in
        select t.id, t.schema_name, kept, $schema$.retention_of(t.settings, kept)
        from $schema$.tenants t
        cross join unnest(array['forecasts', 'events']) kept
        order by t.schema_name, kept
    loop
        continue when keep is null;
        zone := $schema$.timezone_of(owner, schema_name);
        first := date_trunc('day', now() at time zone zone) - keep;
        -- forecast_date is a date, for which the limit is given as one
        if table_name = 'forecasts' then
            select count(*) into dropped from drop_chunks(format('%I.%I', schema_name, table_name)::regclass, older_than => first::date);
        else
            select count(*) into dropped from drop_chunks(format('%I.%I', schema_name, table_name)::regclass,
                older_than => first at time zone zone);
        end if;
        if dropped > 0 then
            chunks := dropped;
            return next;
        end if;
    end loop;
end
$$;

comment on function $schema$.apply_retention is
    'Drops the chunks of forecasts and events that lie wholly before the first day to keep. The tenant''s settings, else '
    'shared.system_config, say how long; a day is the tenant''s. Returns one row for each table that lost chunks. The host calls it '
    'once a day.';
