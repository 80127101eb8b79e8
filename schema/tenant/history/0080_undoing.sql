-- Why: normal mishaps in buying and moving have a way back. What came of it is kept beside the document that it is about.

-- Purchase orders: goods go back to the supplier, and are replaced or not.

alter table $schema$.purchase_order_items add column quantity_cancelled numeric(18,3) not null default 0;

comment on column $schema$.purchase_order_items.quantity_received is
    'What has arrived so far, over all deliveries, less what went back to the supplier.';

comment on column $schema$.purchase_order_items.quantity_cancelled is
    'What will not come any more: it went back and is not replaced, or the order had been closed without it when something else went back. On order is what was ordered less received less cancelled. Not in the data model.';

comment on column $schema$.purchase_orders.status is
    'draft, sent, confirmed, partial, received (nothing more is to come) or cancelled.';

create table $schema$.delivery_items
(
    id                     uuid          not null,
    line_number            integer       not null,
    tenant_id              uuid          not null default '$tenant_id$',
    purchase_order_id      uuid          not null,
    purchase_order_item_id uuid          not null,
    delivery_id            uuid          not null,
    return_id              uuid,
    quantity               numeric(18,3) not null,
    cost_per_unit          numeric(18,4) not null,
    is_replaced            boolean       not null default false,
    reference              varchar,
    notes                  text,
    occurred_at            timestamptz   not null,
    created_by             uuid,
    created_at             timestamptz   not null default now(),

    constraint delivery_items_pkey primary key (id, line_number),
    constraint delivery_items_purchase_order_id_fkey foreign key (purchase_order_id) references $schema$.purchase_orders (id),
    constraint delivery_items_purchase_order_item_id_fkey foreign key (purchase_order_item_id) references $schema$.purchase_order_items (id),
    constraint delivery_items_created_by_fkey foreign key (created_by) references $schema$.users (id),
    constraint delivery_items_quantity_check check (case when return_id is null then quantity > 0 else quantity < 0 end),
    constraint delivery_items_is_replaced_check check (return_id is not null or not is_replaced)
);

create index idx_delivery_items_order on $schema$.delivery_items (purchase_order_id, delivery_id);

create index idx_delivery_items_order_item on $schema$.delivery_items (purchase_order_item_id);

create index idx_delivery_items_created_by on $schema$.delivery_items (created_by);

comment on table $schema$.delivery_items is
    'What each delivery of a purchase order brought, and what of it went back to the supplier, one row a line. Not in the data model.';

comment on column $schema$.delivery_items.id is
    'The id of the event.';

comment on column $schema$.delivery_items.line_number is
    'The place of the line in the delivery or return, from 1.';

comment on column $schema$.delivery_items.tenant_id is
    'Always this schema''s tenant; row level security compares it.';

comment on column $schema$.delivery_items.purchase_order_id is
    'The order: reference_id of the movements.';

comment on column $schema$.delivery_items.purchase_order_item_id is
    'The line of the order.';

comment on column $schema$.delivery_items.delivery_id is
    'The delivery that brought the goods.';

comment on column $schema$.delivery_items.return_id is
    'The return by which they went back; null for what the delivery brought.';

comment on column $schema$.delivery_items.quantity is
    'Signed: above zero for what came, below zero for what went back. What stayed of a delivery is the sum.';

comment on column $schema$.delivery_items.cost_per_unit is
    'What one unit came with, and went back at.';

comment on column $schema$.delivery_items.is_replaced is
    'Of what went back whether the supplier was to send it again; false for what the delivery brought.';

comment on column $schema$.delivery_items.reference is
    'The number of the delivery note, or of the return; null also for deliveries that an older version recorded.';

comment on column $schema$.delivery_items.notes is
    'Why goods went back.';

comment on column $schema$.delivery_items.occurred_at is
    'When they came, or left.';

comment on column $schema$.delivery_items.created_by is
    'Who recorded it; null when the system did.';

comment on column $schema$.delivery_items.created_at is
    'When the ledger learned of it.';

