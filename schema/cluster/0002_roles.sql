-- Why: what may change the schema and what serves requests must not be the same role.

-- Passwords are set by the caller, so that none is ever written in a script.
-- Roles belong to the cluster, and two databases of one cluster may be set up at the same moment:
-- a role that is already as it should be is left untouched, for a needless `alter role` of both
-- fails one of them with "tuple concurrently updated".
do $$
begin
    if not exists (select from pg_roles where rolname = 'fluxion_owner') then
        create role fluxion_owner;
    end if;
exception
    when duplicate_object or unique_violation then null;
end
$$;

do $$
begin
    if not exists (select from pg_roles where rolname = 'fluxion_app') then
        create role fluxion_app;
    end if;
exception
    when duplicate_object or unique_violation then null;
end
$$;

-- What the analysts of all tenants have in common. One role for all, because a grant to each analyst
-- role on one and the same schema would make two tenants that are created at once collide.
do $$
begin
    if not exists (select from pg_roles where rolname = 'fluxion_analyst') then
        create role fluxion_analyst;
    end if;
exception
    when duplicate_object or unique_violation then null;
end
$$;

-- Owns the schemas and runs their DDL; used by provisioning, migrations and the command `analysts` alone.
-- It creates the analyst role of each tenant and the logins that are members of it, hence createrole.
-- Since PostgreSQL 16 that is no power over other roles: who creates a role gets the admin option on that one,
-- with neither its rights nor `set role`, and changes, grants and drops no role without the option. So it makes
-- a login a member of tenant_<slug>_analyst because it made both, and cannot touch postgres, fluxion_app or
-- what a superuser made by hand.
do $$
begin
    if not exists (
        select from pg_roles
        where rolname = 'fluxion_owner'
          and rolcanlogin and rolcreaterole
          and not rolsuper and not rolbypassrls and not rolcreatedb and not rolreplication)
    then
        alter role fluxion_owner
            with login createrole nosuperuser nobypassrls nocreatedb noreplication;
    end if;
end
$$;

-- The service: no DDL, no way past row level security.
do $$
begin
    if not exists (
        select from pg_roles
        where rolname = 'fluxion_app'
          and rolcanlogin
          and not rolsuper and not rolbypassrls and not rolcreaterole and not rolcreatedb
          and not rolreplication)
    then
        alter role fluxion_app
            with login nosuperuser nobypassrls nocreaterole nocreatedb noreplication;
    end if;
end
$$;

do $$
begin
    if not exists (
        select from pg_roles
        where rolname = 'fluxion_analyst'
          and not rolcanlogin
          and not rolsuper and not rolbypassrls and not rolcreaterole and not rolcreatedb
          and not rolreplication)
    then
        alter role fluxion_analyst
            with nologin nosuperuser nobypassrls nocreaterole nocreatedb noreplication;
    end if;
end
$$;

-- The owner makes each tenant's analyst role a member; it is none itself.
do $$
begin
    if not exists (
        select from pg_auth_members
        where roleid = 'fluxion_analyst'::regrole
          and member = 'fluxion_owner'::regrole
          and admin_option)
    then
        grant fluxion_analyst to fluxion_owner with admin true, inherit false, set false;
    end if;
end
$$;

do $$
begin
    execute format('grant connect, create on database %I to fluxion_owner', current_database());
    execute format('grant connect on database %I to fluxion_app', current_database());
end
$$;
