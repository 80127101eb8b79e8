-- Why: whose session it is was asked of the settings again for each row that a query read, which took longer than reading them.

-- In a query of its own it is asked once a statement.
do $$
declare
    guarded record;
begin
    for guarded in
        select c.relname from pg_policy p join pg_class c on c.oid = p.polrelid
        where c.relnamespace = '$schema$'::regnamespace and p.polname = 'tenant_isolation_policy' and c.relname not like 'mt\_%'
    loop
        execute format(
            'alter policy tenant_isolation_policy on $schema$.%I
                 using (tenant_id = (select nullif(current_setting(''app.current_tenant_id'', true), '''')::uuid))
                 with check (tenant_id = (select nullif(current_setting(''app.current_tenant_id'', true), '''')::uuid))',
            guarded.relname);
    end loop;
end
$$;

-- A hypertable's rows are all of this tenant, by its CHECK: whether they are seen is one question for all of them.
create or replace view $schema$.service_inventory_movements as
    select *
    from $schema$.inventory_movements
    where nullif(current_setting('app.current_tenant_id', true), '')::uuid = '$tenant_id$';

create or replace view $schema$.service_forecasts as
    select *
    from $schema$.forecasts
    where nullif(current_setting('app.current_tenant_id', true), '')::uuid = '$tenant_id$';

create or replace view $schema$.service_events as
    select *
    from $schema$.events
    where nullif(current_setting('app.current_tenant_id', true), '')::uuid = '$tenant_id$';
