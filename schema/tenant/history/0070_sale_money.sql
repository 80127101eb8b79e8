-- Why: money that was paid can be given back, goods come back on a day of their own, and prices may include tax. A sale's state follows from all of that.

alter table $schema$.sales
    add column amount_refunded    numeric(18,2) not null default 0,
    add column prices_include_tax boolean       not null default false,
    add column invoiced_method    varchar,
    drop constraint sales_payment_status_check,
    add constraint sales_payment_status_check
        check (payment_status in ('pending', 'partial', 'paid', 'refund_due', 'returned', 'refunded', 'cancelled'));

comment on column $schema$.sales.payment_status is
    'cancelled; refund_due: the client is to get money back; refunded: all that was invoiced was credited, and what was paid was given back; returned: all was credited, and nothing was ever paid; paid: nothing is open; partial: some was paid; pending: nothing was. The first that holds.';

comment on column $schema$.sales.amount_refunded is
    'What was given back of amount_paid; all of it when the sale is cancelled. total_amount - returned_amount - amount_paid + amount_refunded is open, and nothing of a cancelled sale. Not in the data model.';

comment on column $schema$.sales.prices_include_tax is
    'Whether unit_price, discount and line_total of its lines include tax. Not in the data model.';

comment on column $schema$.sales.invoiced_method is
    'The payment method that the invoice named; null when it named none. Not in the data model.';

comment on column $schema$.sales.payment_method is
    'cash, card, transfer, check or credit: invoiced_method, else that of the first payment; null while it is not known.';

comment on column $schema$.sales.pos_transaction_id is
    'Reference of an external point of sale; of one sale in the store that is not cancelled, unless the settings allow it to be repeated.';

alter table $schema$.sale_items
    add column net_amount numeric(18,2) not null default 0,
    add column tax_amount numeric(18,2) not null default 0;

comment on column $schema$.sale_items.net_amount is
    'What the line comes to before tax; the lines of a sale add up to its subtotal. Not in the data model.';

comment on column $schema$.sale_items.tax_amount is
    'The line''s part of the tax, which is rounded once for each rate of a sale; the lines add up to its tax_amount. Not in the data model.';

comment on column $schema$.sale_items.unit_price is
    'Price of one unit, four decimals; before tax, or with it when the sale''s prices_include_tax.';

comment on column $schema$.sale_items.discount is
    'Money off the whole line, before or with tax as unit_price is. Not in the data model.';

comment on column $schema$.sale_items.line_total is
    'Quantity times price, rounded half away from zero to two decimals, less the discount: before or with tax as unit_price is. See net_amount.';

create table $schema$.sale_payments
(
    id             uuid          not null,
    tenant_id      uuid          not null default '$tenant_id$',
    sale_id        uuid          not null,
    store_id       uuid          not null,
    kind           varchar       not null,
    payment_method varchar       not null,
    amount         numeric(18,2) not null,
    reference      varchar,
    reason         varchar,
    created_by     uuid,
    created_at     timestamptz   not null default now(),
    recorded_at    timestamptz   not null default now(),

    constraint sale_payments_pkey primary key (id),
    constraint sale_payments_sale_id_fkey foreign key (sale_id) references $schema$.sales (id),
    constraint sale_payments_store_id_fkey foreign key (store_id) references $schema$.stores (id),
    constraint sale_payments_created_by_fkey foreign key (created_by) references $schema$.users (id),
    constraint sale_payments_kind_check check (kind = 'payment' and amount > 0 or kind = 'refund' and amount < 0),
    constraint sale_payments_payment_method_check check (payment_method in ('cash', 'card', 'transfer', 'check', 'credit'))
);

create index idx_sale_payments_sale on $schema$.sale_payments (sale_id);

create index idx_sale_payments_page on $schema$.sale_payments (created_at desc, id);

create index idx_sale_payments_created_by on $schema$.sale_payments (created_by);

comment on table $schema$.sale_payments is
    'Every payment of a sale and every refund, one row each. Not in the data model.';

comment on column $schema$.sale_payments.id is
    'The id of the event.';

comment on column $schema$.sale_payments.tenant_id is
    'Always this schema''s tenant; row level security compares it.';

comment on column $schema$.sale_payments.sale_id is
    'The sale that was paid for.';

comment on column $schema$.sale_payments.store_id is
    'The store of the sale.';

comment on column $schema$.sale_payments.kind is
    'payment or refund.';

comment on column $schema$.sale_payments.payment_method is
    'How it was paid or given back. What was given back with a cancellation from before refunds were recorded stands under the sale''s payment_method: nobody has kept how it was.';

