-- Why: analysts ask what is there, what it is worth and what was there then; each question has one answer, kept here.

-- What is where. Read as the caller, whose own rights decide.

create view $schema$.stock_on_hand with (security_invoker) as
    with on_order as (
        select o.store_id, l.product_id, sum(greatest(l.quantity_ordered - l.quantity_received, 0)) as quantity
        from $schema$.purchase_orders o
        join $schema$.purchase_order_items l on l.purchase_order_id = o.id and not l.is_removed
        where o.status in ('sent', 'confirmed', 'partial')
        group by o.store_id, l.product_id
    ), in_transit as (
        select t.to_store_id as store_id, l.product_id, sum(l.quantity_in_transit) as quantity
        from $schema$.transfers t
        join $schema$.transfer_items l on l.transfer_id = t.id
        where t.status in ('in_transit', 'partial')
        group by t.to_store_id, l.product_id
    )
    select s.code as store, p.sku, p.name as product, c.name as category, p.unit_type,
           coalesce(i.quantity_on_hand, 0) as quantity_on_hand,
           coalesce(i.quantity_reserved, 0) as quantity_reserved,
           coalesce(i.quantity_available, 0) as quantity_available,
           coalesce(o.quantity, 0) as quantity_on_order,
           coalesce(t.quantity, 0) as quantity_in_transit,
           p.reorder_point, p.min_stock_level, p.max_stock_level,
           coalesce(i.cost_per_unit, p.cost_price) as cost_per_unit,
           round(coalesce(i.quantity_on_hand * i.cost_per_unit, 0), 2) as value,
           i.last_movement_at,
           store_id, product_id
    from $schema$.inventory i
    full join on_order o using (store_id, product_id)
    full join in_transit t using (store_id, product_id)
    join $schema$.stores s on s.id = store_id
    join $schema$.products p on p.id = product_id
    left join $schema$.categories c on c.id = p.category_id;

comment on view $schema$.stock_on_hand is
    'Stock now: one row a product and store that has, had or expects any. Quantities in the product''s unit; value in the tenant''s currency: quantity_on_hand times cost_per_unit, the moving average, to two decimals. quantity_on_order: what purchase orders sent and not yet received will bring. quantity_in_transit: what transfers are bringing from other stores.';

create view $schema$.low_stock with (security_invoker) as
    select store, sku, product, category, quantity_available, quantity_on_order, quantity_in_transit, reorder_point,
           reorder_point - quantity_available as quantity_below, store_id, product_id
    from $schema$.stock_on_hand
    where quantity_available < reorder_point;

comment on view $schema$.low_stock is
    'Stock whose available quantity is below the product''s reorder point, with what is already coming.';

-- What was where. Movements have two times: created_at, when it happened in the shop, and recorded_at, when the ledger learned of it.

create function $schema$.stock_as_of(
    at timestamptz, known_at timestamptz default 'infinity', store text default null, sku text default null)
returns table (store text, sku text, product text, quantity_on_hand numeric, store_id uuid, product_id uuid)
language sql stable parallel safe
as $$
    select s.code, p.sku, p.name, m.quantity, m.store_id, m.product_id
    from (select m.store_id, m.product_id, sum(m.quantity) as quantity
          from $schema$.inventory_movements m
          where m.created_at <= stock_as_of.at and m.recorded_at <= stock_as_of.known_at
            and (stock_as_of.store is null or m.store_id = (select id from $schema$.stores where code = upper(stock_as_of.store)))
            and (stock_as_of.sku is null or m.product_id = (select id from $schema$.products where products.sku = upper(stock_as_of.sku)))
          group by m.store_id, m.product_id) m
    join $schema$.stores s on s.id = m.store_id
    join $schema$.products p on p.id = m.product_id;
$$;

comment on function $schema$.stock_as_of is
    'What was on hand at a moment, from what was known at another (by default all that is known today): the sum of the movements that had happened by the one and were recorded by the other. One row an item that had moved by then. store: a store''s code, sku: a product''s; each narrows what is read, and null takes all.';

-- The books take movements in the order recorded (StockItem.UnitCost, kept in average_cost); this is for other orders.

create function $schema$.moving_average_step(state numeric[], quantity numeric, cost_per_unit numeric, movement_type text) returns numeric[]
language plpgsql immutable parallel safe
as $$
begin
    if state is null then
        return array[quantity, cost_per_unit];
    elsif quantity > 0 and movement_type in ('in', 'transfer') then
        return array[state[1] + quantity,
                     case when state[1] <= 0 then cost_per_unit
                          else round((state[1] * state[2] + quantity * cost_per_unit) / (state[1] + quantity), 4) end];
    else
        return array[state[1] + quantity, state[2]];
    end if;
end
$$;

create function $schema$.moving_average_result(state numeric[]) returns numeric
language sql immutable parallel safe
as $$ select state[2] $$;

create aggregate $schema$.moving_average(quantity numeric, cost_per_unit numeric, movement_type text) (
    sfunc = $schema$.moving_average_step,
    stype = numeric[],
    finalfunc = $schema$.moving_average_result,
    parallel = safe
);

