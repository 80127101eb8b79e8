-- Why: a day is a day where the shop is. A tenant has a time zone, a store may have its own, and every report counts days by it.

alter table $schema$.stores add column timezone varchar;

comment on column $schema$.stores.timezone is
    'Time zone of the IANA database by which the store''s days are counted; null: the tenant''s, in settings. Not in the data model.';

create table $schema$.settings
(
    id                   uuid          not null,
    tenant_id            uuid          not null default '$tenant_id$',
    timezone             varchar       not null default 'UTC',
    over_receipt_percent numeric(5,2)  not null default 0,
    alerts               jsonb         not null default '{}',
    version              bigint        not null default 0,
    created_at           timestamptz   not null default now(),
    updated_at           timestamptz   not null default now(),

    constraint settings_pkey primary key (id),
    constraint settings_one_row_check check (id = tenant_id)
);

create trigger update_updated_at_trigger
    before update on $schema$.settings
    for each row
    when (new.updated_at is not distinct from old.updated_at
          and new.version is not distinct from old.version)
    execute function $schema$.update_updated_at();

comment on table $schema$.settings is
    'The tenant''s own rules, in one row; no row before they were first set. Not in the data model.';
comment on column $schema$.settings.id is
    'The tenant''s id.';
comment on column $schema$.settings.tenant_id is
    'Always this schema''s tenant; row level security compares it.';
comment on column $schema$.settings.timezone is
    'Time zone of the IANA database by which days are counted in all stores that have none of their own.';
comment on column $schema$.settings.over_receipt_percent is
    'How much more than ordered may be received of each line of a purchase order.';
comment on column $schema$.settings.alerts is
    'By what alerts are raised, as far as it differs from the usual.';
comment on column $schema$.settings.version is
    'Number of events folded into the row; concurrency token.';
comment on column $schema$.settings.created_at is
    'When the settings were first set.';
comment on column $schema$.settings.updated_at is
    'When they were last changed.';

alter table $schema$.settings enable row level security;

alter table $schema$.settings force row level security;

create policy tenant_isolation_policy on $schema$.settings
    using (tenant_id = (select nullif(current_setting('app.current_tenant_id', true), '')::uuid))
    with check (tenant_id = (select nullif(current_setting('app.current_tenant_id', true), '')::uuid));

grant select, insert, update on $schema$.settings to fluxion_app;

do $$
begin
    if '$schema$' <> 'template' then
        grant select on $schema$.settings to $schema$_analyst;

        create policy analyst_policy on $schema$.settings for select to $schema$_analyst using (true);
    end if;

    -- A tenant that is older than this table gets its row from its events, as a replay would write it.
    if to_regclass('$schema$.mt_events') is not null then
        perform set_config('app.current_tenant_id', '$tenant_id$', true);

        insert into $schema$.settings (id, over_receipt_percent, alerts, version, created_at, updated_at)
        select stream_id, (data ->> 'overReceiptPercent')::numeric,
               coalesce((select jsonb_object_agg(case key when 'rateDays' then 'rate_days' when 'leadTimeDays' then 'lead_time_days'
                                                          when 'reopenHours' then 'reopen_hours' else 'slow_moving_days' end, value)
                         from jsonb_each(nullif(data -> 'alerts', 'null'))), '{}'),
               version, first_at, timestamp
        from (select *, min(timestamp) over () as first_at from $schema$.mt_events where type = 'settings_changed' order by version desc limit 1) latest;
    end if;
end
$$;

-- Stores with the zone by which their days are counted.
create view $schema$.store_zones with (security_invoker) as
    select s.id as store_id, s.code as store, coalesce(s.timezone, (select timezone from $schema$.settings), 'UTC') as timezone
    from $schema$.stores s;

comment on view $schema$.store_zones is
    'The time zone by which the days of each store are counted: its own, else the tenant''s.';

create function $schema$.start_of_day(day date, timezone text) returns timestamptz
language sql stable parallel safe
as $$
    -- midnight by the offset of the day before is the earlier one where clocks are set back over it, and no midnight where they are set forward
    select case when (before at time zone timezone)::date = day then least(before, midnight) else midnight end
    from (select (day::timestamp - (((midnight - interval '1 day') at time zone timezone) - ((midnight - interval '1 day') at time zone 'UTC')))
                     at time zone 'UTC' as before, midnight
          from (select day::timestamp at time zone timezone as midnight) m) b
