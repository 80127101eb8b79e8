-- Why: a trigger must suppress rows that a library adds to its tables (schema/marten/0002_no_tombstones.sql).

create or replace function $schema$.leave_out() returns trigger
    language plpgsql
    set search_path = pg_catalog
    as 'begin return null; end';

comment on function $schema$.leave_out() is
    'Suppresses the row of the insert.';
