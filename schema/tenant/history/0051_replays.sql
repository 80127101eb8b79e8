-- Why: a replay runs in the background, and whoever asked for it reads what came of it, from any node.

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

-- One at a time; the constant is the same in every row.
create unique index replays_one_running on $schema$.replays ((true)) where status = 'running';

create index idx_replays_page on $schema$.replays (started_at desc, id);

comment on table $schema$.replays is
    'Replays of the read models that were asked for over HTTP, and what came of them. No read model itself. Not in the data model.';

comment on column $schema$.replays.tenant_id is
    'Always this schema''s tenant; row level security compares it.';

comment on column $schema$.replays.status is
    'running; equal, different or swapped when it is done; failed. One that still runs when its host has died is failed as soon as somebody looks.';

comment on column $schema$.replays.table_name is
    'The one table that was asked for; null for all.';

comment on column $schema$.replays.until is
    'Where it was to stop, as it was asked for; null for the last event.';

comment on column $schema$.replays.swap is
    'Whether what differs was to be replaced.';

comment on column $schema$.replays.events is
    'How many events were replayed.';

comment on column $schema$.replays.differences is
    'Rows that were not what the events say.';

comment on column $schema$.replays.replaced is
    'Rows that a swap put right.';

comment on column $schema$.replays.tables is
    'Table by table the rows, the differences and the first of them.';

comment on column $schema$.replays.problem is
    'Why it failed.';

comment on column $schema$.replays.requested_by is
    'Who asked for it. No foreign key: the platform''s administrator is in no tenant''s table of users.';

alter table $schema$.replays enable row level security;

alter table $schema$.replays force row level security;

create policy tenant_isolation_policy on $schema$.replays
    using (tenant_id = nullif(current_setting('app.current_tenant_id', true), '')::uuid)
    with check (tenant_id = nullif(current_setting('app.current_tenant_id', true), '')::uuid);

grant select, insert, update on $schema$.replays to fluxion_app;
