-- Why: a host without the owner's connection must refuse a database that is older than itself.

-- Security definer: the service may not read the journals of the schemas, and learns from them only which scripts of its build are missing.
create or replace function $schema$.missing_scripts(shared_scripts text[], tenant_scripts text[])
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

revoke execute on function $schema$.missing_scripts from public;

grant execute on function $schema$.missing_scripts to fluxion_app;

comment on function $schema$.missing_scripts is
    'The scripts, out of those given, that have not run in the schemas shared and template. A host without the owner''s connection '
    'asks when it starts.';
