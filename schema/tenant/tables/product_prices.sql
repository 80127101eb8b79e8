-- Why: people ask for last year's prices long after retention has dropped that year's audit trail.

create table $schema$.product_prices
(
    id            uuid          not null,
    tenant_id     uuid          not null default '$tenant_id$',
    product_id    uuid          not null,
    cost_price    numeric(18,4) not null,
    selling_price numeric(18,4) not null,
    created_by    uuid,
    created_at    timestamptz   not null default now(),

    constraint product_prices_pkey primary key (id),
    constraint product_prices_product_id_fkey foreign key (product_id) references $schema$.products (id),
    constraint product_prices_created_by_fkey foreign key (created_by) references $schema$.users (id),
    constraint product_prices_cost_price_check check (cost_price >= 0),
    constraint product_prices_selling_price_check check (selling_price >= 0)
);

create index idx_product_prices_product_time on $schema$.product_prices (product_id, created_at desc, id);

create index idx_product_prices_created_by on $schema$.product_prices (created_by);

-- A price that was set never changes.
call shared.protect_table('$schema$.product_prices', service => 'select, insert');

comment on table $schema$.product_prices is
    'History of each product''s prices, one row a change. Not in the data model, whose products have today''s prices alone. '
    'inventory.cost_per_unit is the actual cost of stock.';
comment on column $schema$.product_prices.id is
    'The id of the event that set the prices.';
comment on column $schema$.product_prices.tenant_id is
    'Always the id of this schema''s tenant; row level security compares it with the tenant of the session.';
comment on column $schema$.product_prices.cost_price is
    'List cost of one unit from then on, before tax.';
comment on column $schema$.product_prices.selling_price is
    'Price of one unit from then on, before tax.';
comment on column $schema$.product_prices.created_by is
    'The user who set the prices; null for the system.';
comment on column $schema$.product_prices.created_at is
    'When the prices were set.';
