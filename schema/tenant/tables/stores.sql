-- Why: every quantity of stock is in a store.

create table $schema$.stores
(
    id         uuid        not null,
    tenant_id  uuid        not null default '$tenant_id$',
    code       varchar     not null,
    name       varchar     not null,
    type       varchar     not null,
    address    jsonb       not null default '{}',
    contact    jsonb       not null default '{}',
    settings   jsonb       not null default '{}',
    is_active  boolean     not null default true,
    version    bigint      not null default 0,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    timezone   varchar,

    constraint stores_pkey primary key (id),
    constraint stores_tenant_id_code_key unique (tenant_id, code),
    constraint stores_type_check check (type in ('warehouse', 'store', 'distribution_center'))
);

create trigger update_updated_at_trigger
    before update on $schema$.stores
    for each row
    when (new.updated_at is not distinct from old.updated_at
          and new.version is not distinct from old.version)
    execute function $schema$.update_updated_at();

-- Every page joins this table. By default autovacuum analyzes a table after 50 changes, which a small company never makes. Without
-- statistics the planner assumes one row, begins with this table and sorts the whole history. With 4 stores, a page of movements read
-- all 18,977 movements; after an analyze it read 101.
alter table $schema$.stores set (autovacuum_analyze_threshold = 0, autovacuum_analyze_scale_factor = 0.1);

call shared.protect_table('$schema$.stores');

comment on table $schema$.stores is
    'Places that hold stock.';
comment on column $schema$.stores.tenant_id is
    'Always the id of this schema''s tenant; row level security compares it with the tenant of the session.';
comment on column $schema$.stores.code is
    'Identifier of the store, unique within the tenant.';
comment on column $schema$.stores.type is
    'warehouse, store or distribution_center.';
comment on column $schema$.stores.address is
    'Street, city, state, postal_code.';
comment on column $schema$.stores.contact is
    'Phone, email, manager.';
comment on column $schema$.stores.settings is
    'Settings of this store.';
comment on column $schema$.stores.version is
    'Number of events that the row contains; optimistic concurrency compares it.';
comment on column $schema$.stores.timezone is
    'IANA time zone of the store''s calendar days; null: the tenant''s, in settings. Not in the data model.';
