-- Why: an auditor asks what was on hand at a moment, as it was known at another.

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
    'Stock on hand at a moment, as it was known at another; default: as known today. It is the sum of the movements that occurred by '
    'the first moment and were recorded by the second. A date is the start of that day in the store''s time zone. One row an item that had '
    'moved by then. store: a store''s code, sku: a product''s; each limits the rows, and null means all.';
