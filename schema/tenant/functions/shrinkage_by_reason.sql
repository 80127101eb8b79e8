-- Why: an owner asks what was lost, where and why.

create or replace function $schema$.shrinkage_by_reason(since timestamptz, until timestamptz default now())
returns table (store text, reason text, quantity_lost numeric, value_lost numeric, quantity_found numeric, value_found numeric,
               net_value numeric, store_id uuid)
language sql stable parallel safe
as $$
    with moved as (
        -- the correction of a count for a late movement belongs to that count's variance
        select m.store_id, m.product_id,
               case when m.reason is null or m.reason = 'late_movement' then m.reference_type else m.reason end as reason, m.reference_id,
               sum(m.quantity) as quantity, sum(m.total_cost) as cost
        from $schema$.movements_between(shrinkage_by_reason.since, shrinkage_by_reason.until) m
        where m.reference_type = 'count' or m.reason in ('damage', 'expired', 'theft', 'loss', 'correction', 'found', 'other')
        group by m.store_id, m.product_id, 3, m.reference_id
    )
    select s.code, m.reason,
           coalesce(-sum(m.quantity) filter (where m.quantity < 0), 0), coalesce(-sum(m.cost) filter (where m.quantity < 0), 0),
           coalesce(sum(m.quantity) filter (where m.quantity > 0), 0), coalesce(sum(m.cost) filter (where m.quantity > 0), 0),
           sum(m.cost), m.store_id
    from moved m
    join $schema$.stores s on s.id = m.store_id
    where m.quantity <> 0
    group by s.code, m.reason, m.store_id;
$$;

comment on function $schema$.shrinkage_by_reason is
    'Stock lost and found without a sale, by store and reason, from since up to until, which is excluded. Reasons: damage, expired, '
    'theft, loss, correction, found, other, and count for the variance of counts. Losses and finds of one document and product are '
    'netted first. net_value: change in the value of stock, negative for a loss. A date for since or until is a day in the store''s '
    'time zone.';
