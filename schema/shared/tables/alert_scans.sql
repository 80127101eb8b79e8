-- Why: one node scans each tenant once in its interval, whenever nodes start.

create table $schema$.alert_scans
(
    tenant_id  uuid        not null,
    scanned_at timestamptz not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),

    constraint alert_scans_pkey primary key (tenant_id),
    constraint alert_scans_tenant_id_fkey foreign key (tenant_id) references $schema$.tenants (id)
);

create trigger update_updated_at_trigger
    before update on $schema$.alert_scans
    for each row
    when (new.updated_at is not distinct from old.updated_at)
    execute function $schema$.update_updated_at();

grant select, insert, update on $schema$.alert_scans to fluxion_app;

comment on table $schema$.alert_scans is
    'The time of each tenant''s last scan for alerts. No row level security: the scan reads it to find the tenants that are due.';
comment on column $schema$.alert_scans.tenant_id is
    'The tenant.';
comment on column $schema$.alert_scans.scanned_at is
    'When the last completed scan began.';
comment on trigger update_updated_at_trigger on $schema$.alert_scans is
    'Sets updated_at, unless the statement has set it itself.';
