-- Why: every row says when it was last changed, whoever changed it.

create schema if not exists $schema$;

create function $schema$.update_updated_at() returns trigger
language plpgsql as $$
begin
    new.updated_at := now();
    return new;
end
$$;

comment on function $schema$.update_updated_at() is
    'Sets updated_at to the time of the transaction; update_updated_at_trigger of each table decides when.';