$$;

comment on function $schema$.start_of_day is
    'When a day begins in a time zone: at midnight; at the first where there are two, and when the clocks were set forward where there is none.';

-- What an argument of a report stands for. A date arrives as midnight of the session, and is that day of the store; any other point in time is itself.

create function $schema$.beginning(moment timestamptz, timezone text) returns timestamptz
language sql stable parallel safe
as $$
    select case when isfinite(moment) and moment = moment::date::timestamptz then $schema$.start_of_day(moment::date, timezone) else moment end
$$;

comment on function $schema$.beginning is
    'A point in time as it is; of a date, the start of that day in a time zone.';

create function $schema$.last_before(moment timestamptz, timezone text) returns timestamptz
language sql stable parallel safe
as $$
    select case when isfinite(moment) and moment = moment::date::timestamptz
                then $schema$.start_of_day(moment::date, timezone) - interval '1 microsecond' else moment end
$$;

comment on function $schema$.last_before is
    'The last moment that a report as of a moment takes in: that moment; of a date, the last before that day in a time zone.';

-- Both are asked once a report, not once a row: for that their rows are materialized.

create function $schema$.store_periods(since timestamptz, until timestamptz)
returns table (store_id uuid, timezone varchar, since timestamptz, until timestamptz)
language sql stable parallel safe rows 10
as $$
    with periods as materialized (
        select z.store_id, z.timezone, $schema$.beginning(store_periods.since, z.timezone), $schema$.beginning(store_periods.until, z.timezone)
        from $schema$.store_zones z
    )
    select * from periods;
$$;

comment on function $schema$.store_periods is
    'A time from since up to until, which is excluded, in each store. A date is a day in the store''s time zone.';

create function $schema$.store_moments(at timestamptz, known_at timestamptz default 'infinity')
returns table (store_id uuid, timezone varchar, at timestamptz, known_at timestamptz, day date)
language sql stable parallel safe rows 10
as $$
    with moments as materialized (
        select z.store_id, z.timezone, $schema$.last_before(store_moments.at, z.timezone), $schema$.last_before(store_moments.known_at, z.timezone),
               ($schema$.beginning(store_moments.at, z.timezone) at time zone z.timezone)::date
        from $schema$.store_zones z
    )
    select * from moments;
$$;

comment on function $schema$.store_moments is
    'The last moments that a report as of at, from what was known at known_at, takes in of each store, and the day there. A date is the start of that day.';

-- A day begins less than two days from where the session's day of that date begins, wherever both are: by this the planner leaves out chunks.
create function $schema$.movements_between(since timestamptz, until timestamptz)
returns table (store_id uuid, product_id uuid, movement_type varchar, reference_type varchar, reference_id uuid, reason varchar, quantity numeric,
               total_cost numeric, created_at timestamptz, local_time timestamp)
language sql stable parallel safe
as $$
    select m.store_id, m.product_id, m.movement_type, m.reference_type, m.reference_id, m.reason, m.quantity, m.total_cost, m.created_at,
           m.created_at at time zone p.timezone
    from $schema$.inventory_movements m
    join $schema$.store_periods(movements_between.since, movements_between.until) p
        on p.store_id = m.store_id and m.created_at >= p.since and m.created_at < p.until
    where m.created_at >= movements_between.since - interval '2 days' and m.created_at < movements_between.until + interval '2 days';
$$;

comment on function $schema$.movements_between is
    'Movements from since up to until, which is excluded. A date is a day in the store''s time zone. local_time is what the clocks there showed.';

-- Reports over the whole ledger at a moment.

create or replace function $schema$.stock_as_of(
    at timestamptz, known_at timestamptz default 'infinity', store text default null, sku text default null)
returns table (store text, sku text, product text, quantity_on_hand numeric, store_id uuid, product_id uuid)
language sql stable parallel safe
as $$
    select s.code, p.sku, p.name, m.quantity, m.store_id, m.product_id
    from (select m.store_id, m.product_id, sum(m.quantity) as quantity
          from $schema$.inventory_movements m
          join $schema$.store_moments(stock_as_of.at, stock_as_of.known_at) l
              on l.store_id = m.store_id and m.created_at <= l.at and m.recorded_at <= l.known_at
          where m.created_at <= stock_as_of.at + interval '2 days'
            and (stock_as_of.store is null or m.store_id = (select id from $schema$.stores where code = upper(stock_as_of.store)))
            and (stock_as_of.sku is null or m.product_id = (select id from $schema$.products where products.sku = upper(stock_as_of.sku)))
          group by m.store_id, m.product_id) m
    join $schema$.stores s on s.id = m.store_id
    join $schema$.products p on p.id = m.product_id;
