-- Why: what is promised to somebody must not be promised to another, nor for ever.

create table $schema$.reservations
(
    id         uuid        not null,
    tenant_id  uuid        not null default '$tenant_id$',
    reference  varchar     not null,
    status     varchar     not null,
    expires_at timestamptz not null,
    version    bigint      not null default 0,
    created_by uuid,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),

    constraint reservations_pkey primary key (id),
    constraint reservations_created_by_fkey foreign key (created_by) references $schema$.users (id),
    constraint reservations_status_check check (status in ('open', 'fulfilled', 'released', 'expired'))
);

create index idx_reservations_created_at on $schema$.reservations (created_at desc, id);

create index idx_reservations_reference on $schema$.reservations (reference);

create index idx_reservations_created_by on $schema$.reservations (created_by);

create trigger update_updated_at_trigger
    before update on $schema$.reservations
    for each row
    when (new.updated_at is not distinct from old.updated_at
          and new.version is not distinct from old.version)
    execute function $schema$.update_updated_at();

comment on table $schema$.reservations is
    'Goods that are held for somebody for a time, and those that were. Not in the data model.';

comment on column $schema$.reservations.id is
    'The reservation.';

comment on column $schema$.reservations.tenant_id is
    'Always this schema''s tenant; row level security compares it.';

comment on column $schema$.reservations.reference is
    'The order or client that they are held for, as people know it.';

comment on column $schema$.reservations.status is
    'open, fulfilled, released or expired.';

comment on column $schema$.reservations.expires_at is
    'When what is still held is available again by itself.';

comment on column $schema$.reservations.version is
    'Number of events folded into the row; concurrency token.';

comment on column $schema$.reservations.created_by is
    'Who reserved; null when the system did.';

comment on column $schema$.reservations.created_at is
    'When the ledger learned of it.';

comment on column $schema$.reservations.updated_at is
    'When the ledger learned of its last change.';

create table $schema$.reservation_items
(
    reservation_id uuid          not null,
    line_number    integer       not null,
    tenant_id      uuid          not null default '$tenant_id$',
    store_id       uuid          not null,
    product_id     uuid          not null,
    quantity       numeric(18,3) not null,
    status         varchar       not null,
    created_at     timestamptz   not null default now(),
    updated_at     timestamptz   not null default now(),

    constraint reservation_items_pkey primary key (reservation_id, line_number),
    constraint reservation_items_reservation_id_fkey foreign key (reservation_id) references $schema$.reservations (id),
    constraint reservation_items_store_id_fkey foreign key (store_id) references $schema$.stores (id),
    constraint reservation_items_product_id_fkey foreign key (product_id) references $schema$.products (id),
    constraint reservation_items_quantity_check check (quantity > 0),
    constraint reservation_items_status_check check (status in ('open', 'fulfilled', 'released', 'expired'))
);

create index idx_reservation_items_store on $schema$.reservation_items (store_id, product_id);

create index idx_reservation_items_product on $schema$.reservation_items (product_id);

create trigger update_updated_at_trigger
    before update on $schema$.reservation_items
    for each row
    when (new.updated_at is not distinct from old.updated_at)
    execute function $schema$.update_updated_at();

comment on table $schema$.reservation_items is
    'Lines of a reservation. Reserved in inventory is the sum of the open ones. Not in the data model.';

comment on column $schema$.reservation_items.reservation_id is
    'The reservation that it is a line of.';

comment on column $schema$.reservation_items.line_number is
    'The place of the line in the reservation, from 1.';

comment on column $schema$.reservation_items.tenant_id is
    'Always this schema''s tenant; row level security compares it.';

comment on column $schema$.reservation_items.store_id is
    'Where it is held.';

comment on column $schema$.reservation_items.product_id is
    'What is held.';

comment on column $schema$.reservation_items.quantity is
    'How much was reserved.';

comment on column $schema$.reservation_items.status is
    'open while the quantity is held; then what became of it: fulfilled, released or expired.';

comment on column $schema$.reservation_items.created_at is
    'When the ledger learned of it.';

comment on column $schema$.reservation_items.updated_at is
    'When the ledger learned of its last change.';

-- As every plain table: see 0011, 0012 and 0013.
do $$
declare
    plain_table text;
begin
    foreach plain_table in array array['reservations', 'reservation_items']
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

grant select, insert, update on $schema$.reservations, $schema$.reservation_items to fluxion_app;
