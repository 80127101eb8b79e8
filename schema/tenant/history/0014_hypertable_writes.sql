-- Why: a hypertable has no row level security, and its check on tenant_id only says whose the table is, not who writes.
-- Without the setting nothing is written either, as for plain tables; once a statement, whatever its rows.

create function $schema$.require_tenant() returns trigger
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

create trigger require_tenant_trigger before insert or update or delete on $schema$.inventory_movements
    for each statement execute function $schema$.require_tenant();
create trigger require_tenant_trigger before insert or update or delete on $schema$.forecasts
    for each statement execute function $schema$.require_tenant();
create trigger require_tenant_trigger before insert or update or delete on $schema$.events
    for each statement execute function $schema$.require_tenant();

comment on trigger require_tenant_trigger on $schema$.inventory_movements is
    'Stands in for the row level security that a hypertable cannot have.';
comment on trigger require_tenant_trigger on $schema$.forecasts is
    'Stands in for the row level security that a hypertable cannot have.';
comment on trigger require_tenant_trigger on $schema$.events is
    'Stands in for the row level security that a hypertable cannot have.';
