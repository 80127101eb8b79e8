-- Why: a buyer asks what runs low. Alerts, lists, views and order suggestions all ask the function is_low.

create or replace view $schema$.low_stock with (security_invoker) as
    with coming as (
        select store_id, product_id, sum(on_order) as on_order, sum(in_transit) as in_transit
        from (select o.store_id, l.product_id,
                     greatest(l.quantity_ordered - l.quantity_received - l.quantity_cancelled, 0) as on_order, 0::numeric as in_transit
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

call shared.let_analysts_read('$schema$.low_stock');

comment on view $schema$.low_stock is
    'Stock of active products in active stores with less available than the product''s reorder point, and the quantity that is on '
    'its way; see is_low. A product that a store has never had is not low there: nobody has said that the store carries it.';
