-- Why: the service has no select on hypertables, which have no row level security; it reads this view.

-- See service_inventory_movements.
create or replace view $schema$.service_forecasts as
    select id, tenant_id, product_id, store_id, forecast_type, period_type, forecast_date, predicted_value, confidence_level,
           model_version, metadata, created_at
    from $schema$.forecasts
    where nullif(current_setting('app.current_tenant_id', true), '')::uuid = '$tenant_id$';

grant select on $schema$.service_forecasts to fluxion_app;

comment on view $schema$.service_forecasts is
    'forecasts as the service may read them: all rows when app.current_tenant_id is this tenant, otherwise none.';
