-- Why: stock, sales and orders are of products.

-- Quantities have three decimals, where the data model has integers: kilograms, liters and meters are sold in parts. The commands require
-- whole units, boxes and cases. Totals have two decimals. Unit costs and prices have four, so that the price of a box divided by its
-- pieces gives exact totals.
create table $schema$.products
(
    id              uuid          not null,
    tenant_id       uuid          not null default '$tenant_id$',
    sku             varchar       not null,
    barcode         varchar,
    name            varchar       not null,
    description     text,
    category_id     uuid,
    supplier_id     uuid,
    unit_type       varchar       not null default 'unit',
    min_stock_level numeric(18,3) not null default 0,
    max_stock_level numeric(18,3),
    reorder_point   numeric(18,3) not null default 0,
    cost_price      numeric(18,4) not null default 0,
    selling_price   numeric(18,4) not null default 0,
    tax_rate        numeric(5,2)  not null default 0,
    settings        jsonb         not null default '{}',
    is_active       boolean       not null default true,
    version         bigint        not null default 0,
    created_at      timestamptz   not null default now(),
    updated_at      timestamptz   not null default now(),
    lead_time_days  integer,
    pack_size       numeric(18,3),
    search_key      text          generated always as ($schema$.search_key(sku || ' ' || coalesce(barcode, '') || ' ' || name)) stored,

    constraint products_pkey primary key (id),
    constraint products_category_id_fkey foreign key (category_id) references $schema$.categories (id),
    constraint products_supplier_id_fkey foreign key (supplier_id) references $schema$.suppliers (id),
    constraint products_unit_type_check check (unit_type in ('unit', 'kg', 'liter', 'meter', 'box', 'case')),
    constraint products_min_stock_level_check check (min_stock_level >= 0),
    constraint products_max_stock_level_check check (max_stock_level >= 0),
    constraint products_reorder_point_check check (reorder_point >= 0),
    constraint products_cost_price_check check (cost_price >= 0),
    constraint products_selling_price_check check (selling_price >= 0),
    constraint products_tax_rate_check check (tax_rate between 0 and 100),
    constraint products_lead_time_days_check check (lead_time_days between 0 and 365),
    constraint products_pack_size_check check (pack_size > 0)
);

create unique index idx_products_tenant_sku on $schema$.products (tenant_id, sku);

create index idx_products_category on $schema$.products (category_id);

create index idx_products_supplier on $schema$.products (supplier_id);

-- Finds the highest reorder point.
create index idx_products_reorder_point on $schema$.products (reorder_point);

create index idx_products_search on $schema$.products using gin (search_key gin_trgm_ops);

create trigger update_updated_at_trigger
    before update on $schema$.products
    for each row
    when (new.updated_at is not distinct from old.updated_at
          and new.version is not distinct from old.version)
    execute function $schema$.update_updated_at();

call shared.protect_table('$schema$.products');

comment on table $schema$.products is
    'Goods that the tenant buys, stores and sells.';
comment on column $schema$.products.tenant_id is
    'Always the id of this schema''s tenant; row level security compares it with the tenant of the session.';
comment on column $schema$.products.sku is
    'Stock keeping unit, unique within the tenant.';
comment on column $schema$.products.category_id is
    'Null while the product has no category. In the data model every product has one; an import may create the product first.';
comment on column $schema$.products.supplier_id is
    'Null for products without a regular supplier. In the data model every product has one.';
comment on column $schema$.products.unit_type is
    'Unit of measure: unit, kg, liter, meter, box or case.';
comment on column $schema$.products.min_stock_level is
    'Least quantity that should be available in a store. Three decimals, where the data model has an integer, for kg, liter and meter.';
comment on column $schema$.products.max_stock_level is
    'Most that a store should hold; null when there is no limit.';
comment on column $schema$.products.reorder_point is
    'Stock is low, and an alert raised, when less than this is available in a store.';
comment on column $schema$.products.cost_price is
    'List cost of one unit, before tax. inventory.cost_per_unit is the actual cost of stock.';
comment on column $schema$.products.selling_price is
    'Price of one unit, before tax.';
comment on column $schema$.products.tax_rate is
    'Percent; 16 is the IVA of Venezuela.';
comment on column $schema$.products.settings is
    'Custom fields, thresholds of the forecasts.';
comment on column $schema$.products.version is
    'Number of events that the row contains; optimistic concurrency compares it.';
comment on column $schema$.products.lead_time_days is
    'Days from an order to its delivery; null: the supplier''s lead time. Not in the data model.';
comment on column $schema$.products.pack_size is
    'Quantity in one pack of the supplier. Orders are in whole packs; null: any quantity. Not in the data model.';
comment on column $schema$.products.search_key is
    'Sku, barcode and name in the form that searches compare; see the function search_key. Not in the data model.';
