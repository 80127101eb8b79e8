-- Why: Marten makes its own tables, so what the service may do with them is granted after it made or changed them. Runs every time.

-- History is only ever added to: on mt_events the service has select and insert, so that no code path can alter an event.
-- A stream's version and an aggregate's last state are updated; nothing is deleted.
-- A table that is as it should be is left untouched: to make a policy anew locks the table against everybody,
-- one table after the other, and so a host that starts would deadlock with the commands that another one serves.
do $$
declare
    marten_table text;
begin
    for marten_table in
        select c.relname
        from pg_class c
        where c.relnamespace = '$schema$'::regnamespace and c.relkind in ('r', 'p') and c.relname like 'mt\_%'
          and not (c.relrowsecurity and c.relforcerowsecurity
                   and exists (select from pg_policy p where p.polrelid = c.oid and p.polname = 'tenant_isolation_policy')
                   and has_table_privilege('fluxion_app', c.oid, 'select')
                   and has_table_privilege('fluxion_app', c.oid, 'insert')
                   and has_table_privilege('fluxion_app', c.oid, 'update') = (c.relname <> 'mt_events')
                   and not has_table_privilege('fluxion_app', c.oid, 'delete, truncate, references, trigger'))
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
