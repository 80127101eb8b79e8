-- Why: a setting that is no interval is to be refused when it is set, not found in a log a day later; and answers that nobody can ask for again are to go.

create function $schema$.setting_objection(setting text, setting_value text)
returns text
language plpgsql
stable
set search_path = pg_catalog
as $$
begin
    case
        when setting = 'alerts.scan_interval' then
            return case when setting_value::interval between interval '5 minutes' and interval '7 days' then null
                        else 'must be an interval from 5 minutes to 7 days, for example 1 hour' end;
        when setting in ('retention.forecasts', 'retention.events') then
            return case when setting_value = '' or setting_value::interval between interval '1 day' and interval '1000 years' then null
                        else 'must be an interval from 1 day to 1000 years, for example 2 years, or empty to keep all' end;
        when setting = 'retention.idempotency_keys' then
            return case when setting_value = '' or setting_value::interval between interval '1 day' and interval '1000 years' then null
                        else 'must be an interval from 1 day to 1000 years, for example 30 days, or empty to keep all' end;
        when setting like 'retention.%' then
            return 'is not a setting: there are retention.forecasts, retention.events and retention.idempotency_keys';
        else
            return null;
    end case;
exception
    when data_exception then
        return case when setting = 'alerts.scan_interval' then 'must be an interval from 5 minutes to 7 days, for example 1 hour'
                    else 'must be an interval from 1 day to 1000 years, for example 30 days, or empty to keep all' end;
end
$$;

comment on function $schema$.setting_objection is
    'What is wrong with the value of a setting; null when nothing is, or when nobody has a rule for it.';

insert into $schema$.system_config (key, value, description) values
    ('retention.idempotency_keys', '30 days', 'How long an Idempotency-Key is good, as an interval of 1 day or more; empty: for ever. A tenant''s own is settings.retention.idempotency_keys in shared.tenants.');

-- Not valid: what is wrong already stays, and the start of a host names it.
alter table $schema$.system_config
    add constraint system_config_setting_check check ($schema$.setting_objection(key, value) is null) not valid;

create function $schema$.tenant_settings_objection(settings jsonb)
returns text
language sql
stable
as $$
    select format('retention.%s is ''%s'': it %s', own.key, own.value, $schema$.setting_objection('retention.' || own.key, own.value))
    from jsonb_each_text(case when jsonb_typeof(settings -> 'retention') = 'object' then settings -> 'retention' else '{}' end) own
    where $schema$.setting_objection('retention.' || own.key, coalesce(own.value, '')) is not null
    order by own.key
    limit 1
$$;

comment on function $schema$.tenant_settings_objection is
    'What is wrong with the retention that settings of a tenant ask for; null when nothing is.';

alter table $schema$.tenants
    add constraint tenants_retention_check check ($schema$.tenant_settings_objection(settings) is null) not valid;

create index idempotency_keys_created_at_idx on $schema$.idempotency_keys (created_at);

comment on index $schema$.idempotency_keys_created_at_idx is
    'Finds the keys that are no longer good, the oldest first.';

comment on column $schema$.idempotency_keys.created_at is
    'When it was first used: from then on it is good for as long as retention.idempotency_keys says.';

-- As before, but: a day is the tenant's, by its time zone; and of a table whose setting is wrong from before there was a check nothing is dropped.
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
            select count(*) into dropped from drop_chunks(format('%I.%I', schema_name, table_name)::regclass, older_than => first at time zone zone);
        end if;
        if dropped > 0 then
            chunks := dropped;
            return next;
        end if;
    end loop;
end
$$;

comment on function $schema$.apply_retention is
    'Drops the chunks of forecasts and events that lie wholly before the first day that is kept, by shared.system_config or the tenant''s own settings, a day being the tenant''s; one row for each table of which any were dropped. The host calls it once a day.';

create function $schema$.timezone_of(owner uuid, of_schema text)
returns text
language plpgsql
as $$
declare
    zone text;
begin
    if to_regclass(format('%I.settings', of_schema)) is not null then
        -- row level security holds for the owner of the table too
        perform set_config('app.current_tenant_id', owner::text, true);
        execute format('select timezone from %I.settings', of_schema) into zone;
    end if;
    return coalesce(zone, 'UTC');
end
$$;

comment on function $schema$.timezone_of is
    'The time zone of a tenant; UTC before it has set one, or before its schema has the table of settings.';

create function $schema$.retention_of(settings jsonb, kept text)
returns interval
language sql
stable
as $$
    select case when $schema$.setting_objection('retention.' || kept, said.value) is null then nullif(said.value, '')::interval end
    from (select coalesce(settings -> 'retention' ->> kept,
                          (select value from $schema$.system_config where key = 'retention.' || kept), '') as value) said
$$;

comment on function $schema$.retention_of is
    'How long something of a tenant is kept, by its own settings or else by those of the installation; null: for ever.';

-- One batch of one schema: whoever calls it commits after each, so that no transaction is long and no command waits for one. The index is walked from
-- where the last batch ended: the entries before it are of rows that are gone, and only a vacuum takes them away.
create function $schema$.prune_idempotency_keys(pruned_schema text, pruned_after timestamptz, batch integer)
returns table (pruned bigint, up_to timestamptz)
language plpgsql
as $$
declare
    keep  interval;
    owner uuid;
begin
    if pruned_schema = '$schema$' then
        keep := $schema$.retention_of('{}', 'idempotency_keys');
    else
        select t.id, $schema$.retention_of(t.settings, 'idempotency_keys') into owner, keep
        from $schema$.tenants t where t.schema_name = pruned_schema;
    end if;
    -- one node at a time
    if keep is null or not pg_try_advisory_xact_lock(hashtextextended('fluxion/retention/' || pruned_schema, 0)) then
        return query select 0::bigint, null::timestamptz;
        return;
    end if;

    -- row level security holds for the owner of the table too
    perform set_config('app.current_tenant_id', coalesce(owner::text, ''), true);
    return query execute format(
        'with gone as (
             delete from %1$I.idempotency_keys where ctid = any (array(
                 select ctid from %1$I.idempotency_keys
                 where created_at >= $1 and created_at < now() - $2 order by created_at limit $3))
             returning created_at)
         select count(*), max(created_at) from gone', pruned_schema)
        using coalesce(pruned_after, '-infinity'), keep, batch;
end
$$;

comment on function $schema$.prune_idempotency_keys is
    'Deletes up to a number of keys of one schema that are no longer good, from a moment on, and says how many and up to which moment. The host calls it once a day until there are none.';

-- The service may not read which scripts have run; what it has to know is whether there are any that its build brings and that have not.
create function $schema$.missing_scripts(shared_scripts text[], tenant_scripts text[])
returns setof text
language plpgsql
stable
security definer
set search_path = pg_catalog
as $$
begin
    return query
        select 'shared/' || script from unnest(shared_scripts) script
        where script not in (select v.scriptname from $schema$.schema_versions v);

    if to_regclass('template.schema_versions') is null then
        return query select 'tenant/' || script from unnest(tenant_scripts) script;
    else
        return query execute
            'select ''tenant/'' || script from unnest($1) script where script not in (select v.scriptname from template.schema_versions v)'
            using tenant_scripts;
    end if;
end
$$;

comment on function $schema$.missing_scripts is
    'Those of the scripts that have not run in the schemas shared and template. A host without the owner''s connection asks at its start.';

revoke execute on function $schema$.missing_scripts from public;

grant execute on function $schema$.missing_scripts to fluxion_app;
