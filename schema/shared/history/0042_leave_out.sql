-- Why: of some rows that a library adds to its tables nothing may become (schema/marten/0002_no_tombstones.sql).

create function $schema$.leave_out() returns trigger
    language plpgsql
    set search_path = pg_catalog
    as 'begin return null; end';

comment on function $schema$.leave_out() is 'Leaves out the row that was to be inserted.';
