-- Why: every other table of a tenant refers to its users or its stores.

-- Throughout these tables:
-- ids have no default, for they come from events;
-- text has no length, for limits are the commands' and the read model takes what events say;
-- version counts the events folded into a row and is the token of optimistic concurrency.

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

comment on table $schema$.users is
    'People who work for the tenant.';

comment on column $schema$.users.tenant_id is
    'Always this schema''s tenant; row level security compares it.';

comment on column $schema$.users.password_hash is
    'Always null. The data model has the column, but credentials live in shared.tenant_users, never in an event nor in a table that analysts read.';

comment on column $schema$.users.role is
    'admin, manager, user or viewer.';

comment on column $schema$.users.store_ids is
    'Stores the user can access; null means every store. An array cannot be a foreign key: the command checks it.';

comment on column $schema$.users.last_login_at is
    'When the user last signed in.';

comment on column $schema$.users.version is
    'Number of events folded into the row; concurrency token.';

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

comment on table $schema$.stores is
    'Places that hold stock.';

comment on column $schema$.stores.tenant_id is
    'Always this schema''s tenant; row level security compares it.';

comment on column $schema$.stores.code is
    'Store identifier.';

comment on column $schema$.stores.type is
    'warehouse, store or distribution_center.';

comment on column $schema$.stores.address is
    'Street, city, state, postal_code.';

comment on column $schema$.stores.contact is
    'Phone, email, manager.';

comment on column $schema$.stores.settings is
    'Store-specific configuration.';

comment on column $schema$.stores.version is
    'Number of events folded into the row; concurrency token.';
