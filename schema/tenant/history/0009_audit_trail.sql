-- Why: an auditor asks who changed what, when, and from where.

create table $schema$.events
(
    id          uuid        not null,
    tenant_id   uuid        not null default '$tenant_id$',
    event_type  varchar     not null,
    entity_type varchar     not null,
    entity_id   uuid        not null,
    user_id     uuid,
    action      varchar     not null,
    old_data    jsonb,
    new_data    jsonb,
    metadata    jsonb       not null default '{}',
    ip_address  inet,
    user_agent  text,
    created_at  timestamptz not null default now(),

    constraint events_pkey primary key (id, created_at),
    constraint events_user_id_fkey foreign key (user_id) references $schema$.users (id),
    constraint events_tenant_id_check check (tenant_id = '$tenant_id$'),
    constraint events_action_check check (action in ('created', 'updated', 'deleted'))
);

-- Thirty days a chunk, as for the movements that make up most of it; old events are dropped by whole
-- chunks, and retention is counted in months.
-- The default index on created_at is not made: idx_events_page begins with it.
select create_hypertable(
    '$schema$.events',
    by_range('created_at', interval '30 days'),
    create_default_indexes => false);

create index idx_events_entity_time on $schema$.events (entity_type, entity_id, created_at desc);

create index idx_events_page on $schema$.events (created_at desc, id);

create index idx_events_user on $schema$.events (user_id);

comment on table $schema$.events is
    'Audit trail for people to read, one row an event. Hypertable on created_at. The source of truth is Marten''s mt_events, from which this table can be built again.';

comment on column $schema$.events.tenant_id is
    'Always this schema''s tenant. A hypertable has no row level security here; the constraint stands in for it.';

comment on column $schema$.events.event_type is
    'Name of the event. The data model''s inventory_updated, sale_created and alert_generated are examples, not the whole list.';

comment on column $schema$.events.entity_type is
    'What it happened to: product, sale, inventory, alert and so on.';

comment on column $schema$.events.user_id is
    'Who did it; null when the system did.';

comment on column $schema$.events.action is
    'created, updated or deleted.';

comment on column $schema$.events.old_data is
    'Previous state; null for what was created.';

comment on column $schema$.events.new_data is
    'New state; null for what was deleted.';

comment on column $schema$.events.metadata is
    'Correlation, causation and the like.';

comment on column $schema$.events.ip_address is
    'Address of the client, if the event came over the network.';

comment on column $schema$.events.created_at is
    'When it was recorded; the hypertable is partitioned by it.';
