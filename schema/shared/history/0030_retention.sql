-- Why: forecasts of last year help nobody, and an audit trail may have to be forgotten after a time; movements are kept for ever.

insert into $schema$.system_config (key, value, description) values
    ('retention.forecasts', '1 year', 'How long forecasts are kept, as an interval; empty: for ever. A tenant''s own is settings.retention.forecasts in shared.tenants.'),
    ('retention.events', '', 'How long rows of the audit trail are kept, as an interval; empty: for ever. A tenant''s own is settings.retention.events in shared.tenants. The events themselves, in mt_events, are never dropped.');

-- Run by the owner of the tables: the service can drop nothing.
create function $schema$.apply_retention()
returns table (schema_name varchar, table_name text, chunks integer)
language plpgsql
as $$
declare
    dropped integer;
    keep    interval;
begin
    -- one node at a time
    if not pg_try_advisory_xact_lock(hashtextextended('fluxion/retention', 0)) then
        return;
    end if;

    for schema_name, table_name, keep in
        select t.schema_name, kept, nullif(coalesce(t.settings -> 'retention' ->> kept, c.value), '')::interval
        from $schema$.tenants t
        cross join unnest(array['forecasts', 'events']) kept
        left join $schema$.system_config c on c.key = 'retention.' || kept
        order by t.schema_name, kept
    loop
        continue when keep is null;
        -- forecast_date is a date, for which the limit is given as one
        if table_name = 'forecasts' then
            select count(*) into dropped from drop_chunks(format('%I.%I', schema_name, table_name)::regclass, older_than => (now() - keep)::date);
        else
            select count(*) into dropped from drop_chunks(format('%I.%I', schema_name, table_name)::regclass, older_than => now() - keep);
        end if;
        if dropped > 0 then
            chunks := dropped;
            return next;
        end if;
    end loop;
end
$$;

comment on function $schema$.apply_retention is
    'Drops the chunks of forecasts and events that lie wholly before what shared.system_config, or the tenant''s own settings, keep; one row for each table of which any were dropped. The host calls it once a day.';
