-- Why: every row says when it was last changed, whoever changed it.

create schema if not exists $schema$;

create function $schema$.update_updated_at() returns trigger
language plpgsql as $$
begin
    new.updated_at := now();
    return new;
end
$$;

-- The trigger update_updated_at_trigger of each table fires only when the statement changed neither
-- updated_at nor, where the table has one, version. A projection sets updated_at to the time of the event and
-- counts version up; were its time overwritten, a replay would differ from what was live. The
-- version matters because two events of one transaction may bear the same time.
comment on function $schema$.update_updated_at() is
    'Sets updated_at to the time of the transaction; update_updated_at_trigger of each table decides when, so that the times of replayed events win.';
