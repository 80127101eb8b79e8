-- Why: every row says when it was last changed, whoever changed it.

create or replace function $schema$.update_updated_at() returns trigger
language plpgsql as $$
begin
    new.updated_at := now();
    return new;
end
$$;

comment on function $schema$.update_updated_at() is
    'Sets updated_at to the time of the transaction. Each table''s update_updated_at_trigger decides when, so that the times of '
    'replayed events take precedence.';
