-- Why: the policy of tenant_users read the session's settings again for every row; a subselect reads them once a statement.

alter policy tenant_isolation_policy on $schema$.tenant_users
    using (tenant_id = (select nullif(current_setting('app.current_tenant_id', true), '')::uuid)
           or (tenant_id is null and (select current_setting('app.platform', true)) = 'on'))
    with check (tenant_id = (select nullif(current_setting('app.current_tenant_id', true), '')::uuid)
           or (tenant_id is null and (select current_setting('app.platform', true)) = 'on'));
