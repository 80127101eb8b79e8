using System.Text;
using Fluxion.Ledger.Tenancy;
using Fluxion.Tests.Host;
using Npgsql;

namespace Fluxion.Tests.Schema;

/// <summary>Generates docs/schema.md from the catalogs of the template tenant.</summary>
public static class SchemaPage
{
    private const string Schema = TenantProvisioning.Template;

    private sealed record Relation(string Name, string Comment, bool IsTable, IReadOnlyList<Column> Columns);

    /// <param name="Rules">The column's rules: not null, a default, or how it is generated.</param>
    private sealed record Column(string Name, string Type, string Rules, string Comment);

    public static async Task<string> Write(NpgsqlConnection superuser)
    {
        var relations = await Relations(superuser);
        var indexes = await Indexes(superuser);
        var page = new StringBuilder()
            .AppendLine("# Schema of a tenant")
            .AppendLine()
            .AppendLine("A test writes this page from a migrated tenant; see CONTRIBUTING.md. Change the files in `schema/tenant`, not the")
            .AppendLine("page. `tenant_id` is in every table and always has the id of the schema's tenant; the lists below leave it out.")
            .AppendLine()
            .AppendLine("## Foreign keys")
            .AppendLine()
            .AppendLine("```mermaid")
            .AppendLine("erDiagram");
        foreach (var key in await ForeignKeys(superuser))
            page.AppendLine($"    {key}");
        page.AppendLine("```").AppendLine().AppendLine("## Tables").AppendLine();
        foreach (var table in relations.Where(r => r.IsTable))
        {
            page.AppendLine($"### {table.Name}")
                .AppendLine()
                .AppendLine(table.Comment)
                .AppendLine()
                .AppendLine("| column | type | rules | meaning |")
                .AppendLine("|---|---|---|---|");
            foreach (var column in table.Columns.Where(c => c.Name != "tenant_id"))
                page.AppendLine($"| `{column.Name}` | {column.Type} | {Cell(column.Rules)} | {Cell(column.Comment)} |");
            page.AppendLine();
            foreach (var index in indexes[table.Name])
                page.AppendLine($"- {index}");
            page.AppendLine();
        }
        page.AppendLine("## Views").AppendLine();
        foreach (var view in relations.Where(r => !r.IsTable))
        {
            page.AppendLine($"### {view.Name}")
                .AppendLine()
                .AppendLine(view.Comment)
                .AppendLine()
                .AppendLine("| column | type |")
                .AppendLine("|---|---|");
            foreach (var column in view.Columns)
                page.AppendLine($"| `{column.Name}` | {column.Type} |");
            page.AppendLine();
        }
        page.AppendLine("## Functions").AppendLine();
        foreach (var (name, call, result, comment) in await Functions(superuser))
        {
            page.AppendLine($"### {name}")
                .AppendLine()
                .AppendLine(comment)
                .AppendLine()
                .AppendLine($"    {call}")
                .AppendLine($"    → {result}")
                .AppendLine();
        }
        return page.ToString().TrimEnd() + '\n';
    }

    private static async Task<List<Relation>> Relations(NpgsqlConnection superuser) =>
        [
            .. (
                await superuser.Rows(
                    $"""
                    select c.relname::text, coalesce(obj_description(c.oid, 'pg_class'), ''), c.relkind = 'r',
                           a.attname::text, format_type(a.atttypid, a.atttypmod),
                           case when a.attgenerated <> '' then 'generated: ' || pg_get_expr(d.adbin, d.adrelid)
                                else concat_ws(', ', case when a.attnotnull then 'not null' end,
                                    'default ' || pg_get_expr(d.adbin, d.adrelid)) end,
                           coalesce(col_description(c.oid, a.attnum), '')
                    from pg_class c
                    join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
                    left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
                    where c.relnamespace = '{Schema}'::regnamespace and c.relkind in ('r', 'v') and c.relname <> 'schema_versions'
                    order by c.relname collate "C", a.attnum
                    """
                )
            ).GroupBy(
                row => (string)row[0]!,
                (name, rows) =>
                    new Relation(
                        name,
                        (string)rows.First()[1]!,
                        (bool)rows.First()[2]!,
                        [.. rows.Select(row => new Column((string)row[3]!, Short((string)row[4]!), (string)row[5]!, (string)row[6]!))]
                    )
            ),
        ];

    private static Task<List<string>> ForeignKeys(NpgsqlConnection superuser) =>
        superuser.Column<string>(
            $$"""
            select format('%s %s--o{ %s : "%s"', r.relname, case when bool_and(a.attnotnull) then '||' else '|o' end, t.relname,
                          string_agg(a.attname, ', ' order by a.attnum))
            from pg_constraint c
            join pg_class t on t.oid = c.conrelid
            join pg_class r on r.oid = c.confrelid
            join pg_attribute a on a.attrelid = t.oid and a.attnum = any(c.conkey)
            where c.contype = 'f' and c.connamespace = '{{Schema}}'::regnamespace and r.relnamespace = c.connamespace
            group by c.oid, r.relname, t.relname
            order by r.relname collate "C", t.relname collate "C", c.conname collate "C"
            """
        );

    private static async Task<ILookup<string, string>> Indexes(NpgsqlConnection superuser) =>
        (
            await superuser.Rows(
                $"""
                select tablename::text, regexp_replace(regexp_replace(replace(indexdef, '{Schema}.', ''), '\s+', ' ', 'g'),
                                                       '^CREATE (UNIQUE )?INDEX (\w+) ON (ONLY )?\w+ USING ', '\2: \1')
                from pg_indexes where schemaname = '{Schema}'
                order by indexname collate "C"
                """
            )
        ).ToLookup(row => (string)row[0]!, row => Short((string)row[1]!));

    private static async Task<List<(string Name, string Call, string Result, string Comment)>> Functions(NpgsqlConnection superuser) =>
        [
            .. (
                await superuser.Rows(
                    $"""
                    select proname::text, format('%s(%s)', proname, pg_get_function_arguments(oid)), pg_get_function_result(oid),
                           coalesce(obj_description(oid, 'pg_proc'), '')
                    from pg_proc where pronamespace = '{Schema}'::regnamespace
                    order by proname collate "C"
                    """
                )
            ).Select(row => ((string)row[0]!, Short((string)row[1]!), Short((string)row[2]!), (string)row[3]!)),
        ];

    private static string Short(string sql) =>
        sql.Replace($"{Schema}.", "", StringComparison.Ordinal)
            .Replace("character varying", "varchar", StringComparison.Ordinal)
            .Replace("timestamp with time zone", "timestamptz", StringComparison.Ordinal)
            .Replace("timestamp without time zone", "timestamp", StringComparison.Ordinal);

    private static string Cell(string text) => Short(text).Replace("|", "\\|", StringComparison.Ordinal);
}
