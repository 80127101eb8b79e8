-- Why: an invoice has lines, each with its product, price, tax and cost.

create table $schema$.sale_items
(
    id                uuid          not null,
    tenant_id         uuid          not null default '$tenant_id$',
    sale_id           uuid          not null,
    product_id        uuid          not null,
    quantity          numeric(18,3) not null,
    unit_price        numeric(18,4) not null,
    line_total        numeric(18,2) generated always as (round(quantity * unit_price, 2) - discount) stored,
    created_at        timestamptz   not null default now(),
    line_number       integer       not null default 1,
    discount          numeric(18,2) not null default 0,
    tax_rate          numeric(5,2)  not null default 0,
    cost_per_unit     numeric(18,4) not null default 0,
    quantity_returned numeric(18,3) not null default 0,
    net_amount        numeric(18,2) not null default 0,
    tax_amount        numeric(18,2) not null default 0,

    constraint sale_items_pkey primary key (id),
    constraint sale_items_sale_id_fkey foreign key (sale_id) references $schema$.sales (id),
    constraint sale_items_product_id_fkey foreign key (product_id) references $schema$.products (id)
);

create index idx_sale_items_sale on $schema$.sale_items (sale_id);

create index idx_sale_items_product on $schema$.sale_items (product_id);

call shared.protect_table('$schema$.sale_items');

comment on table $schema$.sale_items is
    'Lines of a sale.';
comment on column $schema$.sale_items.tenant_id is
    'Always the id of this schema''s tenant; row level security compares it with the tenant of the session.';
comment on column $schema$.sale_items.quantity is
    'Three decimals, where the data model has an integer, for kg, liter and meter.';
comment on column $schema$.sale_items.unit_price is
    'Price of one unit, four decimals; it includes tax when the sale''s prices_include_tax is true.';
comment on column $schema$.sale_items.line_total is
    'Quantity times price, rounded half away from zero to two decimals, less the discount. It includes tax when unit_price does. See '
    'net_amount.';
comment on column $schema$.sale_items.line_number is
    'Number of the line in the sale, from 1. Not in the data model.';
comment on column $schema$.sale_items.discount is
    'Amount off the whole line; it includes tax when unit_price does. Not in the data model.';
comment on column $schema$.sale_items.tax_rate is
    'Percent. A sale''s tax_amount sums the lines of one rate and rounds once, as the invoice does. Not in the data model.';
comment on column $schema$.sale_items.cost_per_unit is
    'Moving average cost of one unit when it left; times quantity it is the cost of goods sold. Not in the data model.';
comment on column $schema$.sale_items.quantity_returned is
    'Quantity that the customer brought back. Not in the data model.';
comment on column $schema$.sale_items.net_amount is
    'Amount of the line before tax; the lines of a sale add up to its subtotal. Not in the data model.';
comment on column $schema$.sale_items.tax_amount is
    'The line''s part of the tax, which is rounded once for each rate of a sale; the lines add up to its tax_amount. '
    'Not in the data model.';
