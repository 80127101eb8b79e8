using Npgsql;

namespace Fluxion.Projections.Replay;

/// <summary>The columns that a table shares with its shadow: all but generated ones. For a state these are id and data.</summary>
/// <param name="Keys">The columns of the primary key.</param>
/// <param name="Others">The columns outside the primary key.</param>
/// <param name="Uuids">The uuid columns, which may contain the id of a stream.</param>
/// <param name="Compared">The expressions to compare: citext as case-sensitive text, and a state without its null fields.</param>
/// <param name="Codes">The text columns of unique indexes, including those of several columns.</param>
/// <param name="IsReferredTo">Whether a foreign key references this table. If so, rows are updated in place.</param>
internal sealed record TableColumns(
    string Name,
    IReadOnlyList<string> Keys,
    IReadOnlyList<string> Others,
    IReadOnlyList<string> Uuids,
    IReadOnlyList<string> Compared,
    IReadOnlyList<string> Codes,
    bool IsReferredTo
)
{
    public string Key => string.Join(", ", Keys);

    public string All => string.Join(", ", Keys.Concat(Others));

    public static async Task<TableColumns> Read(
        NpgsqlConnection connection,
        string schema,
        string shadow,
        string table,
        CancellationToken ct
    )
    {
        await using var command = new NpgsqlCommand(
            """
            select quote_ident(a.attname), a.attnum = any(i.indkey), a.atttypid = 'uuid'::regtype,
                   case when format_type(a.atttypid, null) = 'citext' then format('%I::text', a.attname)
                        when c.relname like 'mt\_doc\_%' and a.atttypid = 'jsonb'::regtype then format('jsonb_strip_nulls(%I)', a.attname)
                        else quote_ident(a.attname) end,
                   a.atttypid::regtype::text in ('character varying', 'text', 'citext') and exists
                       (select from pg_index u where u.indrelid = c.oid and u.indisunique and not u.indisprimary
                               and a.attnum = any(u.indkey)),
                   exists (select from pg_constraint f where f.confrelid = c.oid and f.contype = 'f')
            from pg_class c
            join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
            join pg_index i on i.indrelid = c.oid and i.indisprimary
            where c.oid = $1::text::regclass
                and exists (select from pg_attribute s where s.attrelid = $2::text::regclass and s.attname = a.attname
                    and not s.attisdropped)
            order by a.attnum
            """,
            connection
        )
        {
            Parameters =
            {
                new() { Value = $"{schema}.{table}" },
                new() { Value = $"{shadow}.{table}" },
            },
        };
        var columns = new List<(string Name, bool IsKey, bool IsUuid, string Compared, bool IsCode)>();
        var isReferredTo = false;
        await using var reader = await command.ExecuteReaderAsync(ct);
        while (await reader.ReadAsync(ct))
        {
            columns.Add((reader.GetString(0), reader.GetBoolean(1), reader.GetBoolean(2), reader.GetString(3), reader.GetBoolean(4)));
            isReferredTo = reader.GetBoolean(5);
        }
        return new TableColumns(
            table,
            [.. columns.Where(c => c.IsKey).Select(c => c.Name)],
            [.. columns.Where(c => !c.IsKey).Select(c => c.Name)],
            [.. columns.Where(c => c.IsUuid).Select(c => c.Name)],
            [.. columns.Select(c => c.Compared)],
            [.. columns.Where(c => c.IsCode).Select(c => c.Name)],
            isReferredTo
        );
    }
}
