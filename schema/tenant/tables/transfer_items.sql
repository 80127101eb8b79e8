-- Why: a transfer has lines, each with the quantity that arrived, was lost or was damaged.

create table $schema$.transfer_items
(
    transfer_id         uuid          not null,
    line_number         integer       not null,
    tenant_id           uuid          not null default '$tenant_id$',
    product_id          uuid          not null,
    quantity_sent       numeric(18,3) not null,
    quantity_received   numeric(18,3) not null default 0,
    quantity_lost       numeric(18,3) not null default 0,
    quantity_damaged    numeric(18,3) not null default 0,
    quantity_in_transit numeric(18,3) not null,
    cost_per_unit       numeric(18,4) not null,
    created_at          timestamptz   not null default now(),
    updated_at          timestamptz   not null default now(),
    quantity_returned   numeric(18,3) not null default 0,

    constraint transfer_items_pkey primary key (transfer_id, line_number),
    constraint transfer_items_transfer_id_product_id_key unique (transfer_id, product_id),
    constraint transfer_items_transfer_id_fkey foreign key (transfer_id) references $schema$.transfers (id),
    constraint transfer_items_product_id_fkey foreign key (product_id) references $schema$.products (id),
    constraint transfer_items_quantity_sent_check check (quantity_sent > 0),
    constraint transfer_items_quantity_in_transit_check
        check (quantity_in_transit >= 0
               and quantity_in_transit = quantity_sent - quantity_received - quantity_lost - quantity_damaged - quantity_returned)
);

create index idx_transfer_items_product on $schema$.transfer_items (product_id);

create trigger update_updated_at_trigger
    before update on $schema$.transfer_items
    for each row
    when (new.updated_at is not distinct from old.updated_at)
    execute function $schema$.update_updated_at();

call shared.protect_table('$schema$.transfer_items');

comment on table $schema$.transfer_items is
    'Lines of a transfer, each product once. Not in the data model.';
comment on column $schema$.transfer_items.transfer_id is
    'The transfer of the line.';
comment on column $schema$.transfer_items.line_number is
    'Number of the line in the transfer, from 1.';
comment on column $schema$.transfer_items.tenant_id is
    'Always the id of this schema''s tenant; row level security compares it with the tenant of the session.';
comment on column $schema$.transfer_items.product_id is
    'The product.';
comment on column $schema$.transfer_items.quantity_sent is
    'Quantity that left.';
comment on column $schema$.transfer_items.quantity_received is
    'Quantity that arrived in good state.';
comment on column $schema$.transfer_items.quantity_lost is
    'Quantity that did not arrive; the receiving store writes it off.';
comment on column $schema$.transfer_items.quantity_damaged is
    'Quantity that arrived damaged; the receiving store writes it off.';
comment on column $schema$.transfer_items.quantity_in_transit is
    'Quantity in transit: sent less received, lost, damaged and returned.';
comment on column $schema$.transfer_items.cost_per_unit is
    'Cost with which one unit leaves and arrives.';
comment on column $schema$.transfer_items.created_at is
    'When the ledger recorded it.';
comment on column $schema$.transfer_items.updated_at is
    'When the ledger recorded its last change.';
comment on column $schema$.transfer_items.quantity_returned is
    'Quantity that came back to the sending store when the transfer was cancelled.';