-- Transfers: what is in transit can turn back.

alter table $schema$.transfers
    add column cancelled_at timestamptz,
    drop constraint transfers_status_check,
    add constraint transfers_status_check check (status in ('in_transit', 'partial', 'received', 'cancelled'));

comment on column $schema$.transfers.status is
    'in_transit, partial, received or cancelled.';

comment on column $schema$.transfers.cancelled_at is
    'When what was still in transit was back in the store that it had left; null unless the transfer was cancelled.';

alter table $schema$.transfer_items
    add column quantity_returned numeric(18,3) not null default 0,
    drop constraint transfer_items_quantity_in_transit_check,
    add constraint transfer_items_quantity_in_transit_check
        check (quantity_in_transit >= 0
               and quantity_in_transit = quantity_sent - quantity_received - quantity_lost - quantity_damaged - quantity_returned);

comment on column $schema$.transfer_items.quantity_in_transit is
    'What is still on its way: sent less received, lost, damaged and returned.';

comment on column $schema$.transfer_items.quantity_returned is
    'What came back to the store that it had left when the transfer was cancelled.';

-- Reservations: sales take them in part.

alter table $schema$.reservation_items
    add column quantity_fulfilled numeric(18,3) not null default 0,
    add column quantity_held      numeric(18,3) not null default 0;

comment on table $schema$.reservation_items is
    'Lines of a reservation. Reserved in inventory is the sum of quantity_held. Not in the data model.';

comment on column $schema$.reservation_items.quantity is
    'How much was reserved: while the line is open what sales took of it and what is still held.';

comment on column $schema$.reservation_items.quantity_fulfilled is
    'What sales took of it.';

comment on column $schema$.reservation_items.quantity_held is
    'What is still held.';

comment on column $schema$.reservation_items.status is
    'open while something is held; then what became of it, or of the rest of it: fulfilled, released or expired.';

comment on column $schema$.inventory.quantity_reserved is
    'Sum of what open reservations hold.';

comment on column $schema$.inventory.quantity_available is
    'On hand less reserved; below zero for a product that allows backorder, and where damage, theft, a correction or a count took what was reserved.';

create table $schema$.reservation_fulfilments
(
    id             uuid          not null,
    line_number    integer       not null,
    tenant_id      uuid          not null default '$tenant_id$',
    reservation_id uuid          not null,
    sale_id        uuid          not null,
    quantity       numeric(18,3) not null,
    created_at     timestamptz   not null default now(),

    constraint reservation_fulfilments_pkey primary key (id, line_number),
    constraint reservation_fulfilments_reservation_id_fkey foreign key (reservation_id) references $schema$.reservations (id),
    constraint reservation_fulfilments_sale_id_fkey foreign key (sale_id) references $schema$.sales (id),
    constraint reservation_fulfilments_quantity_check check (quantity > 0)
);

create index idx_reservation_fulfilments_reservation on $schema$.reservation_fulfilments (reservation_id);

create index idx_reservation_fulfilments_sale on $schema$.reservation_fulfilments (sale_id);

comment on table $schema$.reservation_fulfilments is
    'What each sale took of a reservation, one row a line of it. Not in the data model.';

comment on column $schema$.reservation_fulfilments.id is
    'The id of the event.';

comment on column $schema$.reservation_fulfilments.line_number is
    'The line of the reservation, from 1.';

comment on column $schema$.reservation_fulfilments.tenant_id is
    'Always this schema''s tenant; row level security compares it.';

comment on column $schema$.reservation_fulfilments.reservation_id is
    'The reservation.';

comment on column $schema$.reservation_fulfilments.sale_id is
    'The sale that took it.';

comment on column $schema$.reservation_fulfilments.quantity is
    'How much of the line; of sales that an older version recorded all that the line held.';

comment on column $schema$.reservation_fulfilments.created_at is
    'When the ledger learned of it.';

-- As every plain table: see 0011, 0012, 0013 and 0037. What happened is never changed.
do $$
declare
    plain_table text;