comment on function $schema$.moving_average_step is
    'One movement more in a moving average: state is on hand and average before it.';

comment on function $schema$.moving_average_result is
    'The average of a state.';

comment on aggregate $schema$.moving_average(numeric, numeric, text) is
    'The moving average cost of one unit of one item, its movements taken in the order by of the call: what comes in from outside or from another store is averaged in, to four decimals; what leaves, adjustments and counts leave it as it is. What was lost on its way from another store is averaged in before it is written off.';

create function $schema$.stock_value_as_of(
    at timestamptz, known_at timestamptz default 'infinity', store text default null, sku text default null)
returns table (store text, sku text, product text, quantity_on_hand numeric, cost_per_unit numeric, value numeric, restated_cost_per_unit numeric,
               restated_value numeric, store_id uuid, product_id uuid)
language sql stable parallel safe
as $$
    select s.code, p.sku, p.name, m.quantity, m.cost, round(m.quantity * m.cost, 2), m.restated, round(m.quantity * m.restated, 2), m.store_id, m.product_id
    from (select m.store_id, m.product_id, sum(m.quantity) as quantity,
                 (array_agg(m.average_cost order by m.item_version desc))[1] as cost,
                 $schema$.moving_average(m.quantity, m.cost_per_unit, m.movement_type order by m.created_at, m.item_version) as restated
          from $schema$.inventory_movements m
          where m.created_at <= stock_value_as_of.at and m.recorded_at <= stock_value_as_of.known_at
            and (stock_value_as_of.store is null or m.store_id = (select id from $schema$.stores where code = upper(stock_value_as_of.store)))
            and (stock_value_as_of.sku is null or m.product_id = (select id from $schema$.products where products.sku = upper(stock_value_as_of.sku)))
          group by m.store_id, m.product_id) m
    join $schema$.stores s on s.id = m.store_id
    join $schema$.products p on p.id = m.product_id;
$$;

comment on function $schema$.stock_value_as_of is
    'What stock was worth at a moment, from what was known at another; see stock_as_of. cost_per_unit is the moving average after the last of those movements to be recorded, as the books have it: with at and known_at alike it is what inventory said then. restated_cost_per_unit takes the same movements in the order in which they happened, as if none had been learned of late.';

create function $schema$.stock_ageing(at timestamptz default now())
returns table (store text, sku text, product text, quantity_on_hand numeric, days_0_30 numeric, days_31_60 numeric, days_61_90 numeric,
               days_91_180 numeric, days_over_180 numeric, oldest_days integer, value numeric, store_id uuid, product_id uuid)
language sql stable parallel safe
as $$
    with moved as (
        select m.store_id, m.product_id, m.created_at, m.item_version, m.quantity,
               sum(m.quantity) over item as on_hand,
               coalesce(sum(m.quantity) filter (where m.quantity > 0) over (item order by m.created_at desc, m.item_version desc
                   rows between unbounded preceding and 1 preceding), 0) as newer
        from $schema$.inventory_movements m
        where m.created_at <= stock_ageing.at
        window item as (partition by m.store_id, m.product_id)
    ), layers as (
        -- what is there came in last: each receipt still holds what later ones do not account for
        select moved.store_id, moved.product_id, moved.on_hand, least(moved.quantity, moved.on_hand - moved.newer) as quantity,
               floor(extract(epoch from stock_ageing.at - moved.created_at) / 86400)::integer as days
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
    'How long what is on hand has been there, if what came first left first (FIFO): the quantity by days since it came in; one row an item with anything on hand. value is at today''s moving average.';

create function $schema$.dead_stock(days integer default 180)
returns table (store text, sku text, product text, quantity_on_hand numeric, value numeric, last_out_at timestamptz, days_without integer, store_id uuid, product_id uuid)
language sql stable parallel safe
as $$
    select s.code, p.sku, p.name, i.quantity_on_hand, round(i.quantity_on_hand * i.cost_per_unit, 2), o.last_out_at,
           floor(extract(epoch from now() - coalesce(o.last_out_at, o.first_at)) / 86400)::integer, i.store_id, i.product_id
    from $schema$.inventory i
    join $schema$.stores s on s.id = i.store_id
    join $schema$.products p on p.id = i.product_id
    cross join lateral (
        select max(m.created_at) filter (where m.movement_type = 'out' and m.reference_type in ('sale', 'issue') and m.reason is distinct from 'return_to_supplier') as last_out_at,
               min(m.created_at) as first_at
        from $schema$.inventory_movements m
        where m.store_id = i.store_id and m.product_id = i.product_id) o
    where i.quantity_on_hand > 0 and coalesce(o.last_out_at, o.first_at) < now() - make_interval(days => dead_stock.days);
$$;

comment on function $schema$.dead_stock is
    'What is on hand and has neither been sold nor used for a number of days, or since it first came in; transfers, adjustments and returns to suppliers do not count as use.';

do $$
begin
    if '$schema$' <> 'template' then
        grant select on $schema$.stock_on_hand, $schema$.low_stock to $schema$_analyst;
    end if;
end
$$;
