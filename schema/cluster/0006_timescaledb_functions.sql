-- Why: TimescaleDB leaves the functions of its API open to everybody, and some of them do not ask who owns what they change.

-- compress_chunk of 2.19.3 compresses a partly compressed chunk anew for whoever calls it: an analyst could rewrite another tenant's
-- chunks, and hold their locks. So every volatile routine that the extension has put beside time_bucket is closed, and not only the
-- ones that are known to do so: compress_chunk, decompress_chunk, recompress_chunk, convert_to_columnstore, convert_to_rowstore,
-- move_chunk, reorder_chunk, refresh_continuous_aggregate, all policies, all that makes or alters a hypertable, and the sizes.
-- Volatile and harmless are the parts of gap filling, which queries need: they read their arguments alone.
-- The owner keeps all of them: provisioning makes hypertables, and policies run as the owner of the table.
-- Signatures differ between releases, so they are looked up; after an upgrade of the extension this script has to be run again.
do $$
declare
    routine regprocedure;
begin
    for routine in
        select p.oid
        from pg_proc p
        join pg_depend d on d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e'
        join pg_extension e on d.refclassid = 'pg_extension'::regclass and e.oid = d.refobjid
        where e.extname = 'timescaledb' and p.pronamespace = e.extnamespace and p.provolatile = 'v'
          and p.proname not in ('time_bucket_gapfill', 'locf', 'interpolate')
    loop
        execute format('revoke execute on routine %s from public', routine);

        execute format('grant execute on routine %s to fluxion_owner', routine);
    end loop;
end
$$;
