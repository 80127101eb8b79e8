-- Why: the lines of a draft change, and the service deletes no row; and what is on order is asked with every page of inventory.

alter table $schema$.purchase_order_items add column is_removed boolean not null default false;

comment on column $schema$.purchase_order_items.is_removed is
    'True for a line that was taken off its order while that was a draft: it counts for nothing.';

create index idx_purchase_orders_open on $schema$.purchase_orders (store_id)
    where status in ('sent', 'confirmed', 'partial');
