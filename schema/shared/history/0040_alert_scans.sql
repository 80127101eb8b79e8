-- Why: each tenant is looked through once an hour, whichever node does it and whenever nodes were started.

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

comment on table $schema$.alert_scans is
    'When each tenant was last looked through for alerts. No row level security: it is read to learn which tenants are due.';

comment on column $schema$.alert_scans.tenant_id is
    'The tenant.';

comment on column $schema$.alert_scans.scanned_at is
    'When the latest scan that went to its end began.';

comment on trigger update_updated_at_trigger on $schema$.alert_scans is
    'Sets updated_at, unless the statement has set it itself.';

grant select, insert, update on $schema$.alert_scans to fluxion_app;
