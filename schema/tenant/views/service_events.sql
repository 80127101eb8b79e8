-- Why: the service has no select on hypertables, which have no row level security; it reads this view.

-- See service_inventory_movements.
create or replace view $schema$.service_events as
    select id, tenant_id, event_type, entity_type, entity_id, user_id, action, old_data, new_data, metadata, ip_address,
           user_agent, created_at
    from $schema$.events
    where nullif(current_setting('app.current_tenant_id', true), '')::uuid = '$tenant_id$';

grant select on $schema$.service_events to fluxion_app;

comment on view $schema$.service_events is
    'events as the service may read them: all rows when app.current_tenant_id is this tenant, otherwise none.';
