-- Why: credentials are kept apart from the tenants' own tables, which analysts read and events fill.

create table $schema$.tenant_users
(
    id              uuid        not null,
    tenant_id       uuid,
    email           citext      not null,
    password_hash   varchar     not null,
    full_name       varchar     not null,
    role            varchar     not null,
    is_active       boolean     not null default true,
    last_login_at   timestamptz,
    failed_sign_ins integer     not null default 0,
    locked_until    timestamptz,
    created_at      timestamptz not null default now(),
    updated_at      timestamptz not null default now(),

    constraint tenant_users_pkey primary key (id),
    constraint tenant_users_tenant_id_email_key unique nulls not distinct (tenant_id, email),
    constraint tenant_users_tenant_id_fkey foreign key (tenant_id) references $schema$.tenants (id),
    constraint tenant_users_role_check check (role in ('admin', 'manager', 'user', 'viewer', 'platform')),
    constraint tenant_users_platform_check check ((tenant_id is null) = (role = 'platform')),
    constraint tenant_users_failed_sign_ins_check check (failed_sign_ins >= 0)
);

create trigger update_updated_at_trigger
    before update on $schema$.tenant_users
    for each row
    when (new.updated_at is not distinct from old.updated_at)
    execute function $schema$.update_updated_at();

comment on table $schema$.tenant_users is
    'Who may sign in, to which tenant, with which password. The only place where credentials are kept.';

comment on column $schema$.tenant_users.id is
    'The same id as the user''s in the tenant''s own table users.';

comment on column $schema$.tenant_users.tenant_id is
    'Null for the platform''s own administrator. Departure from the data model, where everybody belongs to a tenant: somebody must create the first one.';

comment on column $schema$.tenant_users.email is
    'Unique within a tenant, upper and lower case alike. Departure from the data model, where it is unique everywhere: one person may work for two companies, and a token request names the tenant.';

comment on column $schema$.tenant_users.password_hash is
    'Salted hash with its parameters, never a password.';

comment on column $schema$.tenant_users.role is
    'admin, manager, user or viewer within a tenant. Departure from the data model: platform, for those without a tenant and for them alone.';

comment on column $schema$.tenant_users.failed_sign_ins is
    'Wrong passwords since the last sign-in. Not in the data model: without it a password can be guessed at leisure.';

comment on column $schema$.tenant_users.locked_until is
    'Until when no sign-in is accepted, after too many wrong passwords; null when not locked. Not in the data model, for the same reason.';

comment on trigger update_updated_at_trigger on $schema$.tenant_users is
    'Sets updated_at, unless the statement has set it itself.';

alter table $schema$.tenant_users enable row level security;

-- The owner too: a migration or a provisioning must say whose rows it means.
alter table $schema$.tenant_users force row level security;

create policy tenant_isolation_policy on $schema$.tenant_users
    using (tenant_id = nullif(current_setting('app.current_tenant_id', true), '')::uuid
           or (tenant_id is null and current_setting('app.platform', true) = 'on'))
    with check (tenant_id = nullif(current_setting('app.current_tenant_id', true), '')::uuid
           or (tenant_id is null and current_setting('app.platform', true) = 'on'));

comment on policy tenant_isolation_policy on $schema$.tenant_users is
    'A tenant''s users are seen with that tenant set in app.current_tenant_id, the platform''s own with app.platform on; without either setting there is no row.';
