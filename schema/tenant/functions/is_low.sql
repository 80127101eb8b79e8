-- Why: alerts, lists, views and order suggestions must agree on what is low.

create or replace function $schema$.is_low(
    product_is_active boolean, store_is_active boolean, quantity_available numeric, reorder_point numeric) returns boolean
language sql immutable parallel safe
return product_is_active and store_is_active and reorder_point > 0 and quantity_available < reorder_point;

comment on function $schema$.is_low is
    'Whether a product is low in a store: both are active, and less than the reorder point is available. A quantity equal to the '
    'reorder point is not low, and a reorder point of 0 means none.';
