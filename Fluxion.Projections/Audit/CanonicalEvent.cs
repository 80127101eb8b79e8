using Npgsql;

namespace Fluxion.Projections.Audit;

/// <summary>
/// The canonical form of an event, from which its digest is computed. It contains everything that Marten stores of the event, in
/// PostgreSQL's text forms. It has four lines: the values of fixed form (numbers, ids, time), data, headers, and the texts. Each text
/// follows its length in bytes. The text form of jsonb has no line feed, so the form is unambiguous. Null is empty, and an empty text is
/// 0:. The form is defined here, not in a database function: whoever can alter events could alter the function too. docs/seal.md has an
/// example.
/// </summary>
public static class CanonicalEvent
{
    private const string Text = """
        concat(seq_id, ' ', id, ' ', stream_id, ' ', version, ' ', timestamp at time zone 'UTC', ' ', is_archived, E'\n', data, E'\n',
            headers, E'\n',
            octet_length(type), ':', type, ' ', octet_length(mt_dotnet_type), ':', mt_dotnet_type, ' ', octet_length(tenant_id), ':',
            tenant_id, ' ',
            octet_length(user_name), ':', user_name, ' ', octet_length(correlation_id), ':', correlation_id, ' ',
            octet_length(causation_id), ':', causation_id, ' ',
            octet_length(bdata), ':', encode(bdata, 'hex'), E'\n')
        """;

    /// <summary>A SQL expression for the <see cref="SealEntry"/> of a row of mt_events.</summary>
    public const string Entry = $"int8send(seq_id) || uuid_send(id) || sha256(convert_to({Text}, 'UTF8'))";

    /// <summary>
    /// Gives the rest of the transaction access to this tenant, and sets the date style of the canonical form. The search path has only
    /// PostgreSQL's own functions, because a role's search_path may put other functions of the same names before them.
    /// </summary>
    public static NpgsqlBatchCommand Settings(Tenant tenant) =>
        new("select set_config($1, $2, true), set_config('datestyle', 'ISO', true), set_config('search_path', 'pg_catalog', true)")
        {
            Parameters =
            {
                new() { Value = Databases.TenantSetting },
                new() { Value = tenant.Id.ToString() },
            },
        };
}
