-- Why: with millions of movements and hundreds of thousands of stock items the reports above read more than they have to.

-- What is low is below the highest reorder point of all: the first index finds that one, the second what is below it, without reading the table.
create index idx_products_reorder_point on $schema$.products (reorder_point);

create index idx_inventory_available on $schema$.inventory (quantity_available) include (store_id, product_id, tenant_id);

create or replace view $schema$.low_stock with (security_invoker) as
    with coming as (
        select store_id, product_id, sum(on_order) as on_order, sum(in_transit) as in_transit
        from (select o.store_id, l.product_id, greatest(l.quantity_ordered - l.quantity_received, 0) as on_order, 0::numeric as in_transit
              from $schema$.purchase_orders o
              join $schema$.purchase_order_items l on l.purchase_order_id = o.id and not l.is_removed
              where o.status in ('sent', 'confirmed', 'partial')
              union all
              select t.to_store_id, l.product_id, 0::numeric, l.quantity_in_transit
              from $schema$.transfers t
              join $schema$.transfer_items l on l.transfer_id = t.id
              where t.status in ('in_transit', 'partial')) c
        group by store_id, product_id
    ), low as (
        select i.store_id, i.product_id, i.quantity_available
        from $schema$.inventory i
        join $schema$.products p on p.id = i.product_id
        where i.quantity_available < p.reorder_point and i.quantity_available < (select max(reorder_point) from $schema$.products)
        union all
        -- on its way to where there has never been any
        select c.store_id, c.product_id, 0::numeric
        from coming c
        where not exists (select from $schema$.inventory i where i.store_id = c.store_id and i.product_id = c.product_id)
    )
    select s.code as store, p.sku, p.name as product, c.name as category, l.quantity_available,
           coalesce(n.on_order, 0) as quantity_on_order, coalesce(n.in_transit, 0) as quantity_in_transit,
           p.reorder_point, p.reorder_point - l.quantity_available as quantity_below, l.store_id, l.product_id
    from low l
    join $schema$.stores s on s.id = l.store_id
    join $schema$.products p on p.id = l.product_id
    left join $schema$.categories c on c.id = p.category_id
    left join coming n on n.store_id = l.store_id and n.product_id = l.product_id
    where l.quantity_available < p.reorder_point;

-- Covers the value as of a moment as well as the quantity.
drop index $schema$.idx_movements_as_of;

create index idx_movements_as_of on $schema$.inventory_movements (store_id, product_id, created_at)
    include (recorded_at, quantity, item_version, average_cost, cost_per_unit, movement_type);

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
          where m.created_at <= stock_value_as_of.at and m.recorded_at <= stock_value_as_of.known_at
            and (stock_value_as_of.store is null or m.store_id = (select id from $schema$.stores where code = upper(stock_value_as_of.store)))
            and (stock_value_as_of.sku is null or m.product_id = (select id from $schema$.products where products.sku = upper(stock_value_as_of.sku)))
          group by m.store_id, m.product_id) m
    join $schema$.stores s on s.id = m.store_id
    join $schema$.products p on p.id = m.product_id;
$$;

-- The history is read once, not once for each item.
create or replace function $schema$.dead_stock(days integer default 180)
returns table (store text, sku text, product text, quantity_on_hand numeric, value numeric, last_out_at timestamptz, days_without integer, store_id uuid, product_id uuid)
language sql stable parallel safe
as $$
    select s.code, p.sku, p.name, i.quantity_on_hand, round(i.quantity_on_hand * i.cost_per_unit, 2), o.last_out_at,
           floor(extract(epoch from now() - coalesce(o.last_out_at, o.first_at)) / 86400)::integer, i.store_id, i.product_id
    from $schema$.inventory i
    join (select m.store_id, m.product_id, min(m.created_at) as first_at,
                 max(m.created_at) filter (where m.movement_type = 'out' and m.reference_type in ('sale', 'issue') and m.reason is distinct from 'return_to_supplier') as last_out_at
          from $schema$.inventory_movements m
          group by m.store_id, m.product_id) o on o.store_id = i.store_id and o.product_id = i.product_id
    join $schema$.stores s on s.id = i.store_id
    join $schema$.products p on p.id = i.product_id
    where i.quantity_on_hand > 0 and coalesce(o.last_out_at, o.first_at) < now() - make_interval(days => dead_stock.days);
$$;

-- The Apache edition, which keeps no hourly sums, does not make them up on the way.
do $$
begin
    if current_setting('timescaledb.license') <> 'timescale' then
        create or replace function $schema$.movements_by(period text, since timestamptz, until timestamptz default now())
        returns table (period_start timestamptz, store text, sku text, movement_type text, reference_type text,
                       quantity numeric, cost numeric, movements numeric, store_id uuid, product_id uuid)
        language sql stable parallel safe
        as '
            select m.period_start, s.code, p.sku, m.movement_type, m.reference_type, m.quantity, m.cost, m.movements, m.store_id, m.product_id
            from (select date_trunc(movements_by.period, m.created_at) as period_start, m.store_id, m.product_id, m.movement_type, m.reference_type,
                         sum(m.quantity) as quantity, sum(m.total_cost) as cost, count(*)::numeric as movements
                  from $schema$.inventory_movements m
                  where m.created_at >= date_trunc(''hour'', movements_by.since - interval ''1 microsecond'', ''UTC'') + interval ''1 hour''
                    and m.created_at < date_trunc(''hour'', movements_by.until - interval ''1 microsecond'', ''UTC'') + interval ''1 hour''
                  group by 1, m.store_id, m.product_id, m.movement_type, m.reference_type) m
            join $schema$.stores s on s.id = m.store_id
            join $schema$.products p on p.id = m.product_id;
        ';
    end if;
end
$$;
