-- Why: the service reads the registry and signs people in; to create or suspend a tenant is the owner's work.

grant usage on schema $schema$ to fluxion_app;

grant select on $schema$.system_config, $schema$.tenants to fluxion_app;

grant select, insert, update on $schema$.tenant_users to fluxion_app;

grant select, insert on $schema$.idempotency_keys to fluxion_app;
