-- Why: the tenants' search needs the index of trigrams also where `database init` was not run again; the extension is trusted, so the owner may make it.

create extension if not exists pg_trgm;
