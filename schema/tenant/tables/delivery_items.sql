-- Why: a purchase order arrives in several deliveries, and goods may go back to the supplier.

create table $schema$.delivery_items
(
    id                     uuid          not null,
    line_number            integer       not null,
    tenant_id              uuid          not null default '$tenant_id$',
    purchase_order_id      uuid          not null,
    purchase_order_item_id uuid          not null,
    delivery_id            uuid          not null,
    return_id              uuid,
    quantity               numeric(18,3) not null,
    cost_per_unit          numeric(18,4) not null,
    is_replaced            boolean       not null default false,
    reference              varchar,
    notes                  text,
    occurred_at            timestamptz   not null,
    created_by             uuid,
    created_at             timestamptz   not null default now(),

    constraint delivery_items_pkey primary key (id, line_number),
    constraint delivery_items_purchase_order_id_fkey foreign key (purchase_order_id) references $schema$.purchase_orders (id),
    constraint delivery_items_purchase_order_item_id_fkey foreign key (purchase_order_item_id)
        references $schema$.purchase_order_items (id),
    constraint delivery_items_created_by_fkey foreign key (created_by) references $schema$.users (id),
    constraint delivery_items_quantity_check check (case when return_id is null then quantity > 0 else quantity < 0 end),
    constraint delivery_items_is_replaced_check check (return_id is not null or not is_replaced)
);

create index idx_delivery_items_order on $schema$.delivery_items (purchase_order_id, delivery_id);

create index idx_delivery_items_order_item on $schema$.delivery_items (purchase_order_item_id);

create index idx_delivery_items_created_by on $schema$.delivery_items (created_by);

-- A recorded delivery never changes.
call shared.protect_table('$schema$.delivery_items', service => 'select, insert');

comment on table $schema$.delivery_items is
    'Lines of the deliveries of a purchase order, and of returns to the supplier, one row each. Not in the data model.';
comment on column $schema$.delivery_items.id is
    'The id of the event.';
comment on column $schema$.delivery_items.line_number is
    'Number of the line in the delivery or return, from 1.';
comment on column $schema$.delivery_items.tenant_id is
    'Always the id of this schema''s tenant; row level security compares it with the tenant of the session.';
comment on column $schema$.delivery_items.purchase_order_id is
    'The order: reference_id of the movements.';
comment on column $schema$.delivery_items.purchase_order_item_id is
    'The line of the order.';
comment on column $schema$.delivery_items.delivery_id is
    'The delivery that brought the goods.';
comment on column $schema$.delivery_items.return_id is
    'The return to the supplier; null for a delivery.';
comment on column $schema$.delivery_items.quantity is
    'Signed: above zero for a delivery, below zero for a return. The sum is what stayed of the delivery.';
comment on column $schema$.delivery_items.cost_per_unit is
    'Cost of one unit in the delivery and in its return.';
comment on column $schema$.delivery_items.is_replaced is
    'Whether the supplier replaces the returned goods; false for a delivery.';
comment on column $schema$.delivery_items.reference is
    'Number of the delivery note or of the return; null also for deliveries that an older version recorded.';
comment on column $schema$.delivery_items.notes is
    'Reason of the return.';
comment on column $schema$.delivery_items.occurred_at is
    'When the goods came or left.';
comment on column $schema$.delivery_items.created_by is
    'The user who recorded it; null for the system.';
comment on column $schema$.delivery_items.created_at is
    'When the ledger recorded it.';
