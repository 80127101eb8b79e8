-- Why: what came and went, hour by hour, is the sum from which days, weeks and months are asked for in any time zone of whole hours.

-- The community edition of TimescaleDB keeps these sums (a continuous aggregate, brought up to date every hour, what is newer is added when
-- it is read); the Apache edition, which cannot, adds them up when asked. The query on it is the same.
do $$
declare
    community constant boolean := current_setting('timescaledb.license') = 'timescale';
    hourly    constant text := 'select time_bucket(interval ''1 hour'', created_at) as hour, store_id, product_id, movement_type, reference_type, reason,
                                       sum(quantity) as quantity, sum(total_cost) as cost, count(*) as movements
                                from $schema$.inventory_movements
                                group by 1, store_id, product_id, movement_type, reference_type, reason';
begin
    if community then
        execute 'create materialized view $schema$.movements_hourly with (timescaledb.continuous, timescaledb.materialized_only = false) as '
            || hourly || ' with no data';

        -- what is learned later than ninety days is in the sums once an operator refreshes them for its time
        perform add_continuous_aggregate_policy('$schema$.movements_hourly',
            start_offset => interval '90 days', end_offset => interval '1 hour', schedule_interval => interval '1 hour');
    else
        execute 'create view $schema$.movements_hourly with (security_invoker) as ' || hourly;
    end if;
end
$$;

comment on view $schema$.movements_hourly is
    'Movements added up by the hour in which they happened, store, product and kind. quantity and cost are signed: what they added to stock.';

create function $schema$.movements_by(period text, since timestamptz, until timestamptz default now())
returns table (period_start timestamptz, store text, sku text, movement_type text, reference_type text,
               quantity numeric, cost numeric, movements numeric, store_id uuid, product_id uuid)
language sql stable parallel safe
as $$
    select date_trunc(movements_by.period, m.hour), s.code, p.sku, m.movement_type, m.reference_type,
           sum(m.quantity), sum(m.cost), sum(m.movements), m.store_id, m.product_id
    from $schema$.movements_hourly m
    join $schema$.stores s on s.id = m.store_id
    join $schema$.products p on p.id = m.product_id
    where m.hour >= movements_by.since and m.hour < movements_by.until
    group by 1, s.code, p.sku, m.movement_type, m.reference_type, m.store_id, m.product_id;
$$;

comment on function $schema$.movements_by is
    'Movements by hour, day, week, month, quarter or year (period), of the hours that begin at since or later and before until. Days begin at midnight in the session''s TimeZone, weeks on Monday. quantity and cost are signed: what they added to stock.';

create function $schema$.shrinkage_by_reason(since timestamptz, until timestamptz default now())
returns table (store text, reason text, quantity_lost numeric, value_lost numeric, quantity_found numeric, value_found numeric, net_value numeric, store_id uuid)
language sql stable parallel safe
as $$
    with moved as (
        -- what corrects a count for a movement learned of late belongs to that count's variance
        select m.store_id, m.product_id,
               case when m.reason is null or m.reason = 'late_movement' then m.reference_type else m.reason end as reason, m.reference_id,
               sum(m.quantity) as quantity, sum(m.total_cost) as cost
        from $schema$.inventory_movements m
        where m.created_at >= shrinkage_by_reason.since and m.created_at < shrinkage_by_reason.until
          and (m.reference_type = 'count' or m.reason in ('damage', 'expired', 'theft', 'loss', 'correction', 'found', 'other'))
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
    'Stock that was lost and found without a sale, by store and reason, from since up to until, which is excluded: damage, expired, theft, loss, correction, found, other, and count for the variance of counts. Of one document and product what was lost and found is set off first. net_value is what it added to the value of stock, negative for a loss.';

create function $schema$.inventory_turnover(since timestamptz, until timestamptz default now())
returns table (store text, sku text, product text, quantity_sold numeric, average_on_hand numeric, turnover numeric, days_of_inventory numeric,
               quantity_on_hand numeric, days_of_cover numeric, store_id uuid, product_id uuid)
language sql stable parallel safe
as $$
    with span as (
        select extract(epoch from inventory_turnover.until - inventory_turnover.since) / 86400 as days
    ), moved as (
        select i.store_id, i.product_id, i.quantity_on_hand, h.sold, h.opening, h.opening + h.weighted as average
        from $schema$.inventory i
        cross join lateral (
            select coalesce(sum(m.quantity) filter (where m.created_at < inventory_turnover.since), 0) as opening,
                   coalesce(-sum(m.quantity) filter (where m.created_at >= inventory_turnover.since and m.reference_type in ('sale', 'return')), 0) as sold,
                   -- each movement counts for the part of the period that followed it
                   coalesce(sum(m.quantity * extract(epoch from inventory_turnover.until - m.created_at)
                       / extract(epoch from inventory_turnover.until - inventory_turnover.since)) filter (where m.created_at >= inventory_turnover.since), 0) as weighted
            from $schema$.inventory_movements m
            where m.store_id = i.store_id and m.product_id = i.product_id and m.created_at < inventory_turnover.until) h
    )
    select s.code, p.sku, p.name, m.sold, round(m.average, 3), round(m.sold / nullif(m.average, 0), 2),
           round(span.days * m.average / nullif(m.sold, 0), 1), m.quantity_on_hand, round(span.days * m.quantity_on_hand / nullif(m.sold, 0), 1),
           m.store_id, m.product_id
    from moved m
    cross join span
    join $schema$.stores s on s.id = m.store_id
    join $schema$.products p on p.id = m.product_id;
$$;

comment on function $schema$.inventory_turnover is
    'How often stock turned over from since up to until, which is excluded: quantity sold less returned, over the average quantity on hand (weighted by time). days_of_inventory: how long the average stock lasted at that rate. days_of_cover: how long today''s stock lasts at that rate; null when nothing was sold.';

do $$
begin
    if '$schema$' <> 'template' then
        grant select on $schema$.movements_hourly to $schema$_analyst;
    end if;
end
$$;
