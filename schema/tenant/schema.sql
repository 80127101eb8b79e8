-- Why: a tenant has a schema of its own, and its analysts a role that reaches no other.

create schema if not exists $schema$;

grant usage on schema $schema$ to fluxion_app;

-- The role cannot log in; analysts' logins are its members. Nobody analyses the template.
-- Roles belong to the server: another of its databases may have created the role, or may be creating it at this moment.
do $$
begin
    if '$schema$' = 'template' then
        return;
    end if;

    begin
        if not exists (select from pg_roles where rolname = '$schema$_analyst') then
            create role $schema$_analyst nologin;
        end if;
    exception
        when duplicate_object or unique_violation then null;
    end;

    if not pg_has_role('$schema$_analyst', 'fluxion_analyst', 'member') then
        grant fluxion_analyst to $schema$_analyst;
    end if;

    grant usage on schema $schema$ to $schema$_analyst;
end
$$;
