-- Why: an analyst's login belongs to one tenant, and the name of the tenant's role is not enough to say which one.

-- Roles belong to the server: two databases with a tenant of the same name share tenant_<slug>_analyst. Once every analyst could connect
-- to every database, by way of fluxion_analyst, and so read the tenant of that name in all of them. Now each login is granted the
-- connection to its own database, by `analysts grant`. Hence the owner's grant option.
do $$
begin
    execute format('grant connect on database %I to fluxion_owner with grant option', current_database());
end
$$;

-- Once, for a database of a version before: the analysts of its tenants keep the connection. Nobody can tell for which of several
-- databases they were meant, so they keep it to each; `analysts list` shows them, and `analysts revoke` takes it away.
do $$
declare
    login name;
begin
    if not exists (
        select from pg_database d cross join aclexplode(d.datacl) granted
        where d.datname = current_database() and granted.grantee = 'fluxion_analyst'::regrole and granted.privilege_type = 'CONNECT')
    then
        return;
    end if;

    for login in
        select distinct r.rolname
        from pg_namespace n
        join pg_roles tenant on tenant.rolname = n.nspname || '_analyst'
        join pg_roles r on r.rolcanlogin and not r.rolsuper and r.rolname <> 'fluxion_owner' and pg_has_role(r.oid, tenant.oid, 'member')
        where n.nspname like 'tenant\_%'
    loop
        -- in the owner's name, who has to be able to revoke it
        set local role fluxion_owner;

        execute format('grant connect on database %I to %I', current_database(), login);

        reset role;
    end loop;

    execute format('revoke connect on database %I from fluxion_analyst', current_database());
end
$$;
