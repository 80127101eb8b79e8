-- Why: before a request can be served it must be known which tenant it is for and where that tenant's rows lie.

create table $schema$.system_config
(
    key         varchar     not null,
    value       text        not null,
    description text,
    created_at  timestamptz not null default now(),
    updated_at  timestamptz not null default now(),

    constraint system_config_pkey primary key (key)
);

create trigger update_updated_at_trigger
    before update on $schema$.system_config
    for each row
    when (new.updated_at is not distinct from old.updated_at)
    execute function $schema$.update_updated_at();

comment on table $schema$.system_config is
    'Configuration of the whole installation. No row level security: it belongs to no tenant and holds no secret.';

comment on trigger update_updated_at_trigger on $schema$.system_config is
    'Sets updated_at, unless the statement has set it itself.';

-- The schema's name is spliced into SQL and, with _analyst behind it, is the name of a role: it must be
-- a plain identifier and leave room for those eight characters in the 63 that PostgreSQL allows.
create table $schema$.tenants
(
    id          uuid        not null,
    slug        varchar     not null,
    name        varchar     not null,
    schema_name varchar     not null,
    status      varchar     not null default 'active',
    settings    jsonb       not null default '{}',
    created_at  timestamptz not null default now(),
    updated_at  timestamptz not null default now(),

    constraint tenants_pkey primary key (id),
    constraint tenants_slug_key unique (slug),
    constraint tenants_schema_name_key unique (schema_name),
    constraint tenants_slug_check check (slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$'),
    constraint tenants_schema_name_check check (schema_name ~ '^tenant_[a-z0-9_]{1,48}$'),
    constraint tenants_status_check check (status in ('active', 'inactive', 'suspended'))
);

create trigger update_updated_at_trigger
    before update on $schema$.tenants
    for each row
    when (new.updated_at is not distinct from old.updated_at)
    execute function $schema$.update_updated_at();

comment on table $schema$.tenants is
    'Registry of tenants, one row a company. No row level security: it must be read to learn which tenant a request is for.';

comment on column $schema$.tenants.slug is
    'URL-friendly identifier: /api/{slug}/...';

comment on column $schema$.tenants.schema_name is
    'PostgreSQL schema that holds the tenant''s tables.';

comment on column $schema$.tenants.status is
    'active, inactive or suspended.';

comment on column $schema$.tenants.settings is
    'Settings of this company.';

comment on trigger update_updated_at_trigger on $schema$.tenants is
    'Sets updated_at, unless the statement has set it itself.';
