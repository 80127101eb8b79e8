-- Why: what a product cost and was sold for last year is asked long after the audit trail has dropped its old events.

create table $schema$.product_prices
(
    id            uuid          not null,
    tenant_id     uuid          not null default '$tenant_id$',
    product_id    uuid          not null,
    cost_price    numeric(18,4) not null,
    selling_price numeric(18,4) not null,
    created_by    uuid,
    created_at    timestamptz   not null default now(),

    constraint product_prices_pkey primary key (id),
    constraint product_prices_product_id_fkey foreign key (product_id) references $schema$.products (id),
    constraint product_prices_created_by_fkey foreign key (created_by) references $schema$.users (id),
    constraint product_prices_cost_price_check check (cost_price >= 0),
    constraint product_prices_selling_price_check check (selling_price >= 0)
);

create index idx_product_prices_product_time on $schema$.product_prices (product_id, created_at desc, id);

create index idx_product_prices_created_by on $schema$.product_prices (created_by);

comment on table $schema$.product_prices is
    'The prices of each product over time, one row whenever one of the two changed. Not in the data model, whose products have the prices of today alone. What stock really cost is in inventory.cost_per_unit.';

comment on column $schema$.product_prices.id is
    'The id of the event that set the prices.';

comment on column $schema$.product_prices.tenant_id is
    'Always this schema''s tenant; row level security compares it.';

comment on column $schema$.product_prices.cost_price is
    'Cost of one unit as listed from then on, before tax.';

comment on column $schema$.product_prices.selling_price is
    'Price of one unit from then on, before tax.';

comment on column $schema$.product_prices.created_by is
    'Who set them; null when the system did.';

comment on column $schema$.product_prices.created_at is
    'When they were set.';

alter table $schema$.product_prices enable row level security;

alter table $schema$.product_prices force row level security;

create policy tenant_isolation_policy on $schema$.product_prices
    using (tenant_id = nullif(current_setting('app.current_tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('app.current_tenant_id', true), '')::uuid);

-- A price that was set is never changed.
grant select, insert on $schema$.product_prices to fluxion_app;

do $$
begin
    if '$schema$' <> 'template' then
        grant select on $schema$.product_prices to $schema$_analyst;

        create policy analyst_policy on $schema$.product_prices for select to $schema$_analyst using (true);
    end if;

    -- A tenant that is older than this table gets its rows from its events; Marten's tables are made after the scripts of a new one.
    if to_regclass('$schema$.mt_events') is not null then
        perform set_config('app.current_tenant_id', '$tenant_id$', true);

        insert into $schema$.product_prices (id, product_id, cost_price, selling_price, created_by, created_at)
        select id, stream_id, cost_price, selling_price, user_name::uuid, timestamp
        from (
            select id, stream_id, version, user_name, timestamp,
                   (data -> 'details' ->> 'costPrice')::numeric as cost_price,
                   (data -> 'details' ->> 'sellingPrice')::numeric as selling_price,
                   lag((data -> 'details' ->> 'costPrice')::numeric) over product as cost_before,
                   lag((data -> 'details' ->> 'sellingPrice')::numeric) over product as selling_before
            from $schema$.mt_events
            where type in ('product_created', 'product_changed')
            window product as (partition by stream_id order by version)
        ) priced
        where cost_price is distinct from cost_before or selling_price is distinct from selling_before;
    end if;
end
$$;
