-- Why: the tenant decides its time zone, its alerts and its rules for receipts and prices.

create table $schema$.settings
(
    id                   uuid         not null,
    tenant_id            uuid         not null default '$tenant_id$',
    timezone             varchar      not null default 'UTC',
    over_receipt_percent numeric(5,2) not null default 0,
    alerts               jsonb        not null default '{}',
    version              bigint       not null default 0,
    created_at           timestamptz  not null default now(),
    updated_at           timestamptz  not null default now(),
    prices_include_tax   boolean      not null default false,
    unique_references    boolean      not null default true,

    constraint settings_pkey primary key (id),
    constraint settings_one_row_check check (id = tenant_id)
);

create trigger update_updated_at_trigger
    before update on $schema$.settings
    for each row
    when (new.updated_at is not distinct from old.updated_at
          and new.version is not distinct from old.version)
    execute function $schema$.update_updated_at();

call shared.protect_table('$schema$.settings');

comment on table $schema$.settings is
    'The tenant''s own settings, in one row; no row before somebody first sets them. Not in the data model.';
comment on column $schema$.settings.id is
    'The tenant''s id.';
comment on column $schema$.settings.tenant_id is
    'Always the id of this schema''s tenant; row level security compares it with the tenant of the session.';
comment on column $schema$.settings.timezone is
    'IANA time zone of calendar days in all stores that have none of their own.';
comment on column $schema$.settings.over_receipt_percent is
    'Percent that a delivery may exceed the ordered quantity of each line.';
comment on column $schema$.settings.alerts is
    'Settings of alerts that differ from the defaults.';
comment on column $schema$.settings.version is
    'Number of events that the row contains; optimistic concurrency compares it.';
comment on column $schema$.settings.created_at is
    'When the settings were first set.';
comment on column $schema$.settings.updated_at is
    'When they were last changed.';
comment on column $schema$.settings.prices_include_tax is
    'Whether prices include tax in sales that do not say so.';
comment on column $schema$.settings.unique_references is
    'Whether the ledger refuses a second use of an external number: POS transactions, references of payments, refunds and deliveries.';
