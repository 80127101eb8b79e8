-- Why: each table and view of a tenant grants the same rights to the tenant's analysts.

-- A tenant's schema holds that tenant's rows only, and its analysts reach no other schema. Their policy is therefore true for every
-- row: the setting app.current_tenant_id would add nothing, since a session may set it to any value.
create or replace procedure $schema$.let_analysts_read(relation regclass, privilege text default 'select')
language plpgsql
set search_path = pg_catalog
as $$
declare
    tenant_schema constant name := (select c.relnamespace::regnamespace::name from pg_class c where c.oid = relation);
    analyst       constant name := tenant_schema || '_analyst';
begin
    -- nobody analyses the template
    if tenant_schema = 'template' then
        return;
    end if;

    execute format('grant %s on %s to %I', privilege, relation, analyst);

    if (select relrowsecurity from pg_class where oid = relation) then
        execute format('drop policy if exists analyst_policy on %s', relation);
        execute format('create policy analyst_policy on %s for select to %I using (true)', relation, analyst);
    end if;
end
$$;

comment on procedure $schema$.let_analysts_read is
    'Lets the analysts of the tenant read a table or view of its schema. privilege: select, or select with a list of columns.';
