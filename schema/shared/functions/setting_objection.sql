-- Why: the database must refuse a wrong setting when somebody sets it, not log it a day later.

create or replace function $schema$.setting_objection(setting text, setting_value text)
returns text
language plpgsql
stable
set search_path = pg_catalog
as $$
begin
    case
        when setting = 'alerts.scan_interval' then
            return case when setting_value::interval between interval '5 minutes' and interval '7 days' then null
                        else 'must be an interval from 5 minutes to 7 days, for example 1 hour' end;
        when setting in ('retention.forecasts', 'retention.events') then
            return case when setting_value = '' or setting_value::interval between interval '1 day' and interval '1000 years' then null
                        else 'must be an interval from 1 day to 1000 years, for example 2 years, or empty to keep all' end;
        when setting = 'retention.idempotency_keys' then
            return case when setting_value = '' or setting_value::interval between interval '1 day' and interval '1000 years' then null
                        else 'must be an interval from 1 day to 1000 years, for example 30 days, or empty to keep all' end;
        when setting like 'retention.%' then
            return 'is not a setting: there are retention.forecasts, retention.events and retention.idempotency_keys';
        else
            return null;
    end case;
exception
    when data_exception then
        return case when setting = 'alerts.scan_interval' then 'must be an interval from 5 minutes to 7 days, for example 1 hour'
                    else 'must be an interval from 1 day to 1000 years, for example 30 days, or empty to keep all' end;
end
$$;

comment on function $schema$.setting_objection is
    'The error in the value of a setting; null when the value is valid, or when the setting has no rule.';