comment on column $schema$.sale_payments.amount is
    'Above 0 for a payment, below 0 for a refund: the sum is what is held.';

comment on column $schema$.sale_payments.reference is
    'The number of the transfer, check, …';

comment on column $schema$.sale_payments.reason is
    'Why it was given back.';

comment on column $schema$.sale_payments.created_by is
    'Who took or gave it; null when a system did.';

comment on column $schema$.sale_payments.created_at is
    'When it was paid or given back in the shop.';

comment on column $schema$.sale_payments.recorded_at is
    'When the ledger learned of it.';

create table $schema$.sale_returns
(
    id            uuid          not null,
    line_number   integer       not null,
    tenant_id     uuid          not null default '$tenant_id$',
    sale_id       uuid          not null,
    product_id    uuid          not null,
    kind          varchar       not null,
    quantity      numeric(18,3) not null,
    net_amount    numeric(18,2) not null,
    tax_amount    numeric(18,2) not null,
    cost_of_goods numeric(18,2) not null,
    reason        varchar,
    created_by    uuid,
    created_at    timestamptz   not null default now(),
    recorded_at   timestamptz   not null default now(),

    constraint sale_returns_pkey primary key (id, line_number),
    constraint sale_returns_sale_id_fkey foreign key (sale_id) references $schema$.sales (id),
    constraint sale_returns_product_id_fkey foreign key (product_id) references $schema$.products (id),
    constraint sale_returns_created_by_fkey foreign key (created_by) references $schema$.users (id),
    constraint sale_returns_kind_check check (kind in ('return', 'cancellation')),
    constraint sale_returns_quantity_check check (quantity > 0)
);

create index idx_sale_returns_sale on $schema$.sale_returns (sale_id);

create index idx_sale_returns_product on $schema$.sale_returns (product_id);

create index idx_sale_returns_time on $schema$.sale_returns (created_at);

create index idx_sale_returns_created_by on $schema$.sale_returns (created_by);

comment on table $schema$.sale_returns is
    'Goods of sales that came back, by a return or by the cancellation of the sale, one row a line of the sale; and what was credited for them. Not in the data model.';

comment on column $schema$.sale_returns.id is
    'The return or the cancellation: the id of its event.';

comment on column $schema$.sale_returns.line_number is
    'The line of the sale, its line_number in sale_items.';

comment on column $schema$.sale_returns.tenant_id is
    'Always this schema''s tenant; row level security compares it.';

comment on column $schema$.sale_returns.sale_id is
    'The sale of which it came back.';

comment on column $schema$.sale_returns.product_id is
    'What came back.';

comment on column $schema$.sale_returns.kind is
    'return or cancellation.';

comment on column $schema$.sale_returns.quantity is
    'How much of the line came back, above 0.';

comment on column $schema$.sale_returns.net_amount is
    'What was credited of the line before tax. When all of a line has come back, what its net_amount was.';

comment on column $schema$.sale_returns.tax_amount is
    'The tax that was credited. When all of a sale has come back, what its tax_amount was.';

comment on column $schema$.sale_returns.cost_of_goods is
    'The cost at which it came back into stock: that with which it left.';

comment on column $schema$.sale_returns.reason is
    'Why it came back.';

comment on column $schema$.sale_returns.created_by is
    'Who took it back; null when a system did.';

comment on column $schema$.sale_returns.created_at is
    'When it came back in the shop.';

comment on column $schema$.sale_returns.recorded_at is
    'When the ledger learned of it.';

-- As every plain table: see 0011, 0012, 0013 and 0037. What was paid or came back is never changed.
do $$
declare
    plain_table text;
begin
    foreach plain_table in array array['sale_payments', 'sale_returns']
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

grant select, insert on $schema$.sale_payments, $schema$.sale_returns to fluxion_app;

