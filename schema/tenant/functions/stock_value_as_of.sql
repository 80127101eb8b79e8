-- Why: an auditor asks what stock was worth at a moment, as it was known at another.

create or replace function $schema$.stock_value_as_of(
    at timestamptz, known_at timestamptz default 'infinity', store text default null, sku text default null)
returns table (store text, sku text, product text, quantity_on_hand numeric, cost_per_unit numeric, value numeric,
               restated_cost_per_unit numeric, restated_value numeric, store_id uuid, product_id uuid)
language sql stable parallel safe
as $$
    select s.code, p.sku, p.name, m.quantity, m.cost, round(m.quantity * m.cost, 2), m.restated, round(m.quantity * m.restated, 2),
           m.store_id, m.product_id
    from (select m.store_id, m.product_id, sum(m.quantity) as quantity, public.last(m.average_cost, m.item_version) as cost,
                 $schema$.moving_average(m.quantity, m.cost_per_unit, m.movement_type, m.reference_type
                     order by m.created_at, m.item_version) as restated
          from $schema$.inventory_movements m
          join $schema$.store_moments(stock_value_as_of.at, stock_value_as_of.known_at) l
              on l.store_id = m.store_id and m.created_at <= l.at and m.recorded_at <= l.known_at
          where m.created_at <= stock_value_as_of.at + interval '2 days'
            and (stock_value_as_of.store is null or m.store_id = (
                select id from $schema$.stores where code = upper(stock_value_as_of.store)))
            and (stock_value_as_of.sku is null or m.product_id = (
                select id from $schema$.products where products.sku = upper(stock_value_as_of.sku)))
          group by m.store_id, m.product_id) m
    join $schema$.stores s on s.id = m.store_id
    join $schema$.products p on p.id = m.product_id;
$$;

comment on function $schema$.stock_value_as_of is
    'Value of stock at a moment, as it was known at another; see stock_as_of. cost_per_unit: moving average after the last recorded '
    'of those movements; it equals inventory at that time when at and known_at are the same. restated_cost_per_unit: moving average of the '
    'same movements in the order in which they occurred.';
