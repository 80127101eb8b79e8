-- Why: a session that reaches the wrong schema, or names no tenant, must find no row there. Every table gets the same protection.

-- Row level security is forced, so that it applies to the owner too. A session without the setting compares with null and sees no row.
-- The subselect makes PostgreSQL read the setting once a statement; without it a query reads the setting again for every row.
-- A hypertable has no row level security: TimescaleDB refuses row level security together with compression, and the policies of a
-- hypertable do not reach its chunks. Its grants, a check of tenant_id, the trigger require_tenant_trigger
-- and a view for the service take its place.
-- The service never deletes: a ledger keeps everything. The owner replaces rows when a replay swaps those that differ from the events.
create or replace procedure $schema$.protect_table(
    protected regclass, service text default 'select, insert, update', analyst text default 'select')
language plpgsql
set search_path = pg_catalog
as $$
declare
    is_tenant constant text := 'tenant_id = (select nullif(current_setting(''app.current_tenant_id'', true), '''')::uuid)';
begin
    if not exists (
        select from _timescaledb_catalog.hypertable h
        join pg_class c on c.relname = h.table_name and c.relnamespace::regnamespace::name = h.schema_name
        where c.oid = protected)
    then
        execute format('alter table %s enable row level security', protected);
        execute format('alter table %s force row level security', protected);
        execute format('drop policy if exists tenant_isolation_policy on %s', protected);
        execute format('create policy tenant_isolation_policy on %1$s using (%2$s) with check (%2$s)', protected, is_tenant);
    end if;

    execute format('grant %s on %s to fluxion_app', service, protected);

    if analyst is not null then
        call $schema$.let_analysts_read(protected, analyst);
    end if;
end
$$;

comment on procedure $schema$.protect_table is
    'Protects a table of a tenant: row level security by tenant_id, the rights of the service, and the right of analysts. '
    'service: privileges of the service, which never deletes. analyst: select, select with a list of columns, or null for none.';
