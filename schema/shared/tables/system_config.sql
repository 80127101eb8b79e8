-- Why: the installation has settings that hold for all tenants.

create table $schema$.system_config
(
    key         varchar     not null,
    value       text        not null,
    description text,
    created_at  timestamptz not null default now(),
    updated_at  timestamptz not null default now(),

    constraint system_config_pkey primary key (key),
    constraint system_config_scan_interval_check
        check (case when key = 'alerts.scan_interval' then value::interval between interval '5 minutes' and interval '7 days'
                    else true end),
    constraint system_config_setting_check check ($schema$.setting_objection(key, value) is null)
);

create trigger update_updated_at_trigger
    before update on $schema$.system_config
    for each row
    when (new.updated_at is not distinct from old.updated_at)
    execute function $schema$.update_updated_at();

grant select on $schema$.system_config to fluxion_app;

insert into $schema$.system_config (key, value, description) values
    ('retention.forecasts', '1 year',
     'How long forecasts are kept, as an interval; empty: for ever. '
     'A tenant''s own is settings.retention.forecasts in shared.tenants.'),
    ('retention.events', '',
     'How long rows of the audit trail are kept, as an interval; empty: for ever. '
     'A tenant''s own is settings.retention.events in shared.tenants. '
     'The events themselves, in mt_events, are never dropped.'),
    ('retention.idempotency_keys', '30 days',
     'How long an Idempotency-Key is good, as an interval of 1 day or more; empty: for ever. '
     'A tenant''s own is settings.retention.idempotency_keys in shared.tenants.'),
    ('alerts.scan_interval', '1 hour',
     'How long after a scan for alerts a tenant is scanned again, as an interval from 5 minutes to 7 days. '
     'A tenant''s own is settings.alerts.scan_interval in shared.tenants.');

comment on table $schema$.system_config is
    'Settings of the whole installation. No row level security: it belongs to no tenant and holds no secret.';
comment on trigger update_updated_at_trigger on $schema$.system_config is
    'Sets updated_at, unless the statement has set it itself.';