$$;

comment on function $schema$.stock_as_of is
    'What was on hand at a moment, from what was known at another (by default all that is known today): the sum of the movements that had happened by the one and were recorded by the other. A date is the start of that day in the store''s time zone. One row an item that had moved by then. store: a store''s code, sku: a product''s; each narrows what is read, and null takes all.';

create or replace function $schema$.stock_value_as_of(
    at timestamptz, known_at timestamptz default 'infinity', store text default null, sku text default null)
returns table (store text, sku text, product text, quantity_on_hand numeric, cost_per_unit numeric, value numeric, restated_cost_per_unit numeric,
               restated_value numeric, store_id uuid, product_id uuid)
language sql stable parallel safe
as $$
    select s.code, p.sku, p.name, m.quantity, m.cost, round(m.quantity * m.cost, 2), m.restated, round(m.quantity * m.restated, 2), m.store_id, m.product_id
    from (select m.store_id, m.product_id, sum(m.quantity) as quantity, public.last(m.average_cost, m.item_version) as cost,
                 $schema$.moving_average(m.quantity, m.cost_per_unit, m.movement_type order by m.created_at, m.item_version) as restated
          from $schema$.inventory_movements m
          join $schema$.store_moments(stock_value_as_of.at, stock_value_as_of.known_at) l
              on l.store_id = m.store_id and m.created_at <= l.at and m.recorded_at <= l.known_at
          where m.created_at <= stock_value_as_of.at + interval '2 days'
            and (stock_value_as_of.store is null or m.store_id = (select id from $schema$.stores where code = upper(stock_value_as_of.store)))
            and (stock_value_as_of.sku is null or m.product_id = (select id from $schema$.products where products.sku = upper(stock_value_as_of.sku)))
          group by m.store_id, m.product_id) m
    join $schema$.stores s on s.id = m.store_id
    join $schema$.products p on p.id = m.product_id;
$$;

create or replace function $schema$.stock_ageing(at timestamptz default now())
returns table (store text, sku text, product text, quantity_on_hand numeric, days_0_30 numeric, days_31_60 numeric, days_61_90 numeric,
               days_91_180 numeric, days_over_180 numeric, oldest_days integer, value numeric, store_id uuid, product_id uuid)
language sql stable parallel safe
as $$
    with moved as (
        select m.store_id, m.product_id, m.created_at, m.item_version, m.quantity, l.timezone, l.day,
               sum(m.quantity) over item as on_hand,
               coalesce(sum(m.quantity) filter (where m.quantity > 0) over (item order by m.created_at desc, m.item_version desc
                   rows between unbounded preceding and 1 preceding), 0) as newer
        from $schema$.inventory_movements m
        join $schema$.store_moments(stock_ageing.at) l on l.store_id = m.store_id and m.created_at <= l.at
        where m.created_at <= stock_ageing.at + interval '2 days'
        window item as (partition by m.store_id, m.product_id)
    ), layers as (
        -- what is there came in last: each receipt still holds what later ones do not account for
        select moved.store_id, moved.product_id, moved.on_hand, least(moved.quantity, moved.on_hand - moved.newer) as quantity,
               moved.day - (moved.created_at at time zone moved.timezone)::date as days
        from moved
        where moved.quantity > 0 and moved.newer < moved.on_hand
    )
    select s.code, p.sku, p.name, l.on_hand,
           coalesce(sum(l.quantity) filter (where l.days <= 30), 0),
           coalesce(sum(l.quantity) filter (where l.days between 31 and 60), 0),
           coalesce(sum(l.quantity) filter (where l.days between 61 and 90), 0),
           coalesce(sum(l.quantity) filter (where l.days between 91 and 180), 0),
           coalesce(sum(l.quantity) filter (where l.days > 180), 0),
           max(l.days), round(l.on_hand * i.cost_per_unit, 2), l.store_id, l.product_id
    from layers l
    join $schema$.stores s on s.id = l.store_id
    join $schema$.products p on p.id = l.product_id
    join $schema$.inventory i on i.store_id = l.store_id and i.product_id = l.product_id
    group by s.code, p.sku, p.name, l.on_hand, i.cost_per_unit, l.store_id, l.product_id;
