-- Why: a sale may be paid in several payments, and money may be given back.

create table $schema$.sale_payments
(
    id             uuid          not null,
    tenant_id      uuid          not null default '$tenant_id$',
    sale_id        uuid          not null,
    store_id       uuid          not null,
    kind           varchar       not null,
    payment_method varchar       not null,
    amount         numeric(18,2) not null,
    reference      varchar,
    reason         varchar,
    created_by     uuid,
    created_at     timestamptz   not null default now(),
    recorded_at    timestamptz   not null default now(),

    constraint sale_payments_pkey primary key (id),
    constraint sale_payments_sale_id_fkey foreign key (sale_id) references $schema$.sales (id),
    constraint sale_payments_store_id_fkey foreign key (store_id) references $schema$.stores (id),
    constraint sale_payments_created_by_fkey foreign key (created_by) references $schema$.users (id),
    constraint sale_payments_kind_check check (kind = 'payment' and amount > 0 or kind = 'refund' and amount < 0),
    constraint sale_payments_payment_method_check check (payment_method in ('cash', 'card', 'transfer', 'check', 'credit'))
);

create index idx_sale_payments_sale on $schema$.sale_payments (sale_id);

create index idx_sale_payments_page on $schema$.sale_payments (created_at desc, id);

create index idx_sale_payments_created_by on $schema$.sale_payments (created_by);

-- A recorded payment never changes.
call shared.protect_table('$schema$.sale_payments', service => 'select, insert');

comment on table $schema$.sale_payments is
    'Every payment of a sale and every refund, one row each. Not in the data model.';
comment on column $schema$.sale_payments.id is
    'The id of the event.';
comment on column $schema$.sale_payments.tenant_id is
    'Always the id of this schema''s tenant; row level security compares it with the tenant of the session.';
comment on column $schema$.sale_payments.sale_id is
    'The sale that was paid.';
comment on column $schema$.sale_payments.store_id is
    'The store of the sale.';
comment on column $schema$.sale_payments.kind is
    'payment or refund.';
comment on column $schema$.sale_payments.payment_method is
    'Method of the payment or refund. A cancellation that is older than the records of refunds has the sale''s '
    'payment_method.';
comment on column $schema$.sale_payments.amount is
    'Above 0 for a payment, below 0 for a refund; the sum is the money held.';
comment on column $schema$.sale_payments.reference is
    'Number of the transfer, check and so on.';
comment on column $schema$.sale_payments.reason is
    'Reason of the refund.';
comment on column $schema$.sale_payments.created_by is
    'The user who took or gave the money; null for the system.';
comment on column $schema$.sale_payments.created_at is
    'When the payment or refund occurred in the shop.';
comment on column $schema$.sale_payments.recorded_at is
    'When the ledger recorded it.';
