-- Why: what was on hand at a moment and what it was worth, as it was known at another, is asked for one item and for a whole store; and the
-- times of the movements do not tell the order in which those of an item were recorded.

alter table $schema$.inventory_movements
    add column item_version bigint        not null default 0,
    add column average_cost numeric(18,4) not null default 0;

comment on column $schema$.inventory_movements.item_version is
    'Place of the movement in the history of its stock item, in the order recorded; reservations have places too. Not in the data model.';

comment on column $schema$.inventory_movements.average_cost is
    'Moving average cost of one unit of the item after the movement, as recorded. Not in the data model.';

-- The columns of `*` are those of the day the view was made.
create or replace view $schema$.service_inventory_movements as
    select *
    from $schema$.inventory_movements
    where tenant_id = nullif(current_setting('app.current_tenant_id', true), '')::uuid;

-- Covers stock_as_of: no row of the table is read. It takes the place of the index on store and time, whose questions it answers as well
-- for one item; for a whole store in order of time idx_movements_page is read.
create index idx_movements_as_of on $schema$.inventory_movements (store_id, product_id, created_at) include (recorded_at, quantity);
