-- Why: a build must not serve a tenant whose schema it could not migrate, and must go on serving the others.

create table $schema$.failed_migrations
(
    schema_name varchar     not null,
    fingerprint varchar     not null,
    reason      text        not null,
    created_at  timestamptz not null default now(),
    updated_at  timestamptz not null default now(),

    constraint failed_migrations_pkey primary key (schema_name)
);

create trigger update_updated_at_trigger
    before update on $schema$.failed_migrations
    for each row
    when (new.updated_at is not distinct from old.updated_at)
    execute function $schema$.update_updated_at();

grant select on $schema$.failed_migrations to fluxion_app;

comment on table $schema$.failed_migrations is
    'Schemas whose last migration failed. A successful migration removes the row. No row level security: every request reads it to '
    'know whether its tenant can be served.';
comment on column $schema$.failed_migrations.schema_name is
    'The schema: template or a tenant''s. The failed migration changed nothing in it.';
comment on column $schema$.failed_migrations.fingerprint is
    'The fingerprint that the migration should have reached. Hosts of that build refuse the tenant''s requests; hosts of an older '
    'build go on serving it.';
comment on column $schema$.failed_migrations.reason is
    'The script that failed, and the error.';
comment on trigger update_updated_at_trigger on $schema$.failed_migrations is
    'Sets updated_at, unless the statement has set it itself.';
