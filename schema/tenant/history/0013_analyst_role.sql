-- Why: analysts query one tenant's read models in SQL and must see nothing else.

-- The role cannot log in; people are made members of it. Nobody analyses the template.
-- Roles belong to the cluster, not to the database: another database of the same cluster may have made
-- the role already, or be making it at this moment.
-- The tables hold one tenant only and the analyst can reach no other schema, so a policy of his own
-- lets him read without setting app.current_tenant_id, which anybody could set to anything anyway.
do $$
declare
    plain_table text;
begin
    if '$schema$' = 'template' then
        return;
    end if;

    begin
        if not exists (select from pg_roles where rolname = '$schema$_analyst') then
            create role $schema$_analyst nologin;
        end if;
    exception
        when duplicate_object or unique_violation then null;
    end;

    if not pg_has_role('$schema$_analyst', 'fluxion_analyst', 'member') then
        grant fluxion_analyst to $schema$_analyst;
    end if;

    grant usage on schema $schema$ to $schema$_analyst;

    grant select on
        $schema$.stores,
        $schema$.categories,
        $schema$.suppliers,
        $schema$.products,
        $schema$.inventory,
        $schema$.inventory_movements,
        $schema$.sales,
        $schema$.sale_items,
        $schema$.purchase_orders,
        $schema$.purchase_order_items,
        $schema$.alerts,
        $schema$.forecasts,
        $schema$.events
    to $schema$_analyst;

    -- Every column but password_hash.
    grant select
        (id, tenant_id, email, full_name, role, store_ids, permissions, preferences, is_active,
         last_login_at, version, created_at, updated_at)
    on $schema$.users to $schema$_analyst;

    foreach plain_table in array array[
        'users', 'stores', 'categories', 'suppliers', 'products', 'inventory', 'sales', 'sale_items',
        'purchase_orders', 'purchase_order_items', 'alerts']
    loop
        execute format(
            'create policy analyst_policy on $schema$.%I for select to $schema$_analyst using (true)',
            plain_table);
    end loop;
end
$$;
