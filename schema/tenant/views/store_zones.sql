-- Why: every report counts the days of a store by the store's own calendar.

create or replace view $schema$.store_zones with (security_invoker) as
    select s.id as store_id, s.code as store, coalesce(s.timezone, (select timezone from $schema$.settings), 'UTC') as timezone
    from $schema$.stores s;

call shared.let_analysts_read('$schema$.store_zones');

comment on view $schema$.store_zones is
    'Time zone of each store''s calendar: its own, else the tenant''s.';
