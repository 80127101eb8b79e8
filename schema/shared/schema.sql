-- Why: the registry, the accounts and the procedures that all tenants share have a schema of their own.

create schema if not exists $schema$;

grant usage on schema $schema$ to fluxion_app;

-- Searches use an index of trigrams. The extension is trusted, so the owner may create it where nobody has run `database init` again.
create extension if not exists pg_trgm;
