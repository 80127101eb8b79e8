-- Why: what was ordered from whom, and how much of it has arrived.

create table $schema$.purchase_orders
(
    id            uuid          not null,
    tenant_id     uuid          not null default '$tenant_id$',
    store_id      uuid          not null,
    supplier_id   uuid          not null,
    order_number  varchar       not null,
    status        varchar       not null default 'draft',
    order_date    date          not null,
    expected_date date,
    received_date date,
    subtotal      numeric(18,2) not null default 0,
    tax_amount    numeric(18,2) not null default 0,
    total_amount  numeric(18,2) not null default 0,
    notes         text,
    created_by    uuid,
    version       bigint        not null default 0,
    created_at    timestamptz   not null default now(),
    updated_at    timestamptz   not null default now(),

    constraint purchase_orders_pkey primary key (id),
    constraint purchase_orders_tenant_id_order_number_key unique (tenant_id, order_number),
    constraint purchase_orders_store_id_fkey foreign key (store_id) references $schema$.stores (id),
    constraint purchase_orders_supplier_id_fkey foreign key (supplier_id) references $schema$.suppliers (id),
    constraint purchase_orders_created_by_fkey foreign key (created_by) references $schema$.users (id),
    constraint purchase_orders_status_check
        check (status in ('draft', 'sent', 'confirmed', 'partial', 'received', 'cancelled'))
);

create index idx_purchase_orders_store on $schema$.purchase_orders (store_id);

create index idx_purchase_orders_supplier on $schema$.purchase_orders (supplier_id);

create index idx_purchase_orders_created_by on $schema$.purchase_orders (created_by);

create trigger update_updated_at_trigger
    before update on $schema$.purchase_orders
    for each row
    when (new.updated_at is not distinct from old.updated_at
          and new.version is not distinct from old.version)
    execute function $schema$.update_updated_at();

comment on table $schema$.purchase_orders is
    'Orders to suppliers.';

comment on column $schema$.purchase_orders.tenant_id is
    'Always this schema''s tenant; row level security compares it.';

comment on column $schema$.purchase_orders.store_id is
    'Where the goods are to be delivered.';

comment on column $schema$.purchase_orders.status is
    'draft, sent, confirmed, partial, received or cancelled.';

comment on column $schema$.purchase_orders.expected_date is
    'When the supplier should deliver; null when nothing was agreed.';

comment on column $schema$.purchase_orders.received_date is
    'When the last of the goods arrived; null before.';

comment on column $schema$.purchase_orders.subtotal is
    'Sum of the lines before tax. Totals have two decimals, each line rounded half away from zero.';

comment on column $schema$.purchase_orders.created_by is
    'Who ordered; null when the system did.';

comment on column $schema$.purchase_orders.version is
    'Number of events folded into the row; concurrency token.';

create table $schema$.purchase_order_items
(
    id                uuid          not null,
    tenant_id         uuid          not null default '$tenant_id$',
    purchase_order_id uuid          not null,
    product_id        uuid          not null,
    quantity_ordered  numeric(18,3) not null,
    quantity_received numeric(18,3) not null default 0,
    unit_cost         numeric(18,4) not null,
    line_total        numeric(18,2) generated always as (round(quantity_ordered * unit_cost, 2)) stored,
    created_at        timestamptz   not null default now(),
    updated_at        timestamptz   not null default now(),

    constraint purchase_order_items_pkey primary key (id),
    constraint purchase_order_items_purchase_order_id_fkey
        foreign key (purchase_order_id) references $schema$.purchase_orders (id),
    constraint purchase_order_items_product_id_fkey
        foreign key (product_id) references $schema$.products (id),
    constraint purchase_order_items_quantity_ordered_check check (quantity_ordered > 0)
);

create index idx_purchase_order_items_order on $schema$.purchase_order_items (purchase_order_id);

create index idx_purchase_order_items_product on $schema$.purchase_order_items (product_id);

create trigger update_updated_at_trigger
    before update on $schema$.purchase_order_items
    for each row
    when (new.updated_at is not distinct from old.updated_at)
    execute function $schema$.update_updated_at();

comment on table $schema$.purchase_order_items is
    'Lines of a purchase order.';

comment on column $schema$.purchase_order_items.tenant_id is
    'Always this schema''s tenant; row level security compares it.';

comment on column $schema$.purchase_order_items.quantity_ordered is
    'Three decimals, where the data model has an integer, for kg, liter and meter.';

comment on column $schema$.purchase_order_items.quantity_received is
    'What has arrived so far, over all receipts.';

comment on column $schema$.purchase_order_items.unit_cost is
    'Cost of one unit as agreed, before tax, four decimals.';

comment on column $schema$.purchase_order_items.line_total is
    'Quantity ordered times cost, rounded half away from zero to two decimals.';
