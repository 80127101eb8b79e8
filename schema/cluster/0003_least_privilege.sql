-- Why: what PostgreSQL and TimescaleDB leave open to everybody must be closed before tenants share a database.

-- Default since PostgreSQL 15, but a database upgraded from an older one still has it open.
revoke create on schema public from public;

-- The chunks of every tenant's hypertables lie in this one schema: only our own roles may name them.
-- They must be able to, for TimescaleDB 2.19.3 looks up a sequence of this schema in the name of whoever
-- sends a connection's first query of a table, and without usage refuses that query and all others. Usage
-- shows nobody another's rows: a chunk has the grants of its hypertable and no more. A role of the
-- operator's own, for monitoring say, needs the same grant before it can query anything.
revoke usage on schema _timescaledb_internal from public;

grant usage on schema _timescaledb_internal to fluxion_owner, fluxion_app, fluxion_analyst;

-- TimescaleDB 2.19.3 leaves its inner functions open to everybody, and not all of them ask who is calling:
-- drop_chunk lets any role, even one without a single grant, drop any tenant's chunk, history and all, and
-- merge_chunks lets it crash the whole server. What changes something is volatile, so every volatile
-- routine of the inner schemas is closed; what queries and views need, such as the parts of first(),
-- last() and time_bucket(), is not volatile. This also closes the sizes and row counts of other
-- tenants' tables. What stays visible to everybody are names: timescaledb_information and the catalog
-- list the hypertables and chunks of all schemas.
-- The owner keeps them, except merge_chunks, for hypertables cannot be made without them.
-- Signatures differ between releases, so they are looked up; after an upgrade of the extension this
-- script has to be run again.
do $$
declare
    routine regprocedure;
    crashes boolean;
begin
    for routine, crashes in
        select p.oid, p.proname = 'merge_chunks'
        from pg_proc p
        join pg_namespace n on n.oid = p.pronamespace
        join pg_depend d on d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e'
        join pg_extension e on d.refclassid = 'pg_extension'::regclass and e.oid = d.refobjid
        where e.extname = 'timescaledb'
          and (p.proname = 'merge_chunks'
               or (p.provolatile = 'v'
                   and n.nspname in ('_timescaledb_functions', '_timescaledb_internal',
                                     '_timescaledb_debug', 'timescaledb_experimental')))
    loop
        execute format('revoke execute on routine %s from public', routine);

        if not crashes then
            execute format('grant execute on routine %s to fluxion_owner', routine);
        end if;
    end loop;
end
$$;