$$;

comment on function $schema$.stock_ageing is
    'How long what is on hand has been there, if what came first left first (FIFO): the quantity by days since it came in, counted by the store''s calendar; one row an item with anything on hand. value is at today''s moving average.';

create or replace function $schema$.dead_stock(days integer default 180)
returns table (store text, sku text, product text, quantity_on_hand numeric, value numeric, last_out_at timestamptz, days_without integer, store_id uuid, product_id uuid)
language sql stable parallel safe
as $$
    select s.code, p.sku, p.name, i.quantity_on_hand, round(i.quantity_on_hand * i.cost_per_unit, 2), o.last_out_at, d.days, i.store_id, i.product_id
    from $schema$.inventory i
    join (select m.store_id, m.product_id, min(m.created_at) as first_at,
                 max(m.created_at) filter (where m.movement_type = 'out' and m.reference_type in ('sale', 'issue') and m.reason is distinct from 'return_to_supplier') as last_out_at
          from $schema$.inventory_movements m
          group by m.store_id, m.product_id) o on o.store_id = i.store_id and o.product_id = i.product_id
    join $schema$.stores s on s.id = i.store_id
    join $schema$.store_zones z on z.store_id = i.store_id
    join $schema$.products p on p.id = i.product_id
    cross join lateral (
        select (now() at time zone z.timezone)::date - (coalesce(o.last_out_at, o.first_at) at time zone z.timezone)::date as days) d
    where i.quantity_on_hand > 0 and d.days >= dead_stock.days;
$$;

comment on function $schema$.dead_stock is
    'What is on hand and has neither been sold nor used for a number of days of the store''s calendar, or since it first came in; transfers, adjustments and returns to suppliers do not count as use.';

-- Movements by hour, day, week and month. A continuous aggregate was here in the community edition: in half-hour zones its hours of UTC make no
-- days, what was learned late was missing from it, and on raw rows months are as fast. The view is the same in both editions now.

do $$
begin
    if exists (select from timescaledb_information.continuous_aggregates where view_schema = '$schema$' and view_name = 'movements_hourly') then
        drop materialized view $schema$.movements_hourly;
    else
        drop view $schema$.movements_hourly;
    end if;
end
$$;

create view $schema$.movements_hourly with (security_invoker) as
    select time_bucket(interval '1 hour', created_at) as hour, store_id, product_id, movement_type, reference_type, reason,
           sum(quantity) as quantity, sum(total_cost) as cost, count(*) as movements
    from $schema$.inventory_movements
    group by 1, store_id, product_id, movement_type, reference_type, reason;

comment on view $schema$.movements_hourly is
    'Movements added up by the hour of UTC in which they happened, store, product and kind. quantity and cost are signed: what they added to stock. For days use movements_by.';

drop function $schema$.movements_by(text, timestamptz, timestamptz);

create function $schema$.movements_by(period text, since timestamptz, until timestamptz default now())
returns table (period_start timestamp, store text, sku text, movement_type text, reference_type text,
               quantity numeric, cost numeric, movements numeric, store_id uuid, product_id uuid)
language sql stable parallel safe
as $$
    select m.period_start, s.code, p.sku, m.movement_type, m.reference_type, m.quantity, m.cost, m.movements, m.store_id, m.product_id
    from (select date_trunc(movements_by.period, m.local_time) as period_start, m.store_id, m.product_id, m.movement_type, m.reference_type,
                 sum(m.quantity) as quantity, sum(m.total_cost) as cost, count(*)::numeric as movements
          from $schema$.movements_between(movements_by.since, movements_by.until) m
          group by 1, m.store_id, m.product_id, m.movement_type, m.reference_type) m
    join $schema$.stores s on s.id = m.store_id
    join $schema$.products p on p.id = m.product_id;
$$;

comment on function $schema$.movements_by is
    'Movements by hour, day, week, month, quarter or year (period), from since up to until, which is excluded. Periods begin by the clocks of the store: period_start is its local time; weeks begin on Monday. A date for since or until is a day in the store''s time zone. quantity and cost are signed: what they added to stock.';

