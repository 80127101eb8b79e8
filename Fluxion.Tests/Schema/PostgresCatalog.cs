using Fluxion.Tests.Host;
using Npgsql;

namespace Fluxion.Tests.Schema;

/// <summary>A schema as the catalogs of PostgreSQL and TimescaleDB describe it.</summary>
public static class PostgresCatalog
{
    /// <summary>
    /// One line for each relation, column, constraint, index, trigger, policy, routine, comment, hypertable and policy job. The names of
    /// the schema and of its tenant do not appear, so that two schemas can be compared. Marten's tables are left out.
    /// </summary>
    public static async Task<IReadOnlyList<string>> Describe(NpgsqlConnection superuser, string schema, Guid tenantId)
    {
        string Rights(string acl, char kind, string owner) =>
            $"""
                (select string_agg(format('%s %s', case grantee when 0 then 'public' else grantee::regrole::text end, privilege_type), ', '
                                   order by grantee::regrole::text, privilege_type)
                 from aclexplode(coalesce({acl}, acldefault('{kind}', {owner}))))
                """;
        var lines = await superuser.Column<string>(
            $"""
            with relation as (
                select * from pg_class
                where relnamespace = '{schema}'::regnamespace and relname not like 'mt\_%' and relkind in ('r', 'p', 'v', 'm', 'S')
            ), routine as (
                select p.*, p.oid::regprocedure::text as signature
                from pg_proc p where pronamespace = '{schema}'::regnamespace and proname not like 'mt\_%'
            )
            select format('schema: owner %s, rights %s', nspowner::regrole, {Rights("nspacl", 'n', "nspowner")})
            from pg_namespace where nspname = '{schema}'
            union all
            select format('relation %s: kind %s, owner %s, row security %s %s, options %s, rights %s', relname, relkind, relowner::regrole,
                          relrowsecurity, relforcerowsecurity, reloptions, {Rights("relacl", 'r', "relowner")})
            from relation
            union all
            select format('column %s.%s: place %s, type %s, not null %s, storage %s, collation %s, generated %s, default %s, rights %s',
                          r.relname, a.attname, row_number() over (partition by r.oid order by a.attnum),
                          format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attstorage, a.attcollation::regcollation, a.attgenerated,
                          pg_get_expr(d.adbin, d.adrelid),
                          (select string_agg(format('%s %s', grantee::regrole, privilege_type), ', ' order by grantee::regrole::text)
                           from aclexplode(a.attacl)))
            from relation r
            join pg_attribute a on a.attrelid = r.oid and a.attnum > 0 and not a.attisdropped
            left join pg_attrdef d on d.adrelid = r.oid and d.adnum = a.attnum
            union all
            select format('view %s: %s', relname, pg_get_viewdef(oid)) from relation where relkind in ('v', 'm')
            union all
            select format('constraint %s of %s: %s', c.conname, r.relname, pg_get_constraintdef(c.oid))
            from pg_constraint c join relation r on r.oid = c.conrelid
            union all
            select format('index of %s: %s, valid %s', r.relname, pg_get_indexdef(i.indexrelid), i.indisvalid)
            from pg_index i join relation r on r.oid = i.indrelid
            union all
            select format('trigger of %s: %s, enabled %s', r.relname, pg_get_triggerdef(t.oid), t.tgenabled)
            from pg_trigger t join relation r on r.oid = t.tgrelid where not t.tgisinternal
            union all
            select format('policy %s of %s: for %s to %s using %s with check %s', p.polname, r.relname, p.polcmd, p.polroles::regrole[],
                          pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid))
            from pg_policy p join relation r on r.oid = p.polrelid
            union all
            select format('routine %s: %s, rights %s', signature, case when prokind <> 'a' then pg_get_functiondef(oid) end,
                          {Rights("proacl", 'f', "proowner")})
            from routine
            union all
            select format('aggregate %s: %s, %s, state %s', r.signature, a.aggtransfn, a.aggfinalfn, a.aggtranstype::regtype)
            from pg_aggregate a join routine r on r.oid = a.aggfnoid
            union all
            select format('comment on %s: %s', pg_describe_object(d.classoid, d.objoid, d.objsubid), d.description)
            from pg_description d
            where d.objoid in (select oid from relation union all select oid from routine
                               union all select i.indexrelid from pg_index i join relation r on r.oid = i.indrelid
                               union all select t.oid from pg_trigger t join relation r on r.oid = t.tgrelid
                               union all select p.oid from pg_policy p join relation r on r.oid = p.polrelid)
            union all
            select format('hypertable %s: %s %s, interval %s', hypertable_name, column_name, column_type, time_interval)
            from timescaledb_information.dimensions where hypertable_schema = '{schema}'
            union all
            select format('compression of %s: %s, segments %s, order %s %s %s', hypertable_name, attname, segmentby_column_index,
                          orderby_column_index, orderby_asc, orderby_nullsfirst)
            from timescaledb_information.compression_settings where hypertable_schema = '{schema}'
            union all
            select format('job of %s: %s every %s, %s', hypertable_name, proc_name, schedule_interval, config - 'hypertable_id')
            from timescaledb_information.jobs where hypertable_schema = '{schema}'
            """
        );
        return
        [
            .. lines
                .Select(line =>
                    line.Replace(schema, "{schema}", StringComparison.Ordinal)
                        .Replace(tenantId.ToString(), "{tenant}", StringComparison.Ordinal)
                )
                .Order(StringComparer.Ordinal),
        ];
    }
}
