-- Why: a count has often seen a movement that reaches the ledger later; people check those corrections.

create or replace view $schema$.count_corrections with (security_invoker) as
    select c.recorded_at, s.code as store, p.sku, p.name as product,
           l.reference_type as document, l.reference_id as document_id, l.reference as document_reference,
           l.created_at as occurred_at, l.quantity,
           c.reference_id as count_id, c.reference as count_reference, c.created_at as counted_at, c.created_by,
           c.id, c.store_id, c.product_id
    from $schema$.inventory_movements c
    join lateral (
        -- the correction follows directly on its movement in the history of the item
        select m.reference_type, m.reference_id, m.reference, m.created_at, m.quantity
        from $schema$.inventory_movements m
        where m.store_id = c.store_id and m.product_id = c.product_id and m.item_version = c.item_version - 1
          and m.created_at < c.created_at and m.quantity = -c.quantity) l on true
    join $schema$.stores s on s.id = c.store_id
    join $schema$.products p on p.id = c.product_id
    where c.reason = 'late_movement' and c.reference_type = 'count';

call shared.let_analysts_read('$schema$.count_corrections');

comment on view $schema$.count_corrections is
    'Movements that occurred before a count and were recorded after it, one row each. The count had seen them, so they changed the '
    'history and not today''s stock. recorded_at: when the ledger recorded the movement. quantity: the change of on hand '
    'without the count.';
