-- Why: what is in a store now, and every movement that brought it there.

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

create trigger update_updated_at_trigger
    before update on $schema$.inventory
    for each row
    when (new.updated_at is not distinct from old.updated_at
          and new.version is not distinct from old.version)
    execute function $schema$.update_updated_at();

comment on table $schema$.inventory is
    'Stock now, one row a stock item: one product in one store. Two triggers of the data model are deliberately none here: inventory_movement_trigger is the projection, which writes this row in the transaction of the event, and low_stock_alert_trigger is the reaction to that event. A trigger would run again, and raise old alerts anew, when the read models are replayed.';

comment on column $schema$.inventory.id is
    'Derived from store and product: the stream of the stock item.';

comment on column $schema$.inventory.tenant_id is
    'Always this schema''s tenant; row level security compares it.';

comment on column $schema$.inventory.quantity_on_hand is
    'Sum of the movements. Three decimals, where the data model has an integer, for kg, liter and meter.';

comment on column $schema$.inventory.quantity_reserved is
    'Sum of the open reservations.';

comment on column $schema$.inventory.quantity_available is
    'On hand less reserved; below zero only for a product that allows backorder.';

comment on column $schema$.inventory.last_movement_at is
    'When the latest movement occurred; null before the first.';

comment on column $schema$.inventory.cost_per_unit is
    'Moving average cost of one unit, in the order recorded. Four decimals; totals have two.';

comment on column $schema$.inventory.version is
    'Number of events folded into the row; concurrency token.';

create table $schema$.inventory_movements
(
    id             uuid          not null,
    tenant_id      uuid          not null default '$tenant_id$',
    product_id     uuid          not null,
    store_id       uuid          not null,
    movement_type  varchar       not null,
    reference_type varchar       not null,
    reference_id   uuid,
    reference      varchar(100),
    reason         varchar(50),
    quantity       numeric(18,3) not null,
    cost_per_unit  numeric(18,4) not null default 0,
    total_cost     numeric(18,2) generated always as (round(quantity * cost_per_unit, 2)) stored,
    notes          text,
    created_by     uuid,
    created_at     timestamptz   not null default now(),
    recorded_at    timestamptz   not null default now(),

    constraint inventory_movements_pkey primary key (id, created_at),
    constraint inventory_movements_product_id_fkey foreign key (product_id) references $schema$.products (id),
    constraint inventory_movements_store_id_fkey foreign key (store_id) references $schema$.stores (id),
    constraint inventory_movements_created_by_fkey foreign key (created_by) references $schema$.users (id),
    constraint inventory_movements_tenant_id_check check (tenant_id = '$tenant_id$'),
    constraint inventory_movements_movement_type_check
        check (movement_type in ('in', 'out', 'transfer', 'adjustment')),
    constraint inventory_movements_reference_type_check
        check (reference_type in ('purchase', 'sale', 'transfer', 'adjustment',
                                  'receipt', 'issue', 'count', 'return')),
    constraint inventory_movements_quantity_check
        check (case movement_type
                   when 'in' then quantity > 0
                   when 'out' then quantity < 0
                   when 'transfer' then quantity <> 0
                   else true
               end)
);

-- Thirty days a chunk: the usual question is about the last thirty days and then reads two chunks at
-- most, ten years are some 120 chunks, which the planner still goes through quickly, and a tenant of a
-- hundred thousand movements a month has chunks that stay in memory. The usual seven days would
-- give each of many small tenants four times as many tables for nothing.
-- The default index on created_at is not made: two indexes below begin with it.
select create_hypertable(
    '$schema$.inventory_movements',
    by_range('created_at', interval '30 days'),
    create_default_indexes => false);

create index idx_movements_time_product on $schema$.inventory_movements (created_at, product_id);

create index idx_movements_product_time on $schema$.inventory_movements (product_id, created_at desc);

create index idx_movements_store_time on $schema$.inventory_movements (store_id, created_at desc);

-- For pages: ten thousand lines of one command share one created_at, and only the id tells them apart.
create index idx_movements_page on $schema$.inventory_movements (created_at desc, id);

create index idx_movements_created_by on $schema$.inventory_movements (created_by);

comment on table $schema$.inventory_movements is
    'Every change of stock. Hypertable on created_at. inventory_movement_trigger of the data model is deliberately not a trigger on it: see inventory.';

comment on column $schema$.inventory_movements.tenant_id is
    'Always this schema''s tenant. A hypertable has no row level security here; the constraint stands in for it.';

comment on column $schema$.inventory_movements.movement_type is
    'in, out, transfer or adjustment.';

comment on column $schema$.inventory_movements.reference_type is
    'What kind of transaction caused the movement. Departure from the data model (purchase, sale, transfer, adjustment): also receipt, a receipt without a purchase order; issue, an issue with a reason; count, what a count corrected; return, goods that a customer brought back.';

comment on column $schema$.inventory_movements.reference_id is
    'Source transaction id: the sale, purchase order, transfer or other command.';

comment on column $schema$.inventory_movements.reference is
    'Number of the document as people know it. Not in the data model.';

comment on column $schema$.inventory_movements.reason is
    'Why stock was issued or adjusted, for instance damage. Not in the data model.';

comment on column $schema$.inventory_movements.quantity is
    'Signed: above zero for in, below zero for out; a transfer is negative where it leaves and positive where it arrives. Three decimals, where the data model has an integer, for kg, liter and meter.';

comment on column $schema$.inventory_movements.cost_per_unit is
    'Cost of one unit, four decimals.';

comment on column $schema$.inventory_movements.total_cost is
    'Quantity times cost, with the sign of the quantity, rounded half away from zero to two decimals.';

comment on column $schema$.inventory_movements.created_by is
    'Who moved it; null when the system did.';

comment on column $schema$.inventory_movements.created_at is
    'When it happened in the shop; the hypertable is partitioned by it.';

comment on column $schema$.inventory_movements.recorded_at is
    'When the ledger learned of it. Not in the data model: without it what was known on a day cannot be told.';
