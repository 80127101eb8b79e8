-- Why: a replay runs in the background, and its result must be readable from any node.

create table $schema$.replays
(
    id           uuid        not null,
    tenant_id    uuid        not null default '$tenant_id$',
    status       varchar     not null default 'running',
    table_name   varchar,
    until        varchar,
    swap         boolean     not null default false,
    events       bigint,
    differences  bigint,
    replaced     bigint,
    tables       jsonb,
    problem      text,
    requested_by uuid        not null,
    started_at   timestamptz not null default now(),
    finished_at  timestamptz,

    constraint replays_pkey primary key (id),
    constraint replays_status_check check (status in ('running', 'equal', 'different', 'swapped', 'failed'))
);

-- One replay at a time: the key is the same in every row.
create unique index replays_one_running on $schema$.replays ((true)) where status = 'running';

create index idx_replays_page on $schema$.replays (started_at desc, id);

-- Analysts have no use for replays.
call shared.protect_table('$schema$.replays', analyst => null);

comment on table $schema$.replays is
    'Replays of the read models that somebody started over HTTP, with their results. Not a read model. Not in the data model.';
comment on column $schema$.replays.tenant_id is
    'Always the id of this schema''s tenant; row level security compares it with the tenant of the session.';
comment on column $schema$.replays.status is
    'running; equal, different or swapped when it is done; failed. The next reader sets a replay whose host has died to failed.';
comment on column $schema$.replays.table_name is
    'The one requested table; null for all.';
comment on column $schema$.replays.until is
    'The requested end, as it was given; null for the last event.';
comment on column $schema$.replays.swap is
    'Whether the replay replaces rows that differ.';
comment on column $schema$.replays.events is
    'Number of events replayed.';
comment on column $schema$.replays.differences is
    'Number of rows that differed from the events.';
comment on column $schema$.replays.replaced is
    'Number of rows that the swap replaced.';
comment on column $schema$.replays.tables is
    'For each table its rows, its differences and the first of them.';
comment on column $schema$.replays.problem is
    'Why the replay failed.';
comment on column $schema$.replays.requested_by is
    'The user who started it. No foreign key: the platform''s administrator has no row in a tenant''s table of users.';
