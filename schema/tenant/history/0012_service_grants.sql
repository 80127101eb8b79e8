-- Why: the service writes read models and reads them for one tenant at a time, and nothing more.

grant usage on schema $schema$ to fluxion_app;

-- No delete: nothing in a ledger goes away. Replays, which clear tables first, run as the owner.
grant select, insert, update on
    $schema$.users,
    $schema$.stores,
    $schema$.categories,
    $schema$.suppliers,
    $schema$.products,
    $schema$.inventory,
    $schema$.sales,
    $schema$.sale_items,
    $schema$.purchase_orders,
    $schema$.purchase_order_items,
    $schema$.alerts
to fluxion_app;

-- An answer that was given is never changed.
grant select, insert on $schema$.idempotency_keys to fluxion_app;

-- What moved, was predicted or happened is only ever added. Insert without select also means that
-- neither `returning` nor `on conflict (...)` with named columns can be used on these three; a bare
-- `on conflict do nothing` can.
grant insert on $schema$.inventory_movements, $schema$.forecasts, $schema$.events to fluxion_app;

-- The service reads hypertables through these views, which do what row level security does for plain
-- tables: without the setting no row is seen. They are not security_invoker, for then the service would
-- need select on the hypertables themselves and could go round them.
-- The columns of `*` are those of today: a script that adds a column makes its view anew.
create view $schema$.service_inventory_movements as
    select *
    from $schema$.inventory_movements
    where tenant_id = nullif(current_setting('app.current_tenant_id', true), '')::uuid;

create view $schema$.service_forecasts as
    select *
    from $schema$.forecasts
    where tenant_id = nullif(current_setting('app.current_tenant_id', true), '')::uuid;

create view $schema$.service_events as
    select *
    from $schema$.events
    where tenant_id = nullif(current_setting('app.current_tenant_id', true), '')::uuid;

comment on view $schema$.service_inventory_movements is
    'inventory_movements as the service may read them: those of the tenant in app.current_tenant_id.';

comment on view $schema$.service_forecasts is
    'forecasts as the service may read them: those of the tenant in app.current_tenant_id.';

comment on view $schema$.service_events is
    'events as the service may read them: those of the tenant in app.current_tenant_id.';

grant select on
    $schema$.service_inventory_movements,
    $schema$.service_forecasts,
    $schema$.service_events
to fluxion_app;
