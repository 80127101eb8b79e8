-- Why: goods in transit between two stores still belong to the company.

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
    cancelled_at  timestamptz,

    constraint transfers_pkey primary key (id),
    constraint transfers_from_store_id_fkey foreign key (from_store_id) references $schema$.stores (id),
    constraint transfers_to_store_id_fkey foreign key (to_store_id) references $schema$.stores (id),
    constraint transfers_created_by_fkey foreign key (created_by) references $schema$.users (id),
    constraint transfers_stores_check check (from_store_id <> to_store_id),
    constraint transfers_status_check check (status in ('in_transit', 'partial', 'received', 'cancelled'))
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

call shared.protect_table('$schema$.transfers');

comment on table $schema$.transfers is
    'Transfers of goods from one store to another, in transit and finished. Not in the data model.';
comment on column $schema$.transfers.id is
    'The transfer: reference_id of its movements.';
comment on column $schema$.transfers.tenant_id is
    'Always the id of this schema''s tenant; row level security compares it with the tenant of the session.';
comment on column $schema$.transfers.from_store_id is
    'The store that sends.';
comment on column $schema$.transfers.to_store_id is
    'The store that receives; always another one.';
comment on column $schema$.transfers.status is
    'in_transit, partial, received or cancelled.';
comment on column $schema$.transfers.reference is
    'Number of the document.';
comment on column $schema$.transfers.notes is
    'Note of the sender; the movements have the notes of receivers.';
comment on column $schema$.transfers.sent_at is
    'When the goods left.';
comment on column $schema$.transfers.arrived_at is
    'When the latest of the goods arrived; null before.';
comment on column $schema$.transfers.version is
    'Number of events that the row contains; optimistic concurrency compares it.';
comment on column $schema$.transfers.created_by is
    'The user who sent the goods; null for the system.';
comment on column $schema$.transfers.created_at is
    'When the ledger recorded it.';
comment on column $schema$.transfers.updated_at is
    'When the ledger recorded its last change.';
comment on column $schema$.transfers.cancelled_at is
    'When the goods in transit were back in the store that sent them; null unless the transfer was cancelled.';
