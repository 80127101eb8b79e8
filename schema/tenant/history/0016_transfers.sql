-- Why: goods that have left one store and are not yet in the other are still the company's.

create table $schema$.transfers
(
    id            uuid        not null,
    tenant_id     uuid        not null default '$tenant_id$',
    from_store_id uuid        not null,
    to_store_id   uuid        not null,
    status        varchar     not null,
    reference     varchar,
    notes         text,
    sent_at       timestamptz not null,
    arrived_at    timestamptz,
    version       bigint      not null default 0,
    created_by    uuid,
    created_at    timestamptz not null default now(),
    updated_at    timestamptz not null default now(),

    constraint transfers_pkey primary key (id),
    constraint transfers_from_store_id_fkey foreign key (from_store_id) references $schema$.stores (id),
    constraint transfers_to_store_id_fkey foreign key (to_store_id) references $schema$.stores (id),
    constraint transfers_created_by_fkey foreign key (created_by) references $schema$.users (id),
    constraint transfers_stores_check check (from_store_id <> to_store_id),
    constraint transfers_status_check check (status in ('in_transit', 'partial', 'received'))
);

create index idx_transfers_created_at on $schema$.transfers (created_at desc, id);

create index idx_transfers_from_store on $schema$.transfers (from_store_id);

create index idx_transfers_to_store on $schema$.transfers (to_store_id);

create index idx_transfers_created_by on $schema$.transfers (created_by);

create trigger update_updated_at_trigger
    before update on $schema$.transfers
    for each row
    when (new.updated_at is not distinct from old.updated_at
          and new.version is not distinct from old.version)
    execute function $schema$.update_updated_at();

comment on table $schema$.transfers is
    'Goods on their way from one store to another, and those that were. Not in the data model.';

comment on column $schema$.transfers.id is
    'The transfer: reference_id of its movements.';

comment on column $schema$.transfers.tenant_id is
    'Always this schema''s tenant; row level security compares it.';

comment on column $schema$.transfers.from_store_id is
    'The store that the goods left.';

comment on column $schema$.transfers.to_store_id is
    'The store that they go to; another one.';

comment on column $schema$.transfers.status is
    'in_transit, partial or received.';

comment on column $schema$.transfers.reference is
    'The number of the document, as people know it.';

comment on column $schema$.transfers.notes is
    'What the sender wrote; what a receiver wrote stands with the movements.';

comment on column $schema$.transfers.sent_at is
    'When the goods left.';

comment on column $schema$.transfers.arrived_at is
    'When the latest of them arrived; null before.';

comment on column $schema$.transfers.version is
    'Number of events folded into the row; concurrency token.';

comment on column $schema$.transfers.created_by is
    'Who sent them; null when the system did.';

comment on column $schema$.transfers.created_at is
    'When the ledger learned of it.';

comment on column $schema$.transfers.updated_at is
    'When the ledger learned of its last change.';

create table $schema$.transfer_items
(
    transfer_id         uuid          not null,
    line_number         integer       not null,
    tenant_id           uuid          not null default '$tenant_id$',
    product_id          uuid          not null,
    quantity_sent       numeric(18,3) not null,
    quantity_received   numeric(18,3) not null default 0,
    quantity_lost       numeric(18,3) not null default 0,
    quantity_damaged    numeric(18,3) not null default 0,
    quantity_in_transit numeric(18,3) not null,
    cost_per_unit       numeric(18,4) not null,
    created_at          timestamptz   not null default now(),
    updated_at          timestamptz   not null default now(),

    constraint transfer_items_pkey primary key (transfer_id, line_number),
    constraint transfer_items_transfer_id_product_id_key unique (transfer_id, product_id),
    constraint transfer_items_transfer_id_fkey foreign key (transfer_id) references $schema$.transfers (id),
    constraint transfer_items_product_id_fkey foreign key (product_id) references $schema$.products (id),
    constraint transfer_items_quantity_sent_check check (quantity_sent > 0),
    constraint transfer_items_quantity_in_transit_check
        check (quantity_in_transit >= 0 and quantity_in_transit = quantity_sent - quantity_received - quantity_lost - quantity_damaged)
);

create index idx_transfer_items_product on $schema$.transfer_items (product_id);

create trigger update_updated_at_trigger
    before update on $schema$.transfer_items
    for each row
    when (new.updated_at is not distinct from old.updated_at)
    execute function $schema$.update_updated_at();

comment on table $schema$.transfer_items is
    'Lines of a transfer, each product once. Not in the data model.';

comment on column $schema$.transfer_items.transfer_id is
    'The transfer that it is a line of.';

comment on column $schema$.transfer_items.line_number is
    'The place of the line in the transfer, from 1.';

comment on column $schema$.transfer_items.tenant_id is
    'Always this schema''s tenant; row level security compares it.';

comment on column $schema$.transfer_items.product_id is
    'What is carried.';

comment on column $schema$.transfer_items.quantity_sent is
    'What left.';

comment on column $schema$.transfer_items.quantity_received is
    'What came in as it left.';

comment on column $schema$.transfer_items.quantity_lost is
    'What was not there on arrival: written off in the receiving store.';

comment on column $schema$.transfer_items.quantity_damaged is
    'What came in and was of no use: written off in the receiving store.';

comment on column $schema$.transfer_items.quantity_in_transit is
    'What is still on its way: sent less received, lost and damaged.';

comment on column $schema$.transfer_items.cost_per_unit is
    'The cost that one unit left with, and arrives at.';

comment on column $schema$.transfer_items.created_at is
    'When the ledger learned of it.';

comment on column $schema$.transfer_items.updated_at is
    'When the ledger learned of its last change.';

-- As every plain table: see 0011, 0012 and 0013.
do $$
declare
    plain_table text;
begin
    foreach plain_table in array array['transfers', 'transfer_items']
    loop
        execute format('alter table $schema$.%I enable row level security', plain_table);

        execute format('alter table $schema$.%I force row level security', plain_table);

        execute format(
            'create policy tenant_isolation_policy on $schema$.%I
                 using (tenant_id = nullif(current_setting(''app.current_tenant_id'', true), '''')::uuid)
                 with check (tenant_id = nullif(current_setting(''app.current_tenant_id'', true), '''')::uuid)',
            plain_table);

        if '$schema$' <> 'template' then
            execute format('grant select on $schema$.%I to $schema$_analyst', plain_table);

            execute format('create policy analyst_policy on $schema$.%I for select to $schema$_analyst using (true)', plain_table);
        end if;
    end loop;
end
$$;

grant select, insert, update on $schema$.transfers, $schema$.transfer_items to fluxion_app;
