-- Why: a return counts on the day on which it happens; the day of the sale stays as it was.

create table $schema$.sale_returns
(
    id            uuid          not null,
    line_number   integer       not null,
    tenant_id     uuid          not null default '$tenant_id$',
    sale_id       uuid          not null,
    product_id    uuid          not null,
    kind          varchar       not null,
    quantity      numeric(18,3) not null,
    net_amount    numeric(18,2) not null,
    tax_amount    numeric(18,2) not null,
    cost_of_goods numeric(18,2) not null,
    reason        varchar,
    created_by    uuid,
    created_at    timestamptz   not null default now(),
    recorded_at   timestamptz   not null default now(),

    constraint sale_returns_pkey primary key (id, line_number),
    constraint sale_returns_sale_id_fkey foreign key (sale_id) references $schema$.sales (id),
    constraint sale_returns_product_id_fkey foreign key (product_id) references $schema$.products (id),
    constraint sale_returns_created_by_fkey foreign key (created_by) references $schema$.users (id),
    constraint sale_returns_kind_check check (kind in ('return', 'cancellation')),
    constraint sale_returns_quantity_check check (quantity > 0)
);

create index idx_sale_returns_sale on $schema$.sale_returns (sale_id);

create index idx_sale_returns_product on $schema$.sale_returns (product_id);

create index idx_sale_returns_time on $schema$.sale_returns (created_at);

create index idx_sale_returns_created_by on $schema$.sale_returns (created_by);

-- A recorded return never changes.
call shared.protect_table('$schema$.sale_returns', service => 'select, insert');

comment on table $schema$.sale_returns is
    'Goods of a sale that came back, by a return or by the sale''s cancellation, with the credit for them. One row a line of the sale. '
    'Not in the data model.';
comment on column $schema$.sale_returns.id is
    'The return or the cancellation: the id of its event.';
comment on column $schema$.sale_returns.line_number is
    'The line of the sale, its line_number in sale_items.';
comment on column $schema$.sale_returns.tenant_id is
    'Always the id of this schema''s tenant; row level security compares it with the tenant of the session.';
comment on column $schema$.sale_returns.sale_id is
    'The sale of the goods.';
comment on column $schema$.sale_returns.product_id is
    'The product that came back.';
comment on column $schema$.sale_returns.kind is
    'return or cancellation.';
comment on column $schema$.sale_returns.quantity is
    'Quantity of the line that came back, above 0.';
comment on column $schema$.sale_returns.net_amount is
    'Credit for the line before tax. The credits of a whole line add up to its net_amount.';
comment on column $schema$.sale_returns.tax_amount is
    'Credited tax. The credits of a whole sale add up to its tax_amount.';
comment on column $schema$.sale_returns.cost_of_goods is
    'Cost of the goods that came back into stock: the cost with which they left.';
comment on column $schema$.sale_returns.reason is
    'Reason of the return.';
comment on column $schema$.sale_returns.created_by is
    'The user who took the goods back; null for the system.';
comment on column $schema$.sale_returns.created_at is
    'When the goods came back in the shop.';
comment on column $schema$.sale_returns.recorded_at is
    'When the ledger recorded it.';
