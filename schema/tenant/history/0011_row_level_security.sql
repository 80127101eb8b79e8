-- Why: a request that reaches the wrong schema, or forgets to say whose it is, must find nothing there.

-- Every plain table. Not the hypertables: TimescaleDB refuses row level security together with
-- compression and continuous aggregates, and a table's policies do not reach its chunks. They are kept
-- apart by their schema, their grants, a CHECK of tenant_id and the views of the next script.
-- Forced, so that it holds for the owner as well. A query whose setting is missing or empty compares
-- with null and sees no row.
do $$
declare
    plain_table text;
begin
    foreach plain_table in array array[
        'users', 'stores', 'categories', 'suppliers', 'products', 'inventory', 'sales', 'sale_items',
        'purchase_orders', 'purchase_order_items', 'alerts', 'idempotency_keys']
    loop
        execute format('alter table $schema$.%I enable row level security', plain_table);

        execute format('alter table $schema$.%I force row level security', plain_table);

        execute format(
            'create policy tenant_isolation_policy on $schema$.%I
                 using (tenant_id = nullif(current_setting(''app.current_tenant_id'', true), '''')::uuid)
                 with check (tenant_id = nullif(current_setting(''app.current_tenant_id'', true), '''')::uuid)',
            plain_table);
    end loop;
end
$$;
