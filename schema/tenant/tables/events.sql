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

-- Thirty days a chunk, as for movements, which cause most events. Retention drops whole chunks and is counted in months.
-- There is no default index on created_at: idx_events_page begins with it.
select create_hypertable(
    '$schema$.events',
    by_range('created_at', interval '30 days'),
    create_default_indexes => false);

create index idx_events_entity_time on $schema$.events (entity_type, entity_id, created_at desc);

create index idx_events_page on $schema$.events (created_at desc, id);

create index idx_events_user on $schema$.events (user_id);

create trigger require_tenant_trigger before insert or update or delete on $schema$.events
    for each statement execute function $schema$.require_tenant();

-- The service only adds rows. Without select it can use neither `returning` nor `on conflict (...)`; a bare `on conflict do nothing` works.
call shared.protect_table('$schema$.events', service => 'insert');

-- The community edition of TimescaleDB only. Old events are rarely read, and then by kind of entity.
do $$
begin
    if current_setting('timescaledb.license') = 'timescale' then
        alter table $schema$.events set (
            timescaledb.compress,
            timescaledb.compress_segmentby = 'entity_type',
            timescaledb.compress_orderby = 'created_at desc, id');

        perform add_compression_policy('$schema$.events', compress_after => interval '90 days');
    end if;
end
$$;

comment on table $schema$.events is
    'Audit trail for people to read, one row an event. Hypertable on created_at. The source of truth is Marten''s mt_events, from '
    'which a replay builds this table again.';
comment on column $schema$.events.tenant_id is
    'Always the id of this schema''s tenant. A hypertable has no row level security here; a check constraint and a trigger take its place.';
comment on column $schema$.events.event_type is
    'Name of the event. The data model''s inventory_updated, sale_created and alert_generated are examples, not the whole list.';
comment on column $schema$.events.entity_type is
    'Kind of the entity: product, sale, inventory, alert and so on.';
comment on column $schema$.events.user_id is
    'The user who caused the event; null for the system.';
comment on column $schema$.events.action is
    'created, updated or deleted.';
comment on column $schema$.events.old_data is
    'Previous state; null for a created entity.';
comment on column $schema$.events.new_data is
    'New state; null for a deleted entity.';
comment on column $schema$.events.metadata is
    'Version, correlation and causation of the event, store_ids (the stores of the entity) and the event itself.';
comment on column $schema$.events.ip_address is
    'Address of the client; null when the event did not come over the network.';
comment on column $schema$.events.created_at is
    'When it was recorded; the hypertable is partitioned by it.';
comment on trigger require_tenant_trigger on $schema$.events is
    'Takes the place of the row level security that a hypertable cannot have.';
