-- Why: a cashier compares the money in the till with the ledger.

create or replace function $schema$.payments_by_method(since timestamptz, until timestamptz default now(), store text default null)
returns table (store text, payment_method text, payments bigint, paid numeric, refunds bigint, refunded numeric, net numeric, store_id uuid)
language sql stable parallel safe
as $$
    select s.code, m.payment_method, count(*) filter (where m.kind = 'payment'),
           coalesce(sum(m.amount) filter (where m.kind = 'payment'), 0),
           count(*) filter (where m.kind = 'refund'), coalesce(-sum(m.amount) filter (where m.kind = 'refund'), 0),
           sum(m.amount), m.store_id
    from $schema$.sale_payments m
    join $schema$.stores s on s.id = m.store_id
    join $schema$.store_periods(payments_by_method.since, payments_by_method.until) z
        on z.store_id = m.store_id and m.created_at >= z.since and m.created_at < z.until
    where m.created_at >= payments_by_method.since - interval '2 days' and m.created_at < payments_by_method.until + interval '2 days'
      and (payments_by_method.store is null or s.code = upper(payments_by_method.store))
    group by s.code, m.payment_method, m.store_id;
$$;

comment on function $schema$.payments_by_method is
    'Cash-up: payments and refunds by store and method, from since up to until, which is excluded. store: the code of one store; null: '
    'all stores. A date for since or until is a day in the store''s time zone. net: paid less refunded.';
