-- Why: whoever can write to the database can change what is said to have happened; sealed, it shows.

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

-- Hashes do not compress: they are stored aside as they are, and pages of seals are read without them.
alter table $schema$.ledger_seals alter column entries set storage external;

comment on table $schema$.ledger_seals is
    'The chain that shows whether events were changed afterwards: each seal vouches for its events and for the seal before it. Rows are added and never changed. How a hash is computed, and by what else it can be checked: docs/seal.md. Not in the data model.';
comment on column $schema$.ledger_seals.number is
    'Place in the chain, from 1 on without gaps.';
comment on column $schema$.ledger_seals.tenant_id is
    'Always this schema''s tenant; row level security compares it.';
comment on column $schema$.ledger_seals.from_sequence is
    'The first sequence number that the seal vouches for: the one after to_sequence of the seal before.';
comment on column $schema$.ledger_seals.to_sequence is
    'The last one. Numbers in between that have no entry belong to transactions that were rolled back: there is no event, and there never will be.';
comment on column $schema$.ledger_seals.event_count is
    'Number of events sealed.';
comment on column $schema$.ledger_seals.entries is
    'Of each event, by sequence: sequence (8 bytes, big-endian), id (16) and SHA-256 of its canonical form (32).';
comment on column $schema$.ledger_seals.previous_hash is
    'Hash of the seal before; of the first one 32 bytes of zero.';
comment on column $schema$.ledger_seals.hash is
    'SHA-256 of the seal: of its numbers, its time, the hash of the seal before and its entries. That of the last seal vouches for everything.';
comment on column $schema$.ledger_seals.sealed_at is
    'When it was sealed. Seals of one moment were made in one go.';

alter table $schema$.ledger_seals enable row level security;

alter table $schema$.ledger_seals force row level security;

create policy tenant_isolation_policy on $schema$.ledger_seals
    using (tenant_id = (select nullif(current_setting('app.current_tenant_id', true), '')::uuid))
    with check (tenant_id = (select nullif(current_setting('app.current_tenant_id', true), '')::uuid));

-- A seal is never changed.
grant select, insert on $schema$.ledger_seals to fluxion_app;

do $$
begin
    if '$schema$' <> 'template' then
        grant select on $schema$.ledger_seals to $schema$_analyst;

        create policy analyst_policy on $schema$.ledger_seals for select to $schema$_analyst using (true);
    end if;
end
$$;
