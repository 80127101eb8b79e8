-- Why: stock, sales and orders are of products, which have a category and a supplier.

create table $schema$.categories
(
    id          uuid        not null,
    tenant_id   uuid        not null default '$tenant_id$',
    parent_id   uuid,
    code        varchar     not null,
    name        varchar     not null,
    description text,
    settings    jsonb       not null default '{}',
    is_active   boolean     not null default true,
    version     bigint      not null default 0,
    created_at  timestamptz not null default now(),
    updated_at  timestamptz not null default now(),

    constraint categories_pkey primary key (id),
    constraint categories_tenant_id_code_key unique (tenant_id, code),
    constraint categories_parent_id_fkey foreign key (parent_id) references $schema$.categories (id),
    constraint categories_parent_id_check check (parent_id <> id)
);

create index idx_categories_parent on $schema$.categories (parent_id);

create trigger update_updated_at_trigger
    before update on $schema$.categories
    for each row
    when (new.updated_at is not distinct from old.updated_at
          and new.version is not distinct from old.version)
    execute function $schema$.update_updated_at();

comment on table $schema$.categories is
    'Product categories, as a tree.';

comment on column $schema$.categories.tenant_id is
    'Always this schema''s tenant; row level security compares it.';

comment on column $schema$.categories.parent_id is
    'The category above; null at the top of the tree.';

comment on column $schema$.categories.version is
    'Number of events folded into the row; concurrency token.';

create table $schema$.suppliers
(
    id             uuid        not null,
    tenant_id      uuid        not null default '$tenant_id$',
    code           varchar     not null,
    business_name  varchar     not null,
    trade_name     varchar,
    tax_id         varchar,
    contact_person varchar,
    phone          varchar,
    email          citext,
    address        jsonb       not null default '{}',
    payment_terms  varchar,
    credit_limit   numeric(18,2),
    settings       jsonb       not null default '{}',
    is_active      boolean     not null default true,
    version        bigint      not null default 0,
    created_at     timestamptz not null default now(),
    updated_at     timestamptz not null default now(),

    constraint suppliers_pkey primary key (id),
    constraint suppliers_tenant_id_code_key unique (tenant_id, code),
    constraint suppliers_credit_limit_check check (credit_limit >= 0)
);

create trigger update_updated_at_trigger
    before update on $schema$.suppliers
    for each row
    when (new.updated_at is not distinct from old.updated_at
          and new.version is not distinct from old.version)
    execute function $schema$.update_updated_at();

comment on table $schema$.suppliers is
    'Companies that products are bought from.';

comment on column $schema$.suppliers.tenant_id is
    'Always this schema''s tenant; row level security compares it.';

comment on column $schema$.suppliers.business_name is
    'Registered name of the company.';

comment on column $schema$.suppliers.trade_name is
    'Name it is known by.';

comment on column $schema$.suppliers.tax_id is
    'RIF in Venezuela.';

comment on column $schema$.suppliers.credit_limit is
    'Most that may be owed to the supplier; null when nothing is agreed.';

comment on column $schema$.suppliers.version is
    'Number of events folded into the row; concurrency token.';

-- Quantities have three decimals (the data model has integers) because kilograms, liters and meters are
-- sold in parts; that units, boxes and cases are whole is a rule of the commands. Unit costs and prices
-- have four, so that the price of a box divided by its pieces loses nothing that a line's total would
-- show; totals have the two that money has.
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

    constraint products_pkey primary key (id),
    constraint products_category_id_fkey foreign key (category_id) references $schema$.categories (id),
    constraint products_supplier_id_fkey foreign key (supplier_id) references $schema$.suppliers (id),
    constraint products_unit_type_check check (unit_type in ('unit', 'kg', 'liter', 'meter', 'box', 'case')),
    constraint products_min_stock_level_check check (min_stock_level >= 0),
    constraint products_max_stock_level_check check (max_stock_level >= 0),
    constraint products_reorder_point_check check (reorder_point >= 0),
    constraint products_cost_price_check check (cost_price >= 0),
    constraint products_selling_price_check check (selling_price >= 0),
    constraint products_tax_rate_check check (tax_rate between 0 and 100)
);

create unique index idx_products_tenant_sku on $schema$.products (tenant_id, sku);

create index idx_products_category on $schema$.products (category_id);

create index idx_products_supplier on $schema$.products (supplier_id);

create trigger update_updated_at_trigger
    before update on $schema$.products
    for each row
    when (new.updated_at is not distinct from old.updated_at
          and new.version is not distinct from old.version)
    execute function $schema$.update_updated_at();

comment on table $schema$.products is
    'What is bought, stored and sold.';

comment on column $schema$.products.tenant_id is
    'Always this schema''s tenant; row level security compares it.';

comment on column $schema$.products.sku is
    'Stock keeping unit, unique within the tenant.';

comment on column $schema$.products.category_id is
    'Null while the product is not sorted in. In the data model every product belongs to a category; an import may know the product before it.';

comment on column $schema$.products.supplier_id is
    'Null for what the tenant makes itself or buys here and there. In the data model every product has a supplier.';

comment on column $schema$.products.unit_type is
    'unit, kg, liter, meter, box or case: what one of its quantity is.';

comment on column $schema$.products.min_stock_level is
    'Least quantity that should be available in a store. Three decimals, where the data model has an integer, for kg, liter and meter.';

comment on column $schema$.products.max_stock_level is
    'Most that a store should hold; null when there is no limit.';

comment on column $schema$.products.reorder_point is
    'Stock is low, and an alert raised, when less than this is available in a store.';

comment on column $schema$.products.cost_price is
    'Cost of one unit as listed, before tax. What stock really cost is in inventory.cost_per_unit.';

comment on column $schema$.products.selling_price is
    'Price of one unit, before tax.';

comment on column $schema$.products.tax_rate is
    'Percent; 16 is the IVA of Venezuela.';

comment on column $schema$.products.settings is
    'Custom fields, thresholds of the forecasts.';

comment on column $schema$.products.version is
    'Number of events folded into the row; concurrency token.';
