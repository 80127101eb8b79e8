-- Why: nobody can ask again for the reply of an expired key.

-- Deletes one batch of one schema. The caller commits after each batch, so that no transaction is long and no command waits. The next
-- batch starts where the last one ended: index entries before it belong to deleted rows until a vacuum removes them.
create or replace function $schema$.prune_idempotency_keys(pruned_schema text, pruned_after timestamptz, batch integer)
returns table (pruned bigint, up_to timestamptz)
language plpgsql
as $$
declare
    keep  interval;
    owner uuid;
begin
    if pruned_schema = '$schema$' then
        keep := $schema$.retention_of('{}', 'idempotency_keys');
    else
        select t.id, $schema$.retention_of(t.settings, 'idempotency_keys') into owner, keep
        from $schema$.tenants t where t.schema_name = pruned_schema;
    end if;
    -- one node at a time
    if keep is null or not pg_try_advisory_xact_lock(hashtextextended('fluxion/retention/' || pruned_schema, 0)) then
        return query select 0::bigint, null::timestamptz;
        return;
    end if;

    -- row level security applies to the owner of the table too
    perform set_config('app.current_tenant_id', coalesce(owner::text, ''), true);
    return query execute format(
        'with gone as (
             delete from %1$I.idempotency_keys where ctid = any (array(
                 select ctid from %1$I.idempotency_keys
                 where created_at >= $1 and created_at < now() - $2 order by created_at limit $3))
             returning created_at)
         select count(*), max(created_at) from gone', pruned_schema)
        using coalesce(pruned_after, '-infinity'), keep, batch;
end
$$;

comment on function $schema$.prune_idempotency_keys is
    'Deletes up to a number of expired keys of one schema, from a moment on, and returns how many and up to which moment. The host '
    'calls it once a day until none are left.';
