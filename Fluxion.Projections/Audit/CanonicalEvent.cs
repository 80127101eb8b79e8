using Fluxion.Ledger.Tenancy;
using Npgsql;

namespace Fluxion.Projections.Audit;

/// <summary>
/// The canonical form of an event, of which its digest is taken: all that Marten keeps of it, in the text forms of PostgreSQL. It is four lines:
/// what has a form of its own (numbers, ids, time), data, headers, and the texts, each after its length in bytes. jsonb has no line feed in its
/// text form, so that nothing can be taken for something else; null is empty and an empty text is 0:. The form is written here and not as a
/// function in the database, where whoever alters events could alter it as well. docs/seal.md has an example.
/// </summary>
public static class CanonicalEvent
{
    private const string Text = """
        concat(seq_id, ' ', id, ' ', stream_id, ' ', version, ' ', timestamp at time zone 'UTC', ' ', is_archived, E'\n', data, E'\n', headers, E'\n',
            octet_length(type), ':', type, ' ', octet_length(mt_dotnet_type), ':', mt_dotnet_type, ' ', octet_length(tenant_id), ':', tenant_id, ' ',
            octet_length(user_name), ':', user_name, ' ', octet_length(correlation_id), ':', correlation_id, ' ', octet_length(causation_id), ':', causation_id, ' ',
            octet_length(bdata), ':', encode(bdata, 'hex'), E'\n')
        """;

    /// <summary>The <see cref="SealEntry"/> of a row of mt_events, as a SQL expression.</summary>
    public const string Entry = $"int8send(seq_id) || uuid_send(id) || sha256(convert_to({Text}, 'UTF8'))";

    /// <summary>
    /// Makes the rest of the transaction see this tenant, points in time written as the canonical form has them, and PostgreSQL's own functions alone:
    /// a search_path that a role was given may put others of the same names before them.
    /// </summary>
    public static NpgsqlBatchCommand Settings(Tenant tenant) => new("select set_config($1, $2, true), set_config('datestyle', 'ISO', true), set_config('search_path', 'pg_catalog', true)")
    {
        Parameters = { new() { Value = Databases.TenantSetting }, new() { Value = tenant.Id.ToString() } },
    };
}
