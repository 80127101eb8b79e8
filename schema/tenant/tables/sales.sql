-- Why: an invoice says what was sold, to whom, and whether it is paid.

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
    amount_paid        numeric(18,2) not null default 0,
    returned_amount    numeric(18,2) not null default 0,
    recorded_at        timestamptz   not null default now(),
    amount_refunded    numeric(18,2) not null default 0,
    prices_include_tax boolean       not null default false,
    invoiced_method    varchar,

    constraint sales_pkey primary key (id),
    constraint sales_tenant_id_store_id_invoice_number_key unique (tenant_id, store_id, invoice_number),
    constraint sales_store_id_fkey foreign key (store_id) references $schema$.stores (id),
    constraint sales_created_by_fkey foreign key (created_by) references $schema$.users (id),
    constraint sales_payment_method_check
        check (payment_method in ('cash', 'card', 'transfer', 'check', 'credit')),
    constraint sales_payment_status_check
        check (payment_status in ('pending', 'partial', 'paid', 'refund_due', 'returned', 'refunded', 'cancelled'))
);

create index idx_sales_store_time on $schema$.sales (store_id, created_at desc);

create index idx_sales_created_by on $schema$.sales (created_by);

create index idx_sales_page on $schema$.sales (created_at desc, id);

create trigger update_updated_at_trigger
    before update on $schema$.sales
    for each row
    when (new.updated_at is not distinct from old.updated_at
          and new.version is not distinct from old.version)
    execute function $schema$.update_updated_at();

call shared.protect_table('$schema$.sales');

comment on table $schema$.sales is
    'Sales, one row an invoice.';
comment on column $schema$.sales.tenant_id is
    'Always the id of this schema''s tenant; row level security compares it with the tenant of the session.';
comment on column $schema$.sales.invoice_number is
    'Unique within a store.';
comment on column $schema$.sales.client_id is
    'Optional business client; the ledger has no table of clients.';
comment on column $schema$.sales.client_name is
    'Name of a walk-in customer.';
comment on column $schema$.sales.client_tax_id is
    'RIF of a business customer.';
comment on column $schema$.sales.subtotal is
    'Sum of the lines before tax. Totals have two decimals, each line rounded half away from zero.';
comment on column $schema$.sales.tax_amount is
    'Tax of all lines.';
comment on column $schema$.sales.total_amount is
    'Invoice total: subtotal and tax.';
comment on column $schema$.sales.payment_method is
    'cash, card, transfer, check or credit: invoiced_method, else the method of the first payment; null while neither is known.';
comment on column $schema$.sales.payment_status is
    'The first of these that holds. cancelled; refund_due: the client is owed money; refunded: all of the invoice was credited and '
    'all payments given back; returned: all of the invoice was credited and nothing was ever paid; paid: no balance is due; partial: '
    'some was paid; pending: nothing was paid.';
comment on column $schema$.sales.pos_transaction_id is
    'Reference of an external point of sale. It is unique among a store''s sales that are not cancelled, unless the settings allow '
    'duplicates.';
comment on column $schema$.sales.created_by is
    'The user who sold; null for the system.';
comment on column $schema$.sales.version is
    'Number of events that the row contains; optimistic concurrency compares it.';
comment on column $schema$.sales.created_at is
    'When the sale occurred in the shop.';
comment on column $schema$.sales.amount_paid is
    'Sum of the payments. Not in the data model.';
comment on column $schema$.sales.returned_amount is
    'Sum credited for returned goods, tax included; total_amount stays the invoiced total. Not in the data model.';
comment on column $schema$.sales.recorded_at is
    'When the ledger recorded it. Not in the data model.';
comment on column $schema$.sales.amount_refunded is
    'The part of amount_paid that was given back; all of it when the sale is cancelled. The balance due is total_amount - '
    'returned_amount - amount_paid + amount_refunded; a cancelled sale has none. Not in the data model.';
comment on column $schema$.sales.prices_include_tax is
    'Whether unit_price, discount and line_total of its lines include tax. Not in the data model.';
comment on column $schema$.sales.invoiced_method is
    'Payment method of the invoice; null when it named none. Not in the data model.';
