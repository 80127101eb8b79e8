-- Why: a sign-in needs credentials, and they must be neither in events nor in tables that analysts read.

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
    stamp           integer     not null default 0,

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

alter table $schema$.tenant_users enable row level security;

-- Forced, so that the owner too must name the tenant whose rows it means.
alter table $schema$.tenant_users force row level security;

create policy tenant_isolation_policy on $schema$.tenant_users
    using (tenant_id = (select nullif(current_setting('app.current_tenant_id', true), '')::uuid)
           or (tenant_id is null and (select current_setting('app.platform', true)) = 'on'))
    with check (tenant_id = (select nullif(current_setting('app.current_tenant_id', true), '')::uuid)
           or (tenant_id is null and (select current_setting('app.platform', true)) = 'on'));

grant select, insert, update on $schema$.tenant_users to fluxion_app;

comment on table $schema$.tenant_users is
    'Accounts, each with the tenant that it may sign in to. No other table holds passwords.';
comment on column $schema$.tenant_users.id is
    'The same id as the user''s in the tenant''s own table users.';
comment on column $schema$.tenant_users.tenant_id is
    'Null for the platform''s own administrator. Departure from the data model, where everybody belongs to a tenant: somebody must '
    'create the first one.';
comment on column $schema$.tenant_users.email is
    'Unique within a tenant; upper and lower case are the same. Departure from the data model, where it is unique everywhere: one '
    'person may work for two companies, and a token request names the tenant.';
comment on column $schema$.tenant_users.password_hash is
    'Salted hash with its parameters, never a password.';
comment on column $schema$.tenant_users.role is
    'admin, manager, user or viewer within a tenant. Departure from the data model: platform, for accounts without a tenant.';
comment on column $schema$.tenant_users.failed_sign_ins is
    'Wrong passwords since the last sign-in. Not in the data model: without it nothing limits guessing.';
comment on column $schema$.tenant_users.locked_until is
    'The account accepts no sign-in until then, after too many wrong passwords; null when it is not locked. Not in the data model.';
comment on column $schema$.tenant_users.stamp is
    'Security stamp. A change of role, stores, password or activity increments it and so ends the tokens issued before; each token '
    'carries the number. Not in the data model: without it a former employee could work until the token expires.';
comment on trigger update_updated_at_trigger on $schema$.tenant_users is
    'Sets updated_at, unless the statement has set it itself.';
comment on policy tenant_isolation_policy on $schema$.tenant_users is
    'A session sees a tenant''s accounts when app.current_tenant_id names that tenant, and the platform''s accounts when '
    'app.platform is on. Without either setting it sees no row.';
