-- Why: Marten makes its own tables, so what the service may do with them is granted after it made or changed them. Runs every time.

-- History is only ever added to: on mt_events the service has select and insert, so that no code path can alter an event.
-- A stream's version and an aggregate's last state are updated; nothing is deleted.
do $$
declare
    marten_table text;
begin
    for marten_table in
        select tablename from pg_tables where schemaname = '$schema$' and tablename like 'mt\_%'
    loop
        execute format('revoke all on $schema$.%I from fluxion_app', marten_table);

        execute format('grant select, insert on $schema$.%I to fluxion_app', marten_table);

        if marten_table <> 'mt_events' then
            execute format('grant update on $schema$.%I to fluxion_app', marten_table);
        end if;

        -- the whole schema is one tenant's, so the policy compares a constant
        execute format('alter table $schema$.%I enable row level security', marten_table);

        execute format('alter table $schema$.%I force row level security', marten_table);

        execute format('drop policy if exists tenant_isolation_policy on $schema$.%I', marten_table);

        execute format(
            'create policy tenant_isolation_policy on $schema$.%I
                 using (''$tenant_id$''::uuid = nullif(current_setting(''app.current_tenant_id'', true), '''')::uuid)
                 with check (''$tenant_id$''::uuid = nullif(current_setting(''app.current_tenant_id'', true), '''')::uuid)',
            marten_table);
    end loop;
end
$$;

grant usage on all sequences in schema $schema$ to fluxion_app;
