-- Why: a tenant whose schema could not be brought up to date must not be served by a build that expects it to be, and must stop no other.

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

comment on table $schema$.failed_migrations is
    'Schemas whose last migration failed, until one succeeds. No row level security: it must be read to learn whether a tenant can be served.';

comment on column $schema$.failed_migrations.schema_name is
    'The schema: template or a tenant''s. Each is as it was before.';

comment on column $schema$.failed_migrations.fingerprint is
    'What it should have become: hosts of that build refuse the tenant''s requests, those of an older one go on serving it.';

comment on column $schema$.failed_migrations.reason is
    'Which script failed and why.';

comment on trigger update_updated_at_trigger on $schema$.failed_migrations is
    'Sets updated_at, unless the statement has set it itself.';

grant select on $schema$.failed_migrations to fluxion_app;
