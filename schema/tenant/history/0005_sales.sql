-- Why: what was sold, to whom, and whether it is paid.

create table $schema$.sales
(
    id                 uuid          not null,
    tenant_id          uuid          not null default '$tenant_id$',
    store_id           uuid          not null,
    invoice_number     varchar       not null,
    client_id          uuid,
    client_name        varchar,
    client_tax_id      varchar,
    subtotal           numeric(18,2) not null default 0,
    tax_amount         numeric(18,2) not null default 0,
    total_amount       numeric(18,2) not null default 0,
    payment_method     varchar,
    payment_status     varchar       not null default 'pending',
    notes              text,
    pos_transaction_id varchar,
    created_by         uuid,
    version            bigint        not null default 0,
    created_at         timestamptz   not null default now(),
    updated_at         timestamptz   not null default now(),

    constraint sales_pkey primary key (id),
    constraint sales_tenant_id_store_id_invoice_number_key unique (tenant_id, store_id, invoice_number),
    constraint sales_store_id_fkey foreign key (store_id) references $schema$.stores (id),
    constraint sales_created_by_fkey foreign key (created_by) references $schema$.users (id),
    constraint sales_payment_method_check
        check (payment_method in ('cash', 'card', 'transfer', 'check', 'credit')),
    constraint sales_payment_status_check
        check (payment_status in ('paid', 'pending', 'partial', 'cancelled'))
);

create index idx_sales_store_time on $schema$.sales (store_id, created_at desc);

create index idx_sales_created_by on $schema$.sales (created_by);

create trigger update_updated_at_trigger
    before update on $schema$.sales
    for each row
    when (new.updated_at is not distinct from old.updated_at
          and new.version is not distinct from old.version)
    execute function $schema$.update_updated_at();

comment on table $schema$.sales is
    'Sales, one row an invoice.';

comment on column $schema$.sales.tenant_id is
    'Always this schema''s tenant; row level security compares it.';

comment on column $schema$.sales.invoice_number is
    'Unique within a store.';

comment on column $schema$.sales.client_id is
    'Optional business client; the ledger keeps no table of clients.';

comment on column $schema$.sales.client_name is
    'Name of a walk-in customer.';

comment on column $schema$.sales.client_tax_id is
    'RIF of a business customer.';

comment on column $schema$.sales.subtotal is
    'Sum of the lines before tax. Totals have two decimals, each line rounded half away from zero.';

comment on column $schema$.sales.tax_amount is
    'Tax of all lines.';

comment on column $schema$.sales.total_amount is
    'What the customer pays: subtotal and tax.';

comment on column $schema$.sales.payment_method is
    'cash, card, transfer, check or credit; null while it is not known.';

comment on column $schema$.sales.payment_status is
    'paid, pending, partial or cancelled.';

comment on column $schema$.sales.pos_transaction_id is
    'Reference of an external point of sale.';

comment on column $schema$.sales.created_by is
    'Who sold it; null when a system did.';

comment on column $schema$.sales.version is
    'Number of events folded into the row; concurrency token.';

create table $schema$.sale_items
(
    id         uuid          not null,
    tenant_id  uuid          not null default '$tenant_id$',
    sale_id    uuid          not null,
    product_id uuid          not null,
    quantity   numeric(18,3) not null,
    unit_price numeric(18,4) not null,
    line_total numeric(18,2) generated always as (round(quantity * unit_price, 2)) stored,
    created_at timestamptz   not null default now(),

    constraint sale_items_pkey primary key (id),
    constraint sale_items_sale_id_fkey foreign key (sale_id) references $schema$.sales (id),
    constraint sale_items_product_id_fkey foreign key (product_id) references $schema$.products (id)
);

create index idx_sale_items_sale on $schema$.sale_items (sale_id);

create index idx_sale_items_product on $schema$.sale_items (product_id);

comment on table $schema$.sale_items is
    'Lines of a sale.';

comment on column $schema$.sale_items.tenant_id is
    'Always this schema''s tenant; row level security compares it.';

comment on column $schema$.sale_items.quantity is
    'Three decimals, where the data model has an integer, for kg, liter and meter.';

comment on column $schema$.sale_items.unit_price is
    'Price of one unit before tax, four decimals.';

comment on column $schema$.sale_items.line_total is
    'Quantity times price, rounded half away from zero to two decimals.';
