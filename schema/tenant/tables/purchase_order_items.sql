-- Why: a purchase order has lines, each with its own deliveries.

create table $schema$.purchase_order_items
(
    id                 uuid          not null,
    tenant_id          uuid          not null default '$tenant_id$',
    purchase_order_id  uuid          not null,
    product_id         uuid          not null,
    quantity_ordered   numeric(18,3) not null,
    quantity_received  numeric(18,3) not null default 0,
    unit_cost          numeric(18,4) not null,
    line_total         numeric(18,2) generated always as (round(quantity_ordered * unit_cost, 2)) stored,
    created_at         timestamptz   not null default now(),
    updated_at         timestamptz   not null default now(),
    is_removed         boolean       not null default false,
    quantity_cancelled numeric(18,3) not null default 0,

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

call shared.protect_table('$schema$.purchase_order_items');

comment on table $schema$.purchase_order_items is
    'Lines of a purchase order.';
comment on column $schema$.purchase_order_items.tenant_id is
    'Always the id of this schema''s tenant; row level security compares it with the tenant of the session.';
comment on column $schema$.purchase_order_items.quantity_ordered is
    'Three decimals, where the data model has an integer, for kg, liter and meter.';
comment on column $schema$.purchase_order_items.quantity_received is
    'Quantity that has arrived, over all deliveries, less returns to the supplier.';
comment on column $schema$.purchase_order_items.unit_cost is
    'Agreed cost of one unit, before tax, four decimals.';
comment on column $schema$.purchase_order_items.line_total is
    'Quantity ordered times cost, rounded half away from zero to two decimals.';
comment on column $schema$.purchase_order_items.is_removed is
    'True for a line that somebody removed from a draft; it counts for nothing.';
comment on column $schema$.purchase_order_items.quantity_cancelled is
    'Quantity that will not come. It counts returns that the supplier does not replace, and the rest of a closed order when goods of '
    'it went back. On order is ordered less received less cancelled. Not in the data model.';
