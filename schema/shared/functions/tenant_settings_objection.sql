-- Why: the database must refuse a wrong setting of a tenant when somebody sets it.

create or replace function $schema$.tenant_settings_objection(settings jsonb)
returns text
language sql
stable
as $$
    select format('retention.%s is ''%s'': it %s', own.key, own.value, $schema$.setting_objection('retention.' || own.key, own.value))
    from jsonb_each_text(case when jsonb_typeof(settings -> 'retention') = 'object' then settings -> 'retention' else '{}' end) own
    where $schema$.setting_objection('retention.' || own.key, coalesce(own.value, '')) is not null
    order by own.key
    limit 1
$$;

comment on function $schema$.tenant_settings_objection is
    'The error in the retention of a tenant''s settings; null when it is valid.';
