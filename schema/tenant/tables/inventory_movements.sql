-- Why: the history of stock explains every quantity and its value at any moment.

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
    item_version   bigint        not null default 0,
    average_cost   numeric(18,4) not null default 0,

    constraint inventory_movements_pkey primary key (id, created_at),
    constraint inventory_movements_product_id_fkey foreign key (product_id) references $schema$.products (id),
    constraint inventory_movements_store_id_fkey foreign key (store_id) references $schema$.stores (id),
    constraint inventory_movements_created_by_fkey foreign key (created_by) references $schema$.users (id),
    constraint inventory_movements_tenant_id_check check (tenant_id = '$tenant_id$'),
    constraint inventory_movements_movement_type_check
        check (movement_type in ('in', 'out', 'transfer', 'adjustment')),
    constraint inventory_movements_reference_type_check
        check (reference_type in ('purchase', 'sale', 'transfer', 'adjustment', 'receipt', 'issue', 'count', 'return')),
    constraint inventory_movements_quantity_check
        check (case movement_type
                   when 'in' then quantity > 0
                   when 'out' then quantity < 0
                   when 'transfer' then quantity <> 0
                   else true
               end)
);

-- Thirty days a chunk. Most queries ask for the last thirty days and read two chunks at most. Ten years are some 120 chunks, which the
-- planner handles quickly, and a month of a hundred thousand movements fits in memory. The default of seven days would give each of many
-- small tenants four times as many tables. There is no default index on created_at: two indexes below begin with it.
select create_hypertable(
    '$schema$.inventory_movements',
    by_range('created_at', interval '30 days'),
    create_default_indexes => false);

create index idx_movements_time_product on $schema$.inventory_movements (created_at, product_id);

create index idx_movements_product_time on $schema$.inventory_movements (product_id, created_at desc);

-- A page of the movements of a single store. When that store had no movements for long, idx_movements_page would read those of all
-- other stores.
create index idx_movements_store_time on $schema$.inventory_movements (store_id, created_at desc);

-- Pages need the id: ten thousand lines of one command share one created_at.
create index idx_movements_page on $schema$.inventory_movements (created_at desc, id);

create index idx_movements_created_by on $schema$.inventory_movements (created_by);

-- Finds the movements of a document.
create index idx_movements_reference on $schema$.inventory_movements (reference_id, created_at);

-- Corrections of counts by late movements are few.
create index idx_movements_count_corrections on $schema$.inventory_movements (recorded_at desc, id)
    where reason = 'late_movement' and reference_type = 'count';

-- Answers stock and value as of a moment without reading the table.
create index idx_movements_as_of on $schema$.inventory_movements (store_id, product_id, created_at)
    include (recorded_at, quantity, item_version, average_cost, cost_per_unit, movement_type, reference_type);

create trigger require_tenant_trigger before insert or update or delete on $schema$.inventory_movements
    for each statement execute function $schema$.require_tenant();

-- The service only adds rows. Without select it can use neither `returning` nor `on conflict (...)`; a bare `on conflict do nothing` works.
call shared.protect_table('$schema$.inventory_movements', service => 'insert');

-- The community edition of TimescaleDB only. A batch holds up to 1,000 rows of one segment, and is read and rewritten as a whole.
-- Measured with 200,000 movements, of which 178,326 lay in old chunks (112 MB uncompressed):
--   segments by store and product: 117 MB, 1.2 rows a batch. The check of the key (id, created_at), which has no segment, compares a
--     late movement with every batch of its chunk. Many batches make that slow.
--   no segments: 14 MB and the fewest batches. But one item as of a day reads all batches before that day, of all stores.
--   segments by store: 14 MB. One item as of a day reads the batches of its store. Chosen.
-- Within a store the order is product, then time. Each batch has the least and greatest product beside it. So a query of one item as of
-- a day opens one or two batches of each chunk. In the order of time alone it would open all batches of the store. The cost: a day or a
-- page of an old month opens every batch of that chunk.
-- The id stays in the order for its least and greatest value. Ids grow with the time of recording: a late movement has a greater id than
-- all compressed rows, so its key opens no batch. See docs/compression.md.
-- Ninety days: recent and most late movements are in uncompressed chunks.
do $$
begin
    if current_setting('timescaledb.license') = 'timescale' then
        alter table $schema$.inventory_movements set (
            timescaledb.compress,
            timescaledb.compress_segmentby = 'store_id',
            timescaledb.compress_orderby = 'product_id, created_at desc, id');

        perform add_compression_policy('$schema$.inventory_movements', compress_after => interval '90 days');
    end if;
end
$$;

comment on table $schema$.inventory_movements is
    'Every change of stock. Hypertable on created_at. inventory_movement_trigger of the data model is deliberately absent; see inventory.';
comment on column $schema$.inventory_movements.tenant_id is
    'Always the id of this schema''s tenant. A hypertable has no row level security here; a check constraint and a trigger take its place.';
comment on column $schema$.inventory_movements.movement_type is
    'in, out, transfer or adjustment. A cancelled transfer comes back in as a transfer.';
comment on column $schema$.inventory_movements.reference_type is
    'Kind of transaction that caused the movement. Departure from the data model (purchase, sale, transfer, adjustment): also '
    'receipt, a receipt without a purchase order; issue, an issue with a reason; count, the correction by a count; return, goods '
    'that a customer brought back.';
comment on column $schema$.inventory_movements.reference_id is
    'Source transaction id: the sale, purchase order, transfer or other command. A return to a supplier has the id of the order or '
    'receipt that brought the goods.';
comment on column $schema$.inventory_movements.reference is
    'Number of the document. Not in the data model.';
comment on column $schema$.inventory_movements.reason is
    'Reason of an issue or adjustment, for instance damage; return_to_supplier also for goods of an order or receipt that go back. '
    'Not in the data model.';
comment on column $schema$.inventory_movements.quantity is
    'Signed: above zero for in, below zero for out. A transfer is negative in the store that sends and positive in the store that '
    'receives. Three decimals, where the data model has an integer, for kg, liter and meter.';
comment on column $schema$.inventory_movements.cost_per_unit is
    'Cost of one unit, four decimals.';
comment on column $schema$.inventory_movements.total_cost is
    'Quantity times cost, with the sign of the quantity, rounded half away from zero to two decimals.';
comment on column $schema$.inventory_movements.created_by is
    'The user who moved the stock; null for the system.';
comment on column $schema$.inventory_movements.created_at is
    'When it occurred in the shop; the hypertable is partitioned by it.';
comment on column $schema$.inventory_movements.recorded_at is
    'When the ledger recorded it. Not in the data model: without it nobody could tell what was known on a day.';
comment on column $schema$.inventory_movements.item_version is
    'Position of the movement in the history of its stock item, in the order recorded; reservations have positions too. Not in the '
    'data model.';
comment on column $schema$.inventory_movements.average_cost is
    'Moving average cost of one unit of the item after the movement, as recorded. Not in the data model.';
comment on trigger require_tenant_trigger on $schema$.inventory_movements is
    'Takes the place of the row level security that a hypertable cannot have.';
