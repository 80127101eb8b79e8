-- Why: the tenant must know what it has ordered, from whom, and how much has arrived.

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

-- Every page of inventory asks for the quantity on order.
create index idx_purchase_orders_open on $schema$.purchase_orders (store_id)
    where status in ('sent', 'confirmed', 'partial');

create index idx_purchase_orders_page on $schema$.purchase_orders (created_at desc, id);

create trigger update_updated_at_trigger
    before update on $schema$.purchase_orders
    for each row
    when (new.updated_at is not distinct from old.updated_at
          and new.version is not distinct from old.version)
    execute function $schema$.update_updated_at();

call shared.protect_table('$schema$.purchase_orders');

comment on table $schema$.purchase_orders is
    'Orders to suppliers.';
comment on column $schema$.purchase_orders.tenant_id is
    'Always the id of this schema''s tenant; row level security compares it with the tenant of the session.';
comment on column $schema$.purchase_orders.store_id is
    'The store that receives the goods.';
comment on column $schema$.purchase_orders.status is
    'draft, sent, confirmed, partial, received (nothing more is to come) or cancelled.';
comment on column $schema$.purchase_orders.expected_date is
    'Agreed delivery date; null when nothing was agreed.';
comment on column $schema$.purchase_orders.received_date is
    'When the last of the goods arrived; null before.';
comment on column $schema$.purchase_orders.subtotal is
    'Sum of the lines before tax. Totals have two decimals, each line rounded half away from zero.';
comment on column $schema$.purchase_orders.created_by is
    'The user who ordered; null for the system.';
comment on column $schema$.purchase_orders.version is
    'Number of events that the row contains; optimistic concurrency compares it.';