begin
    foreach plain_table in array array['delivery_items', 'reservation_fulfilments']
    loop
        execute format('alter table $schema$.%I enable row level security', plain_table);

        execute format('alter table $schema$.%I force row level security', plain_table);

        execute format(
            'create policy tenant_isolation_policy on $schema$.%I
                 using (tenant_id = (select nullif(current_setting(''app.current_tenant_id'', true), '''')::uuid))
                 with check (tenant_id = (select nullif(current_setting(''app.current_tenant_id'', true), '''')::uuid))',
            plain_table);

        if '$schema$' <> 'template' then
            execute format('grant select on $schema$.%I to $schema$_analyst', plain_table);

            execute format('create policy analyst_policy on $schema$.%I for select to $schema$_analyst using (true)', plain_table);
        end if;
    end loop;
end
$$;

grant select, insert on $schema$.delivery_items, $schema$.reservation_fulfilments to fluxion_app;

-- A tenant that is older gets its rows from its events, as a replay would write them. When a row was last changed stays what it was.
do $$
begin
    if to_regclass('$schema$.mt_events') is null then
        return;
    end if;
    perform set_config('app.current_tenant_id', '$tenant_id$', true);

    insert into $schema$.delivery_items (id, line_number, purchase_order_id, purchase_order_item_id, delivery_id, quantity, cost_per_unit, occurred_at, created_by, created_at)
    select e.id, l.place, e.stream_id, (l.line ->> 'lineId')::uuid, (e.data ->> 'deliveryId')::uuid, (l.line ->> 'quantity')::numeric,
           (l.line ->> 'unitCost')::numeric, (e.data ->> 'occurredAt')::timestamptz, e.user_name::uuid, e.timestamp
    from $schema$.mt_events e
    cross join jsonb_array_elements(e.data -> 'lines') with ordinality l (line, place)
    where e.type = 'purchase_order_received';

    alter table $schema$.reservation_items disable trigger update_updated_at_trigger;

    update $schema$.reservation_items
    set quantity_fulfilled = case when status = 'fulfilled' then quantity else 0 end,
        quantity_held = case when status = 'open' then quantity else 0 end
    where status in ('open', 'fulfilled');

    alter table $schema$.reservation_items enable trigger update_updated_at_trigger;

    insert into $schema$.reservation_fulfilments (id, line_number, reservation_id, sale_id, quantity, created_at)
    select f.id, l.place, f.stream_id, (f.data ->> 'saleId')::uuid, (l.line ->> 'quantity')::numeric, f.timestamp
    from $schema$.mt_events f
    join $schema$.mt_events o on o.stream_id = f.stream_id and o.type = 'reservation_opened'
    cross join jsonb_array_elements(o.data -> 'lines') with ordinality l (line, place)
    where f.type = 'reservation_fulfilled' and l.line ->> 'storeId' = f.data ->> 'storeId';
end
$$;

-- Alerts: a reservation that can no longer be kept.

alter table $schema$.alerts
    drop constraint alerts_alert_type_check,
    add constraint alerts_alert_type_check
        check (alert_type in ('low_stock', 'overstock', 'demand_spike', 'slow_moving', 'reservation_short', 'forecast_alert'));

comment on column $schema$.alerts.alert_type is
    'low_stock, overstock, demand_spike, slow_moving, forecast_alert; and reservation_short, less is on hand than is reserved, which is not in the data model.';

-- Movements: what goes back to a supplier leaves at what it came with, which the moving average leaves out again.

comment on column $schema$.inventory_movements.movement_type is
    'in, out, transfer or adjustment. A transfer that was cancelled comes in where it had left.';

comment on column $schema$.inventory_movements.reference_id is
    'Source transaction id: the sale, purchase order, transfer or other command. What goes back to a supplier has that of the order or receipt that brought it.';

comment on column $schema$.inventory_movements.reason is
    'Why stock was issued or adjusted, for instance damage; return_to_supplier also for what goes back of an order or receipt. Not in the data model.';

drop index $schema$.idx_movements_as_of;

create index idx_movements_as_of on $schema$.inventory_movements (store_id, product_id, created_at)
    include (recorded_at, quantity, item_version, average_cost, cost_per_unit, movement_type, reference_type);

drop aggregate $schema$.moving_average(numeric, numeric, text);

drop function $schema$.moving_average_step(numeric[], numeric, numeric, text);

create function $schema$.moving_average_step(
    state numeric[], quantity numeric, cost_per_unit numeric, movement_type text, reference_type text) returns numeric[]
language plpgsql immutable parallel safe
as $$
begin
    if state is null then
        return array[quantity, cost_per_unit];
    elsif quantity > 0 and movement_type in ('in', 'transfer') then
        return array[state[1] + quantity,
                     case when state[1] <= 0 then cost_per_unit
                          else round((state[1] * state[2] + quantity * cost_per_unit) / (state[1] + quantity), 4) end];
    elsif movement_type = 'out' and reference_type in ('purchase', 'receipt') and state[1] + quantity > 0
          and state[1] * state[2] + quantity * cost_per_unit >= 0 then
        return array[state[1] + quantity, round((state[1] * state[2] + quantity * cost_per_unit) / (state[1] + quantity), 4)];
    else
        return array[state[1] + quantity, state[2]];
    end if;
end
$$;

create aggregate $schema$.moving_average(quantity numeric, cost_per_unit numeric, movement_type text, reference_type text) (
    sfunc = $schema$.moving_average_step,
    stype = numeric[],
    finalfunc = $schema$.moving_average_result,
    parallel = safe
);

comment on function $schema$.moving_average_step is
    'One movement more in a moving average: state is on hand and average before it.';

comment on aggregate $schema$.moving_average(numeric, numeric, text, text) is
    'The moving average cost of one unit of one item, its movements taken in the order by of the call: what comes in from outside or from another store is averaged in, to four decimals. What goes back to a supplier is taken out again at what it came with; where nothing stays, or what stays would cost less than nothing, the average stays. What else leaves, adjustments and counts leave it as it is. What was lost on its way from another store is averaged in before it is written off.';

create or replace function $schema$.stock_value_as_of(
    at timestamptz, known_at timestamptz default 'infinity', store text default null, sku text default null)
returns table (store text, sku text, product text, quantity_on_hand numeric, cost_per_unit numeric, value numeric, restated_cost_per_unit numeric,
               restated_value numeric, store_id uuid, product_id uuid)
language sql stable parallel safe
as $$
    select s.code, p.sku, p.name, m.quantity, m.cost, round(m.quantity * m.cost, 2), m.restated, round(m.quantity * m.restated, 2), m.store_id, m.product_id
    from (select m.store_id, m.product_id, sum(m.quantity) as quantity, public.last(m.average_cost, m.item_version) as cost,
                 $schema$.moving_average(m.quantity, m.cost_per_unit, m.movement_type, m.reference_type order by m.created_at, m.item_version) as restated
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

-- A supplier is judged by what stayed.

create or replace function $schema$.supplier_performance(since date, until date default null)
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
        select o.id, d.quantity, d.day - o.order_date as days, d.day <= o.expected_date as on_time
        from ordered o
        cross join lateral (
            select sum(i.quantity) as quantity, (min(i.occurred_at) filter (where i.return_id is null) at time zone o.timezone)::date as day
            from $schema$.delivery_items i
            where i.purchase_order_id = o.id
            group by i.delivery_id
            having sum(i.quantity) > 0) d
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
    'How suppliers delivered on the orders of a time, by order date from since up to until, which is excluded and today in the store''s time zone when left out; orders in draft, only sent, or cancelled do not count. What went back to the supplier was not delivered, and its replacement was delivered when that came. fill_rate_percent: received of what was ordered, what came too much set aside. lead_time_days: from order to delivery, weighted by quantity. on_time_percent: of what was delivered on orders with an expected date, the quantity that came by then. Days are those of the store''s calendar.';
