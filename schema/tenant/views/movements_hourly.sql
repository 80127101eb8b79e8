-- Why: an analyst adds movements up without reading each of them.

create or replace view $schema$.movements_hourly with (security_invoker) as
    select time_bucket(interval '1 hour', created_at) as hour, store_id, product_id, movement_type, reference_type, reason,
           sum(quantity) as quantity, sum(total_cost) as cost, count(*) as movements
    from $schema$.inventory_movements
    group by 1, store_id, product_id, movement_type, reference_type, reason;

call shared.let_analysts_read('$schema$.movements_hourly');

comment on view $schema$.movements_hourly is
    'Movements added up by hour of UTC, store, product and kind. quantity and cost are signed: what they added to stock. '
    'movements_by counts days.';
