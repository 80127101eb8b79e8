-- Why: an analyst asks what is in each store, on order, in transit, and worth.

create or replace view $schema$.stock_on_hand with (security_invoker) as
    with on_order as (
        select o.store_id, l.product_id, sum(greatest(l.quantity_ordered - l.quantity_received - l.quantity_cancelled, 0)) as quantity
        from $schema$.purchase_orders o
        join $schema$.purchase_order_items l on l.purchase_order_id = o.id and not l.is_removed
        where o.status in ('sent', 'confirmed', 'partial')
        group by o.store_id, l.product_id
    ), in_transit as (
        select t.to_store_id as store_id, l.product_id, sum(l.quantity_in_transit) as quantity
        from $schema$.transfers t
        join $schema$.transfer_items l on l.transfer_id = t.id
        where t.status in ('in_transit', 'partial')
        group by t.to_store_id, l.product_id
    )
    select s.code as store, p.sku, p.name as product, c.name as category, p.unit_type,
           coalesce(i.quantity_on_hand, 0) as quantity_on_hand,
           coalesce(i.quantity_reserved, 0) as quantity_reserved,
           coalesce(i.quantity_available, 0) as quantity_available,
           coalesce(o.quantity, 0) as quantity_on_order,
           coalesce(t.quantity, 0) as quantity_in_transit,
           p.reorder_point, p.min_stock_level, p.max_stock_level,
           coalesce(i.cost_per_unit, p.cost_price) as cost_per_unit,
           round(coalesce(i.quantity_on_hand * i.cost_per_unit, 0), 2) as value,
           i.last_movement_at,
           store_id, product_id,
           p.is_active and s.is_active as is_active
    from $schema$.inventory i
    full join on_order o using (store_id, product_id)
    full join in_transit t using (store_id, product_id)
    join $schema$.stores s on s.id = store_id
    join $schema$.products p on p.id = product_id
    left join $schema$.categories c on c.id = p.category_id;

call shared.let_analysts_read('$schema$.stock_on_hand');

comment on view $schema$.stock_on_hand is
    'Stock now: one row for each product and store that has, had or expects any. Deactivated ones are included (is_active), since '
    'their stock has a value. Quantities are in the product''s unit; value is in the tenant''s currency: quantity_on_hand times '
    'cost_per_unit, the moving average, to two decimals. quantity_on_order: open quantity of sent purchase orders. '
    'quantity_in_transit: quantity that transfers bring from other stores.';
