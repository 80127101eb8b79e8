-- Why: somebody must act before stock runs out or grows stale.

create table $schema$.alerts
(
    id              uuid        not null,
    tenant_id       uuid        not null default '$tenant_id$',
    alert_type      varchar     not null,
    priority        varchar     not null,
    title           varchar     not null,
    description     text,
    product_id      uuid,
    store_id        uuid,
    category_id     uuid,
    data            jsonb       not null default '{}',
    status          varchar     not null default 'active',
    acknowledged_by uuid,
    acknowledged_at timestamptz,
    resolved_at     timestamptz,
    generated_by    varchar,
    version         bigint      not null default 0,
    created_at      timestamptz not null default now(),
    updated_at      timestamptz not null default now(),
    resolved_by     uuid,
    dismissed_by    uuid,
    dismissed_at    timestamptz,
    is_cleared      boolean     not null default false,

    constraint alerts_pkey primary key (id),
    constraint alerts_product_id_fkey foreign key (product_id) references $schema$.products (id),
    constraint alerts_store_id_fkey foreign key (store_id) references $schema$.stores (id),
    constraint alerts_category_id_fkey foreign key (category_id) references $schema$.categories (id),
    constraint alerts_acknowledged_by_fkey foreign key (acknowledged_by) references $schema$.users (id),
    constraint alerts_priority_check check (priority in ('low', 'medium', 'high', 'critical')),
    constraint alerts_status_check check (status in ('active', 'acknowledged', 'resolved', 'dismissed')),
    constraint alerts_resolved_by_fkey foreign key (resolved_by) references $schema$.users (id),
    constraint alerts_dismissed_by_fkey foreign key (dismissed_by) references $schema$.users (id),
    constraint alerts_alert_type_check
        check (alert_type in ('low_stock', 'overstock', 'demand_spike', 'slow_moving', 'reservation_short', 'forecast_alert'))
);

-- A shop that sells below the reorder point wants one alert, not one a sale. An alert about a category has no product.
-- The category distinguishes alerts only then, since a product may change its category.
create unique index idx_alerts_one_open on $schema$.alerts
    (alert_type, product_id, store_id, (case when product_id is null then category_id end))
    nulls not distinct
    where status in ('active', 'acknowledged');

create index idx_alerts_product on $schema$.alerts (product_id);

create index idx_alerts_store on $schema$.alerts (store_id);

create index idx_alerts_category on $schema$.alerts (category_id);

create index idx_alerts_acknowledged_by on $schema$.alerts (acknowledged_by);

create index idx_alerts_page on $schema$.alerts (created_at desc, id);

create index idx_alerts_resolved_by on $schema$.alerts (resolved_by);

create index idx_alerts_dismissed_by on $schema$.alerts (dismissed_by);

-- The scans read the alerts whose condition has not cleared. There are few.
create index idx_alerts_not_cleared on $schema$.alerts (product_id, store_id) where not is_cleared;

create trigger update_updated_at_trigger
    before update on $schema$.alerts
    for each row
    when (new.updated_at is not distinct from old.updated_at
          and new.version is not distinct from old.version)
    execute function $schema$.update_updated_at();

call shared.protect_table('$schema$.alerts');

comment on table $schema$.alerts is
    'Conditions that need attention. At most one alert is open for an alert type, product and store. low_stock_alert_trigger of the '
    'data model is deliberately absent; see inventory.';
comment on column $schema$.alerts.tenant_id is
    'Always the id of this schema''s tenant; row level security compares it with the tenant of the session.';
comment on column $schema$.alerts.alert_type is
    'low_stock, overstock, demand_spike, slow_moving or forecast_alert; and reservation_short, which is not in the data model: less '
    'is on hand than is reserved.';
comment on column $schema$.alerts.priority is
    'low, medium, high or critical.';
comment on column $schema$.alerts.product_id is
    'Optional: the product of the alert.';
comment on column $schema$.alerts.store_id is
    'Optional: the store of the alert.';
comment on column $schema$.alerts.category_id is
    'Optional: the category of the alert.';
comment on column $schema$.alerts.data is
    'Details of this alert: thresholds, predictions.';
comment on column $schema$.alerts.status is
    'active, acknowledged, resolved or dismissed; the first two are open.';
comment on column $schema$.alerts.acknowledged_by is
    'The user who acknowledged it; null before.';
comment on column $schema$.alerts.resolved_at is
    'When it was resolved; null before.';
comment on column $schema$.alerts.generated_by is
    'Name of the agent or rule that raised it.';
comment on column $schema$.alerts.version is
    'Number of events that the row contains; optimistic concurrency compares it.';
comment on column $schema$.alerts.resolved_by is
    'The user who resolved it; null when it resolved by itself. Not in the data model.';
comment on column $schema$.alerts.dismissed_by is
    'The user who dismissed it; null when the deactivation of its product or store did. Not in the data model.';
comment on column $schema$.alerts.dismissed_at is
    'When it was dismissed; null unless it was. Not in the data model.';
comment on column $schema$.alerts.is_cleared is
    'Whether its condition has cleared. Until then no new alert takes the place of one that a user has closed. Not in the data model.';