create or replace function $schema$.shrinkage_by_reason(since timestamptz, until timestamptz default now())
returns table (store text, reason text, quantity_lost numeric, value_lost numeric, quantity_found numeric, value_found numeric, net_value numeric, store_id uuid)
language sql stable parallel safe
as $$
    with moved as (
        -- what corrects a count for a movement learned of late belongs to that count's variance
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
    'Stock that was lost and found without a sale, by store and reason, from since up to until, which is excluded: damage, expired, theft, loss, correction, found, other, and count for the variance of counts. Of one document and product what was lost and found is set off first. net_value is what it added to the value of stock, negative for a loss. A date for since or until is a day in the store''s time zone.';

create or replace function $schema$.inventory_turnover(since timestamptz, until timestamptz default now())
returns table (store text, sku text, product text, quantity_sold numeric, average_on_hand numeric, turnover numeric, days_of_inventory numeric,
               quantity_on_hand numeric, days_of_cover numeric, store_id uuid, product_id uuid)
language sql stable parallel safe
as $$
    with moved as (
        select i.store_id, i.product_id, i.quantity_on_hand, b.days, h.sold, h.opening, h.opening + h.weighted as average
        from $schema$.inventory i
        join (select store_id, since, until, extract(epoch from until - since) / 86400 as days
              from $schema$.store_periods(inventory_turnover.since, inventory_turnover.until)) b on b.store_id = i.store_id
        cross join lateral (
            select coalesce(sum(m.quantity) filter (where not m.is_within), 0) as opening,
                   coalesce(-sum(m.quantity) filter (where m.is_within and m.reference_type in ('sale', 'return')), 0) as sold,
                   -- each movement counts for the part of the period that followed it
                   coalesce(sum(m.quantity * extract(epoch from b.until - m.created_at) / (b.days * 86400)) filter (where m.is_within), 0) as weighted
            from (select m.quantity, m.reference_type, m.created_at, m.created_at >= b.since as is_within
                  from $schema$.inventory_movements m
                  where m.store_id = i.store_id and m.product_id = i.product_id and m.created_at < b.until) m) h
    )
    select s.code, p.sku, p.name, m.sold, round(m.average, 3), round(m.sold / nullif(m.average, 0), 2),
           round(m.days * m.average / nullif(m.sold, 0), 1), m.quantity_on_hand, round(m.days * m.quantity_on_hand / nullif(m.sold, 0), 1),
           m.store_id, m.product_id
    from moved m
    join $schema$.stores s on s.id = m.store_id
    join $schema$.products p on p.id = m.product_id;
$$;

comment on function $schema$.inventory_turnover is
    'How often stock turned over from since up to until, which is excluded: quantity sold less returned, over the average quantity on hand (weighted by time). days_of_inventory: how long the average stock lasted at that rate. days_of_cover: how long today''s stock lasts at that rate; null when nothing was sold. A date for since or until is a day in the store''s time zone.';

-- Deliveries are on time, and orders as old as they are, by the calendar of the store.

drop function $schema$.supplier_performance(date, date);

create function $schema$.supplier_performance(since date, until date default null)
returns table (supplier text, business_name text, orders bigint, quantity_ordered numeric, quantity_received numeric, fill_rate_percent numeric,
               lead_time_days numeric, longest_lead_time_days integer, on_time_percent numeric, supplier_id uuid)
language sql stable parallel safe
as $$
    with ordered as (
        select o.id, o.supplier_id, o.order_date, o.expected_date, z.timezone, sum(l.quantity_ordered) as ordered, sum(l.quantity_received) as received
        from $schema$.purchase_orders o
        join $schema$.purchase_order_items l on l.purchase_order_id = o.id and not l.is_removed
        join $schema$.store_zones z on z.store_id = o.store_id
        where o.order_date >= supplier_performance.since
          and o.order_date < coalesce(supplier_performance.until, (now() at time zone z.timezone)::date)
          and o.status in ('confirmed', 'partial', 'received')
        group by o.id, z.timezone
    ), deliveries as (
        select o.id, m.quantity, d.day - o.order_date as days, d.day <= o.expected_date as on_time
        from ordered o
        join $schema$.inventory_movements m
            on m.reference_id = o.id and m.reference_type = 'purchase' and m.created_at >= o.order_date - 1
        cross join lateral (select (m.created_at at time zone o.timezone)::date as day) d
    ), delivered as (
        select d.id, sum(d.quantity) as quantity, sum(d.quantity * d.days) as weighted, max(d.days) as longest,
               sum(d.quantity) filter (where d.on_time) as on_time, sum(d.quantity) filter (where d.on_time is not null) as expected
        from deliveries d
        group by d.id
    )
    select s.code, s.business_name, count(*), sum(o.ordered), sum(o.received), round(100 * sum(least(o.received, o.ordered)) / sum(o.ordered), 2),
           round(sum(d.weighted) / nullif(sum(d.quantity), 0), 1), max(d.longest)::integer,
           round(100 * coalesce(sum(d.on_time), 0) / nullif(sum(d.expected), 0), 2), s.id
    from ordered o
    join $schema$.suppliers s on s.id = o.supplier_id
    left join delivered d on d.id = o.id
    group by s.code, s.business_name, s.id;
$$;

comment on function $schema$.supplier_performance is
    'How suppliers delivered on the orders of a time, by order date from since up to until, which is excluded and today in the store''s time zone when left out; orders in draft, only sent, or cancelled do not count. fill_rate_percent: received of what was ordered, what came too much set aside. lead_time_days: from order to delivery, weighted by quantity. on_time_percent: of what was delivered on orders with an expected date, the quantity that came by then. Days are those of the store''s calendar.';

-- Sales by periods of the store's clocks.

drop function $schema$.sales_by(text, timestamptz, timestamptz);

create function $schema$.sales_by(period text, since timestamptz, until timestamptz default now())
returns table (period_start timestamp, store text, invoices bigint, quantity numeric, net_sales numeric, cost_of_goods_sold numeric,
               margin numeric, margin_percent numeric, store_id uuid)
language sql stable parallel safe
as $$
    select date_trunc(sales_by.period, l.sold_at at time zone z.timezone), l.store, count(distinct l.sale_id), sum(l.quantity), sum(l.net_sales),
           sum(l.cost_of_goods_sold), sum(l.margin), round(100 * sum(l.margin) / nullif(sum(l.net_sales), 0), 2), l.store_id
    from $schema$.sales_lines l
    join $schema$.store_periods(sales_by.since, sales_by.until) z
        on z.store_id = l.store_id and l.sold_at >= z.since and l.sold_at < z.until
    where l.sold_at >= sales_by.since - interval '2 days' and l.sold_at < sales_by.until + interval '2 days'
    group by 1, l.store, l.store_id;
$$;

comment on function $schema$.sales_by is
    'Sales by store and hour, day, week, month, quarter or year (period), from since up to until, which is excluded. Periods begin by the clocks of the store: period_start is its local time; weeks begin on Monday. A date for since or until is a day in the store''s time zone. See sales_lines.';

create or replace function $schema$.sales_by_product(since timestamptz, until timestamptz default now(), store text default null)
returns table (sku text, product text, category text, invoices bigint, quantity numeric, net_sales numeric, cost_of_goods_sold numeric,
               margin numeric, margin_percent numeric, product_id uuid)
language sql stable parallel safe
as $$
    select l.sku, l.product, l.category, count(distinct l.sale_id), sum(l.quantity), sum(l.net_sales), sum(l.cost_of_goods_sold),
           sum(l.margin), round(100 * sum(l.margin) / nullif(sum(l.net_sales), 0), 2), l.product_id
    from $schema$.sales_lines l
    join $schema$.store_periods(sales_by_product.since, sales_by_product.until) z
        on z.store_id = l.store_id and l.sold_at >= z.since and l.sold_at < z.until
    where l.sold_at >= sales_by_product.since - interval '2 days' and l.sold_at < sales_by_product.until + interval '2 days'
      and (sales_by_product.store is null or l.store = upper(sales_by_product.store))
    group by l.sku, l.product, l.category, l.product_id;
$$;

create or replace function $schema$.sales_by_category(since timestamptz, until timestamptz default now(), store text default null)
returns table (category text, invoices bigint, quantity numeric, net_sales numeric, cost_of_goods_sold numeric,
               margin numeric, margin_percent numeric, category_id uuid)
language sql stable parallel safe
as $$
    select l.category, count(distinct l.sale_id), sum(l.quantity), sum(l.net_sales), sum(l.cost_of_goods_sold),
           sum(l.margin), round(100 * sum(l.margin) / nullif(sum(l.net_sales), 0), 2), l.category_id
    from $schema$.sales_lines l
    join $schema$.store_periods(sales_by_category.since, sales_by_category.until) z
        on z.store_id = l.store_id and l.sold_at >= z.since and l.sold_at < z.until
    where l.sold_at >= sales_by_category.since - interval '2 days' and l.sold_at < sales_by_category.until + interval '2 days'
      and (sales_by_category.store is null or l.store = upper(sales_by_category.store))
    group by l.category, l.category_id;
$$;

create or replace function $schema$.sales_by_store(since timestamptz, until timestamptz default now())
returns table (store text, invoices bigint, quantity numeric, net_sales numeric, cost_of_goods_sold numeric,
               margin numeric, margin_percent numeric, store_id uuid)
language sql stable parallel safe
as $$
    select l.store, count(distinct l.sale_id), sum(l.quantity), sum(l.net_sales), sum(l.cost_of_goods_sold),
           sum(l.margin), round(100 * sum(l.margin) / nullif(sum(l.net_sales), 0), 2), l.store_id
    from $schema$.sales_lines l
    join $schema$.store_periods(sales_by_store.since, sales_by_store.until) z
        on z.store_id = l.store_id and l.sold_at >= z.since and l.sold_at < z.until
    where l.sold_at >= sales_by_store.since - interval '2 days' and l.sold_at < sales_by_store.until + interval '2 days'
    group by l.store, l.store_id;
$$;

create or replace function $schema$.sales_by_payment_method(since timestamptz, until timestamptz default now(), store text default null)
returns table (payment_method text, invoices bigint, quantity numeric, net_sales numeric, cost_of_goods_sold numeric, margin numeric, margin_percent numeric)
language sql stable parallel safe
as $$
    select l.payment_method, count(distinct l.sale_id), sum(l.quantity), sum(l.net_sales), sum(l.cost_of_goods_sold),
           sum(l.margin), round(100 * sum(l.margin) / nullif(sum(l.net_sales), 0), 2)
    from $schema$.sales_lines l
    join $schema$.store_periods(sales_by_payment_method.since, sales_by_payment_method.until) z
        on z.store_id = l.store_id and l.sold_at >= z.since and l.sold_at < z.until
    where l.sold_at >= sales_by_payment_method.since - interval '2 days' and l.sold_at < sales_by_payment_method.until + interval '2 days'
      and (sales_by_payment_method.store is null or l.store = upper(sales_by_payment_method.store))
    group by l.payment_method;
$$;

-- What counts have seen already.

create view $schema$.count_corrections with (security_invoker) as
    select c.recorded_at, s.code as store, p.sku, p.name as product,
           l.reference_type as document, l.reference_id as document_id, l.reference as document_reference, l.created_at as occurred_at, l.quantity,
           c.reference_id as count_id, c.reference as count_reference, c.created_at as counted_at, c.created_by, c.id, c.store_id, c.product_id
    from $schema$.inventory_movements c
    join lateral (
        -- the correction follows in the history of its item on the movement that it corrects
        select m.reference_type, m.reference_id, m.reference, m.created_at, m.quantity
        from $schema$.inventory_movements m
        where m.store_id = c.store_id and m.product_id = c.product_id and m.item_version = c.item_version - 1
          and m.created_at < c.created_at and m.quantity = -c.quantity) l on true
    join $schema$.stores s on s.id = c.store_id
    join $schema$.products p on p.id = c.product_id
    where c.reason = 'late_movement' and c.reference_type = 'count';

comment on view $schema$.count_corrections is
    'Movements that occurred before a count and were recorded after it, one row each: the count had seen them, so they changed the history and not today''s stock. recorded_at is when the ledger learned of them; quantity is what they would have added to on hand.';

create index idx_movements_count_corrections on $schema$.inventory_movements (recorded_at desc, id)
    where reason = 'late_movement' and reference_type = 'count';

do $$
begin
    if '$schema$' <> 'template' then
        grant select on $schema$.store_zones, $schema$.movements_hourly, $schema$.count_corrections to $schema$_analyst;
    end if;
end
$$;
