-- Why: the tenant's own setting takes precedence over the installation's.

create or replace function $schema$.retention_of(settings jsonb, kept text)
returns interval
language sql
stable
as $$
    select case when $schema$.setting_objection('retention.' || kept, said.value) is null then nullif(said.value, '')::interval end
    from (select coalesce(settings -> 'retention' ->> kept,
                          (select value from $schema$.system_config where key = 'retention.' || kept), '') as value) said
$$;

comment on function $schema$.retention_of is
    'Retention time of a kind of rows of a tenant, by its own settings or else the installation''s; null: for ever.';
