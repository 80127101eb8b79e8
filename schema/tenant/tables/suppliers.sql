-- Why: orders go to suppliers, and reordering depends on their lead times.

create table $schema$.suppliers
(
    id             uuid          not null,
    tenant_id      uuid          not null default '$tenant_id$',
    code           varchar       not null,
    business_name  varchar       not null,
    trade_name     varchar,
    tax_id         varchar,
    contact_person varchar,
    phone          varchar,
    email          citext,
    address        jsonb         not null default '{}',
    payment_terms  varchar,
    credit_limit   numeric(18,2),
    settings       jsonb         not null default '{}',
    is_active      boolean       not null default true,
    version        bigint        not null default 0,
    created_at     timestamptz   not null default now(),
    updated_at     timestamptz   not null default now(),
    lead_time_days integer,

    constraint suppliers_pkey primary key (id),
    constraint suppliers_tenant_id_code_key unique (tenant_id, code),
    constraint suppliers_credit_limit_check check (credit_limit >= 0),
    constraint suppliers_lead_time_days_check check (lead_time_days between 0 and 365)
);

create trigger update_updated_at_trigger
    before update on $schema$.suppliers
    for each row
    when (new.updated_at is not distinct from old.updated_at
          and new.version is not distinct from old.version)
    execute function $schema$.update_updated_at();

-- See the table stores.
alter table $schema$.suppliers set (autovacuum_analyze_threshold = 0, autovacuum_analyze_scale_factor = 0.1);

call shared.protect_table('$schema$.suppliers');

comment on table $schema$.suppliers is
    'Companies that sell products to the tenant.';
comment on column $schema$.suppliers.tenant_id is
    'Always the id of this schema''s tenant; row level security compares it with the tenant of the session.';
comment on column $schema$.suppliers.business_name is
    'Registered name of the company.';
comment on column $schema$.suppliers.trade_name is
    'Trading name.';
comment on column $schema$.suppliers.tax_id is
    'RIF in Venezuela.';
comment on column $schema$.suppliers.credit_limit is
    'Highest debt that the supplier allows; null when nothing is agreed.';
comment on column $schema$.suppliers.version is
    'Number of events that the row contains; optimistic concurrency compares it.';
comment on column $schema$.suppliers.lead_time_days is
    'Days from an order to its delivery; null: the lead time of the tenant''s settings. Not in the data model.';
