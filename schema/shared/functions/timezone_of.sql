-- Why: retention counts days by the tenant's calendar.

create or replace function $schema$.timezone_of(owner uuid, of_schema text)
returns text
language plpgsql
as $$
declare
    zone text;
begin
    if to_regclass(format('%I.settings', of_schema)) is not null then
        -- row level security applies to the owner of the table too
        perform set_config('app.current_tenant_id', owner::text, true);
        execute format('select timezone from %I.settings', of_schema) into zone;
    end if;
    return coalesce(zone, 'UTC');
end
$$;

comment on function $schema$.timezone_of is
    'A tenant''s time zone; UTC before it has set one, or before its schema has the table settings.';
