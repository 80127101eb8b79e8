-- Why: who closed an alert, and whether its cause is gone, decide whether it is raised again.

alter table $schema$.alerts
    add column resolved_by  uuid,
    add column dismissed_by uuid,
    add column dismissed_at timestamptz,
    add column is_cleared   boolean not null default false,
    add constraint alerts_resolved_by_fkey foreign key (resolved_by) references $schema$.users (id),
    add constraint alerts_dismissed_by_fkey foreign key (dismissed_by) references $schema$.users (id);

create index idx_alerts_page on $schema$.alerts (created_at desc, id);

create index idx_alerts_resolved_by on $schema$.alerts (resolved_by);

create index idx_alerts_dismissed_by on $schema$.alerts (dismissed_by);

-- For the scans: what is open, or was closed by somebody while its cause is still there. There are few.
create index idx_alerts_not_cleared on $schema$.alerts (product_id, store_id) where not is_cleared;

comment on column $schema$.alerts.resolved_by is
    'Who resolved it; null when the cause was gone by itself. Not in the data model.';

comment on column $schema$.alerts.dismissed_by is
    'Who dismissed it; null when product or store were deactivated. Not in the data model.';

comment on column $schema$.alerts.dismissed_at is
    'When it was dismissed; null unless it was. Not in the data model.';

comment on column $schema$.alerts.is_cleared is
    'Whether its cause is gone. While it is not, what somebody has closed is not raised again. Not in the data model.';