-- The rows of a ledger that is older than this script, as a replay writes them.
do $$
begin
    if to_regclass('$schema$.mt_events') is null then
        return;
    end if;

    perform set_config('app.current_tenant_id', '$tenant_id$', true);

    -- each line takes its amount off what the lines of its rate come to, with the tax on that
    update $schema$.sale_items i
    set net_amount = t.line_total, tax_amount = round(t.rest * t.tax_rate / 100, 2) - round((t.rest - t.line_total) * t.tax_rate / 100, 2)
    from (select id, line_total, tax_rate,
                 sum(line_total) over (partition by sale_id, tax_rate order by line_number desc) as rest
          from $schema$.sale_items) t
    where t.id = i.id;

    insert into $schema$.sale_payments (id, sale_id, store_id, kind, payment_method, amount, reference, reason, created_by, created_at, recorded_at)
    select e.id, v.id, v.store_id, 'payment', e.data ->> 'method', (e.data ->> 'amount')::numeric, e.data ->> 'reference', null, e.user_name::uuid,
           (e.data ->> 'occurredAt')::timestamptz, e.timestamp
    from $schema$.mt_events e
    join $schema$.sales v on v.id = e.stream_id
    where e.type = 'payment_received'
    union all
    -- a cancellation gave back what had been paid
    select e.id, v.id, v.store_id, 'refund', v.payment_method, -v.amount_paid, null, e.data ->> 'reason', e.user_name::uuid,
           (e.data ->> 'occurredAt')::timestamptz, e.timestamp
    from $schema$.mt_events e
    join $schema$.sales v on v.id = e.stream_id
    where e.type = 'sale_cancelled' and v.amount_paid > 0;

    insert into $schema$.sale_returns (id, line_number, sale_id, product_id, kind, quantity, net_amount, tax_amount, cost_of_goods, reason, created_by,
                                       created_at, recorded_at)
    with returned as (
        select e.id, i.line_number, 'return' as kind, sum(l.quantity) as quantity, sum(round(l.quantity * i.cost_per_unit, 2)) as cost
        from $schema$.mt_events e
        cross join lateral (
            select (line ->> 'line')::integer + 1 as line_number, (line ->> 'quantity')::numeric as quantity from jsonb_array_elements(e.data -> 'lines') line) l
        join $schema$.sale_items i on i.sale_id = e.stream_id and i.line_number = l.line_number
        where e.type = 'goods_returned'
        group by e.id, i.line_number
        union all
        select e.id, i.line_number, 'cancellation', i.quantity - i.quantity_returned, round((i.quantity - i.quantity_returned) * i.cost_per_unit, 2)
        from $schema$.mt_events e
        join $schema$.sale_items i on i.sale_id = e.stream_id
        where e.type = 'sale_cancelled'
    ), added_up as (
        select r.*, e.stream_id as sale_id, e.version, e.data ->> 'reason' as reason, e.user_name::uuid as created_by,
               (e.data ->> 'occurredAt')::timestamptz as created_at, e.timestamp as recorded_at, i.product_id, i.tax_rate, i.quantity as sold, i.line_total,
               sum(r.quantity) over (partition by i.id order by e.version) as in_all
        from returned r
        join $schema$.mt_events e on e.id = r.id
        join $schema$.sale_items i on i.sale_id = e.stream_id and i.line_number = r.line_number
        where r.quantity > 0
    ), credited as (
        -- rounded half away from zero to two decimals, in whole numbers: the quotient itself may have any number of decimals
        select a.*, (div(200 * a.line_total * a.in_all + a.sold, 2 * a.sold) - div(200 * a.line_total * (a.in_all - a.quantity) + a.sold, 2 * a.sold)) / 100 as net
        from added_up a
    ), taxed as (
        select c.*, (select sum(i.line_total) from $schema$.sale_items i where i.sale_id = c.sale_id and i.tax_rate = c.tax_rate)
                    - sum(c.net) over (partition by c.sale_id, c.tax_rate order by c.version, c.line_number) as rest
        from credited c
    )
    select t.id, t.line_number, t.sale_id, t.product_id, t.kind, t.quantity, t.net,
           round((t.rest + t.net) * t.tax_rate / 100, 2) - round(t.rest * t.tax_rate / 100, 2), t.cost, t.reason, t.created_by, t.created_at, t.recorded_at
    from taxed t;

    -- the trigger would take this for a change of today
    alter table $schema$.sales disable trigger update_updated_at_trigger;

    update $schema$.sales v
    set amount_refunded = case v.payment_status when 'cancelled' then v.amount_paid else 0 end,
        invoiced_method = e.data ->> 'paymentMethod',
        payment_status = case
            when v.payment_status = 'cancelled' then 'cancelled'
            when v.total_amount - v.returned_amount < v.amount_paid then 'refund_due'
            when v.total_amount = v.returned_amount and exists (select from $schema$.sale_items i where i.sale_id = v.id and i.quantity_returned > 0) then 'returned'
            else v.payment_status
        end
    from $schema$.mt_events e
    where e.stream_id = v.id and e.version = 1;

    alter table $schema$.sales enable trigger update_updated_at_trigger;
end
$$;
