-- Why: a reservation has lines, each in its own store.

create table $schema$.reservation_items
(
    reservation_id     uuid          not null,
    line_number        integer       not null,
    tenant_id          uuid          not null default '$tenant_id$',
    store_id           uuid          not null,
    product_id         uuid          not null,
    quantity           numeric(18,3) not null,
    status             varchar       not null,
    created_at         timestamptz   not null default now(),
    updated_at         timestamptz   not null default now(),
    quantity_fulfilled numeric(18,3) not null default 0,
    quantity_held      numeric(18,3) not null default 0,

    constraint reservation_items_pkey primary key (reservation_id, line_number),
    constraint reservation_items_reservation_id_fkey foreign key (reservation_id) references $schema$.reservations (id),
    constraint reservation_items_store_id_fkey foreign key (store_id) references $schema$.stores (id),
    constraint reservation_items_product_id_fkey foreign key (product_id) references $schema$.products (id),
    constraint reservation_items_quantity_check check (quantity > 0),
    constraint reservation_items_status_check check (status in ('open', 'fulfilled', 'released', 'expired'))
);

create index idx_reservation_items_store on $schema$.reservation_items (store_id, product_id);

create index idx_reservation_items_product on $schema$.reservation_items (product_id);

create trigger update_updated_at_trigger
    before update on $schema$.reservation_items
    for each row
    when (new.updated_at is not distinct from old.updated_at)
    execute function $schema$.update_updated_at();

call shared.protect_table('$schema$.reservation_items');

comment on table $schema$.reservation_items is
    'Lines of a reservation. The reserved quantity in inventory is the sum of quantity_held. Not in the data model.';
comment on column $schema$.reservation_items.reservation_id is
    'The reservation of the line.';
comment on column $schema$.reservation_items.line_number is
    'Number of the line in the reservation, from 1.';
comment on column $schema$.reservation_items.tenant_id is
    'Always the id of this schema''s tenant; row level security compares it with the tenant of the session.';
comment on column $schema$.reservation_items.store_id is
    'The store that holds the goods.';
comment on column $schema$.reservation_items.product_id is
    'The product.';
comment on column $schema$.reservation_items.quantity is
    'Reserved quantity; of an open line the sum of quantity_fulfilled and quantity_held.';
comment on column $schema$.reservation_items.status is
    'open while the line holds stock; afterwards the end of its rest: fulfilled, released or expired.';
comment on column $schema$.reservation_items.created_at is
    'When the ledger recorded it.';
comment on column $schema$.reservation_items.updated_at is
    'When the ledger recorded its last change.';
comment on column $schema$.reservation_items.quantity_fulfilled is
    'Quantity that sales took.';
comment on column $schema$.reservation_items.quantity_held is
    'Quantity that the line still holds.';
