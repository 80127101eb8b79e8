-- Why: a host that starts, and every command, must know in one query that all schemas are up to date.

create table $schema$.schema_fingerprints
(
    schema_name varchar     not null,
    fingerprint varchar     not null,
    created_at  timestamptz not null default now(),
    updated_at  timestamptz not null default now(),

    constraint schema_fingerprints_pkey primary key (schema_name)
);

create trigger update_updated_at_trigger
    before update on $schema$.schema_fingerprints
    for each row
    when (new.updated_at is not distinct from old.updated_at)
    execute function $schema$.update_updated_at();

comment on table $schema$.schema_fingerprints is
    'What each schema was last migrated by. No row level security: it belongs to no tenant, and the owner alone reads it.';

comment on column $schema$.schema_fingerprints.fingerprint is
    'SHA-256 of all scripts and of the builds of the libraries that make tables: a schema with another one is migrated at the next start.';

comment on trigger update_updated_at_trigger on $schema$.schema_fingerprints is
    'Sets updated_at, unless the statement has set it itself.';
