-- Why: how often stock is looked through is for whoever runs the installation to say, and what is no interval is refused when it is set.

insert into $schema$.system_config (key, value, description) values
    ('alerts.scan_interval', '1 hour', 'How long after a scan for alerts a tenant is scanned again, as an interval from 5 minutes to 7 days. A tenant''s own is settings.alerts.scan_interval in shared.tenants.');

alter table $schema$.system_config
    add constraint system_config_scan_interval_check
        check (case when key = 'alerts.scan_interval' then value::interval between interval '5 minutes' and interval '7 days' else true end);

alter table $schema$.tenants
    add constraint tenants_scan_interval_check
        check ((settings #>> '{alerts,scan_interval}')::interval between interval '5 minutes' and interval '7 days');
