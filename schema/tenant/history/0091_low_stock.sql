-- Why: what is deactivated is bought no more, so nobody has to look at how little of it is left. One function says what is low; alerts, lists, views and
-- order suggestions ask it.

create function $schema$.is_low(product_is_active boolean, store_is_active boolean, quantity_available numeric, reorder_point numeric) returns boolean
language sql immutable parallel safe
return product_is_active and store_is_active and reorder_point > 0 and quantity_available < reorder_point;

comment on function $schema$.is_low is
    'Whether a product runs low in a store: both are active, and less than the reorder point is available. At the point it is not low, and a point of 0 is none.';

create or replace view $schema$.low_stock with (security_invoker) as
    with coming as (
        select store_id, product_id, sum(on_order) as on_order, sum(in_transit) as in_transit
        from (select o.store_id, l.product_id, greatest(l.quantity_ordered - l.quantity_received - l.quantity_cancelled, 0) as on_order, 0::numeric as in_transit
              from $schema$.purchase_orders o
              join $schema$.purchase_order_items l on l.purchase_order_id = o.id and not l.is_removed
              where o.status in ('sent', 'confirmed', 'partial')
              union all
              select t.to_store_id, l.product_id, 0::numeric, l.quantity_in_transit
              from $schema$.transfers t
              join $schema$.transfer_items l on l.transfer_id = t.id
              where t.status in ('in_transit', 'partial')) c
        group by store_id, product_id
    ), low as (
        select i.store_id, i.product_id, i.quantity_available::numeric
        from $schema$.inventory i
        join $schema$.products p on p.id = i.product_id
        where i.quantity_available < p.reorder_point and i.quantity_available < (select max(reorder_point) from $schema$.products)
    )
    select s.code as store, p.sku, p.name as product, c.name as category, l.quantity_available,
           coalesce(n.on_order, 0) as quantity_on_order, coalesce(n.in_transit, 0) as quantity_in_transit,
           p.reorder_point, p.reorder_point - l.quantity_available as quantity_below, l.store_id, l.product_id
    from low l
    join $schema$.stores s on s.id = l.store_id
    join $schema$.products p on p.id = l.product_id
    left join $schema$.categories c on c.id = p.category_id
    left join coming n on n.store_id = l.store_id and n.product_id = l.product_id
    where $schema$.is_low(p.is_active, s.is_active, l.quantity_available, p.reorder_point);

comment on view $schema$.low_stock is
    'Stock of active products in active stores whose available quantity is below the product''s reorder point, with what is already coming; see is_low. Where a product has never been it is not low: nobody has said that the store is to carry it.';

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

comment on view $schema$.stock_on_hand is
    'Stock now: one row a product and store that has, had or expects any, deactivated ones among them (is_active), since what is there is worth something. Quantities in the product''s unit; value in the tenant''s currency: quantity_on_hand times cost_per_unit, the moving average, to two decimals. quantity_on_order: what purchase orders sent and not yet received will bring. quantity_in_transit: what transfers are bringing from other stores.';

-- What no longer sells because nobody buys it any more is dead stock too: the money is in it.
comment on function $schema$.dead_stock is
    'What is on hand and has neither been sold nor used for a number of days of the store''s calendar, or since it first came in, also of what is deactivated; transfers, adjustments and returns to suppliers do not count as use.';
