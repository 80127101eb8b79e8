-- Why: the service has no select on hypertables, which have no row level security; it reads this view.

-- A check constraint keeps other tenants' rows out of the hypertable, so the condition needs no column and is evaluated once.
-- The view runs with its owner's rights: with security_invoker the service would need select on the hypertable itself.
-- A migration that adds a column to the table adds it here.
create or replace view $schema$.service_inventory_movements as
    select id, tenant_id, product_id, store_id, movement_type, reference_type, reference_id, reference, reason, quantity,
           cost_per_unit, total_cost, notes, created_by, created_at, recorded_at, item_version, average_cost
    from $schema$.inventory_movements
    where nullif(current_setting('app.current_tenant_id', true), '')::uuid = '$tenant_id$';

grant select on $schema$.service_inventory_movements to fluxion_app;

comment on view $schema$.service_inventory_movements is
    'inventory_movements as the service may read them: all rows when app.current_tenant_id is this tenant, otherwise none.';
