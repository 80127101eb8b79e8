-- Why: a host that starts, and every command, must know with one query whether all schemas are up to date.

create table $schema$.schema_fingerprints
(
    schema_name varchar     not null,
    fingerprint varchar     not null,
    created_at  timestamptz not null default now(),
    updated_at  timestamptz not null default now(),
    marten      varchar,

    constraint schema_fingerprints_pkey primary key (schema_name)
);

create trigger update_updated_at_trigger
    before update on $schema$.schema_fingerprints
    for each row
    when (new.updated_at is not distinct from old.updated_at)
    execute function $schema$.update_updated_at();

comment on table $schema$.schema_fingerprints is
    'The build that last migrated each schema. No row level security: it belongs to no tenant, and the owner alone reads it.';
comment on column $schema$.schema_fingerprints.fingerprint is
    'SHA-256 of all scripts and of the builds of the libraries that create tables. The next start migrates a schema whose '
    'fingerprint differs.';
comment on column $schema$.schema_fingerprints.marten is
    'SHA-256 of the DDL by which Marten creates its tables. A migration compares Marten''s tables with the catalogs only when it '
    'differs. Null: not known.';
comment on trigger update_updated_at_trigger on $schema$.schema_fingerprints is
    'Sets updated_at, unless the statement has set it itself.';
