-- Why: a request must find its tenant and the tenant's schema.

-- SQL statements contain the schema's name, and with _analyst behind it it names a role. So it must be a plain identifier and leave
-- room for those eight characters in the 63 that PostgreSQL allows.
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
    constraint tenants_status_check check (status in ('active', 'inactive', 'suspended')),
    constraint tenants_scan_interval_check
        check ((settings #>> '{alerts,scan_interval}')::interval between interval '5 minutes' and interval '7 days'),
    constraint tenants_retention_check check ($schema$.tenant_settings_objection(settings) is null)
);

create trigger update_updated_at_trigger
    before update on $schema$.tenants
    for each row
    when (new.updated_at is not distinct from old.updated_at)
    execute function $schema$.update_updated_at();

-- The owner creates and suspends tenants; the service reads them.
grant select on $schema$.tenants to fluxion_app;

comment on table $schema$.tenants is
    'Registry of tenants, one row a company. No row level security: a request reads it to find its tenant.';
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
