-- Why: a command and a till ask what is in a store now.

create table $schema$.inventory
(
    id                 uuid          not null,
    tenant_id          uuid          not null default '$tenant_id$',
    product_id         uuid          not null,
    store_id           uuid          not null,
    quantity_on_hand   numeric(18,3) not null default 0,
    quantity_reserved  numeric(18,3) not null default 0,
    quantity_available numeric(18,3) generated always as (quantity_on_hand - quantity_reserved) stored,
    last_movement_at   timestamptz,
    cost_per_unit      numeric(18,4) not null default 0,
    version            bigint        not null default 0,
    created_at         timestamptz   not null default now(),
    updated_at         timestamptz   not null default now(),

    constraint inventory_pkey primary key (id),
    constraint inventory_product_id_store_id_key unique (product_id, store_id),
    constraint inventory_product_id_fkey foreign key (product_id) references $schema$.products (id),
    constraint inventory_store_id_fkey foreign key (store_id) references $schema$.stores (id)
);

create index idx_inventory_low_stock on $schema$.inventory (tenant_id, quantity_available)
    where quantity_available < 10;

create index idx_inventory_store_available on $schema$.inventory (store_id, quantity_available);

-- Finds low stock without reading the table: it is below the highest reorder point of all products.
create index idx_inventory_available on $schema$.inventory (quantity_available) include (store_id, product_id, tenant_id);

create trigger update_updated_at_trigger
    before update on $schema$.inventory
    for each row
    when (new.updated_at is not distinct from old.updated_at
          and new.version is not distinct from old.version)
    execute function $schema$.update_updated_at();

call shared.protect_table('$schema$.inventory');

comment on table $schema$.inventory is
    'Stock now, one row a stock item: one product in one store. Two triggers of the data model are deliberately absent. The '
    'projection takes the place of inventory_movement_trigger and writes this row in the transaction of the event; the reaction to '
    'that event takes the place of low_stock_alert_trigger. A replay would fire triggers again and raise old alerts.';
comment on column $schema$.inventory.id is
    'Derived from store and product: the stream of the stock item.';
comment on column $schema$.inventory.tenant_id is
    'Always the id of this schema''s tenant; row level security compares it with the tenant of the session.';
comment on column $schema$.inventory.quantity_on_hand is
    'Sum of the movements. Three decimals, where the data model has an integer, for kg, liter and meter.';
comment on column $schema$.inventory.quantity_reserved is
    'Sum of the quantities that open reservations hold.';
comment on column $schema$.inventory.quantity_available is
    'On hand less reserved. It falls below zero for a product that allows backorder, and when damage, theft, a correction or a count '
    'takes reserved stock.';
comment on column $schema$.inventory.last_movement_at is
    'When the latest movement occurred; null before the first.';
comment on column $schema$.inventory.cost_per_unit is
    'Moving average cost of one unit, in the order recorded. Four decimals; totals have two.';
comment on column $schema$.inventory.version is
    'Number of events that the row contains; optimistic concurrency compares it.';
