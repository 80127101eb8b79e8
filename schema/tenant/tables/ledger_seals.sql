-- Why: a superuser can change events; a seal makes the change visible.

create table $schema$.ledger_seals
(
    number        bigint      not null,
    tenant_id     uuid        not null default '$tenant_id$',
    from_sequence bigint      not null,
    to_sequence   bigint      not null,
    event_count   integer     not null,
    entries       bytea       not null,
    previous_hash bytea       not null,
    hash          bytea       not null,
    sealed_at     timestamptz not null,

    constraint ledger_seals_pkey primary key (number),
    constraint ledger_seals_from_sequence_key unique (from_sequence),
    constraint ledger_seals_number_check check (number > 0),
    constraint ledger_seals_sequence_check check (from_sequence > 0 and to_sequence >= from_sequence),
    constraint ledger_seals_event_count_check check (event_count > 0),
    constraint ledger_seals_entries_check check (octet_length(entries) = event_count * 56),
    constraint ledger_seals_previous_hash_check check (octet_length(previous_hash) = 32),
    constraint ledger_seals_hash_check check (octet_length(hash) = 32)
);

-- Hashes do not compress. Stored out of line, they do not slow down pages of seals.
alter table $schema$.ledger_seals alter column entries set storage external;

-- A seal never changes.
call shared.protect_table('$schema$.ledger_seals', service => 'select, insert');

comment on table $schema$.ledger_seals is
    'Hash chain that shows whether somebody changed events afterwards: each seal covers its events and the seal before it. Seals are '
    'added and never changed. docs/seal.md says how to compute and check a hash. Not in the data model.';
comment on column $schema$.ledger_seals.number is
    'Position in the chain, from 1 without gaps.';
comment on column $schema$.ledger_seals.tenant_id is
    'Always the id of this schema''s tenant; row level security compares it with the tenant of the session.';
comment on column $schema$.ledger_seals.from_sequence is
    'First sequence number that the seal covers: the one after to_sequence of the seal before.';
comment on column $schema$.ledger_seals.to_sequence is
    'Last sequence number that the seal covers. Numbers without an entry belong to transactions that rolled back; they never get an event.';
comment on column $schema$.ledger_seals.event_count is
    'Number of events sealed.';
comment on column $schema$.ledger_seals.entries is
    'An entry for each event, by sequence: sequence (8 bytes, big-endian), id (16) and SHA-256 of its canonical form (32).';
comment on column $schema$.ledger_seals.previous_hash is
    'Hash of the seal before; 32 bytes of zero for the first one.';
comment on column $schema$.ledger_seals.hash is
    'SHA-256 of the seal: its numbers, its time, the hash of the seal before and its entries. The hash of the last seal covers all events.';
comment on column $schema$.ledger_seals.sealed_at is
    'When it was sealed. Seals of one run have the same time.';
