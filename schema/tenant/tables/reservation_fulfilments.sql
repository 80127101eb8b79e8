-- Why: a sale may take a reservation in part.

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

-- A recorded fulfilment never changes.
call shared.protect_table('$schema$.reservation_fulfilments', service => 'select, insert');

comment on table $schema$.reservation_fulfilments is
    'Quantities that sales took of a reservation, one row a line of it. Not in the data model.';
comment on column $schema$.reservation_fulfilments.id is
    'The id of the event.';
comment on column $schema$.reservation_fulfilments.line_number is
    'The line of the reservation, from 1.';
comment on column $schema$.reservation_fulfilments.tenant_id is
    'Always the id of this schema''s tenant; row level security compares it with the tenant of the session.';
comment on column $schema$.reservation_fulfilments.reservation_id is
    'The reservation.';
comment on column $schema$.reservation_fulfilments.sale_id is
    'The sale that took the goods.';
comment on column $schema$.reservation_fulfilments.quantity is
    'Quantity of the line that the sale took; of sales that an older version recorded, all that the line held.';
comment on column $schema$.reservation_fulfilments.created_at is
    'When the ledger recorded it.';
