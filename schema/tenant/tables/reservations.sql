-- Why: stock that is promised to one customer must not be promised to another, nor for ever.

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

call shared.protect_table('$schema$.reservations');

comment on table $schema$.reservations is
    'Reservations of stock for a customer or an order, open and closed. Not in the data model.';
comment on column $schema$.reservations.id is
    'The reservation.';
comment on column $schema$.reservations.tenant_id is
    'Always the id of this schema''s tenant; row level security compares it with the tenant of the session.';
comment on column $schema$.reservations.reference is
    'The order or client that the goods are held for.';
comment on column $schema$.reservations.status is
    'open, fulfilled, released or expired.';
comment on column $schema$.reservations.expires_at is
    'When the reservation expires and its goods are available again.';
comment on column $schema$.reservations.version is
    'Number of events that the row contains; optimistic concurrency compares it.';
comment on column $schema$.reservations.created_by is
    'The user who reserved; null for the system.';
comment on column $schema$.reservations.created_at is
    'When the ledger recorded it.';
comment on column $schema$.reservations.updated_at is
    'When the ledger recorded its last change.';
