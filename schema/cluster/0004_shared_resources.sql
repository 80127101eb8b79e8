-- Why: what belongs to no table has no grants either, and tenants share it: locks, the disk, the server's jobs.

-- Who may connect is named: the roles of 0002, and each analyst's login (0007). A role of the operator's own
-- needs `grant connect`. Temporary tables are files of a size that nothing limits, and none of ours makes any.
do $$
begin
    execute format('revoke connect, temporary on database %I from public', current_database());
end
$$;

-- PostgreSQL lets everybody take any advisory lock and store large objects of any size. Idempotency keys, the door of
-- laws over several streams and migrations wait for such locks, whose numbers are hashes of what can be guessed: an
-- analyst of one tenant could hold up the commands of another. Large objects fill the disk, belong to no schema and
-- keep a revoked login from being dropped. The service and the owner keep the locks, nobody needs the objects.
-- And a job of TimescaleDB goes on when its session and that one's limits have ended.
do $$
declare
    routine regprocedure;
    is_lock boolean;
begin
    for routine, is_lock in
        select p.oid, p.proname ~ 'advisory'
        from pg_proc p
        where (p.pronamespace = 'pg_catalog'::regnamespace
               and (p.proname ~ '^pg_(try_)?advisory_' or p.proname ~ '^lo_' or p.proname in ('loread', 'lowrite')))
           or (p.proname in ('add_job', 'alter_job', 'delete_job', 'run_job')
               and exists (
                   select from pg_depend d join pg_extension e on d.refclassid = 'pg_extension'::regclass and e.oid = d.refobjid
                   where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e' and e.extname = 'timescaledb'))
    loop
        execute format('revoke execute on routine %s from public', routine);

        if is_lock then
            execute format('grant execute on routine %s to fluxion_owner, fluxion_app', routine);
        elsif routine::text ~ '_job\(' then
            execute format('grant execute on routine %s to fluxion_owner', routine);
        end if;
    end loop;
end
$$;
