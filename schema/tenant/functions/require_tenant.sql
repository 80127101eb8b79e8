-- Why: a hypertable has no row level security, and its check on tenant_id does not look at the session.

create or replace function $schema$.require_tenant() returns trigger
    language plpgsql
as $$
begin
    if nullif(current_setting('app.current_tenant_id', true), '') is distinct from '$tenant_id$' then
        raise insufficient_privilege using
            message = format('app.current_tenant_id is not the tenant of %I.%I', tg_table_schema, tg_table_name);
    end if;
    return null;
end
$$;

comment on function $schema$.require_tenant() is
    'Refuses a statement unless app.current_tenant_id is this schema''s tenant.';
