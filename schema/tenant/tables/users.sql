-- Why: other tables refer to the people who work for the tenant.

create table $schema$.users
(
    id            uuid        not null,
    tenant_id     uuid        not null default '$tenant_id$',
    email         citext      not null,
    password_hash varchar,
    full_name     varchar     not null,
    role          varchar     not null,
    store_ids     uuid[],
    permissions   jsonb       not null default '{}',
    preferences   jsonb       not null default '{}',
    is_active     boolean     not null default true,
    last_login_at timestamptz,
    version       bigint      not null default 0,
    created_at    timestamptz not null default now(),
    updated_at    timestamptz not null default now(),

    constraint users_pkey primary key (id),
    constraint users_tenant_id_email_key unique (tenant_id, email),
    constraint users_role_check check (role in ('admin', 'manager', 'user', 'viewer')),
    constraint users_password_hash_check check (password_hash is null)
);

create trigger update_updated_at_trigger
    before update on $schema$.users
    for each row
    when (new.updated_at is not distinct from old.updated_at
          and new.version is not distinct from old.version)
    execute function $schema$.update_updated_at();

-- See the table stores.
alter table $schema$.users set (autovacuum_analyze_threshold = 0, autovacuum_analyze_scale_factor = 0.1);

-- Analysts read every column but password_hash.
call shared.protect_table('$schema$.users', analyst =>
    'select (id, tenant_id, email, full_name, role, store_ids, permissions, preferences, is_active, last_login_at, version, '
    'created_at, updated_at)');

comment on table $schema$.users is
    'People who work for the tenant.';
comment on column $schema$.users.tenant_id is
    'Always the id of this schema''s tenant; row level security compares it with the tenant of the session.';
comment on column $schema$.users.password_hash is
    'Always null. The data model has the column, but shared.tenant_users holds the credentials: no event and no table for analysts '
    'has them.';
comment on column $schema$.users.role is
    'admin, manager, user or viewer.';
comment on column $schema$.users.store_ids is
    'Stores that the user may access; null means every store. An array cannot be a foreign key, so the command checks it.';
comment on column $schema$.users.last_login_at is
    'When the user last signed in.';
comment on column $schema$.users.version is
    'Number of events that the row contains; optimistic concurrency compares it.';
