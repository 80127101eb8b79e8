using System.Text.RegularExpressions;
using Npgsql;

namespace Fluxion.Ledger.Tenancy;

/// <summary>The facts that a tenant's schema contains about itself, independent of the registry.</summary>
/// <param name="TenantId">The owner: the default of the columns tenant_id; null before the schema has tables.</param>
/// <param name="HasEvents">True when the schema has an event, or may have one; then it is never dropped.</param>
/// <param name="Since">The time when its first event was recorded; null when there is none or it cannot be read.</param>
public sealed record FoundSchema(Guid? TenantId, bool HasEvents, DateTimeOffset? Since);

/// <summary>
/// Inspects tenants' schemas independently of the registry. The two disagree when only one of them was restored from a backup.
/// </summary>
public sealed partial class TenantSchemas(Databases databases)
{
    /// <summary>The suffix of a schema that a replay creates beside a tenant's schema; it belongs to no tenant.</summary>
    private const string Shadow = "_replay";

    /// <summary>The facts about a schema; null when it does not exist.</summary>
    /// <exception cref="NoOwnerException"/>
    public async Task<FoundSchema?> Find(string schema, CancellationToken ct)
    {
        await using var connection = await databases.RequireOwner().OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        var (events, default_) = (false, (string?)null);
        await using (
            var look = new NpgsqlCommand(
                """
                select exists (select from pg_class c where c.relnamespace = n.oid and c.relname = 'mt_events'),
                       (select pg_get_expr(d.adbin, d.adrelid) from pg_attrdef d
                        join pg_attribute a on a.attrelid = d.adrelid and a.attnum = d.adnum join pg_class c on c.oid = d.adrelid
                        where c.relnamespace = n.oid and c.relname = 'users' and a.attname = 'tenant_id')
                from pg_namespace n where n.nspname = $1
                """,
                connection
            )
            {
                Parameters = { new() { Value = schema } },
            }
        )
        {
            await using var reader = await look.ExecuteReaderAsync(ct);
            if (!await reader.ReadAsync(ct))
                return null;
            (events, default_) = (reader.GetBoolean(0), await reader.IsDBNullAsync(1, ct) ? null : reader.GetString(1));
        }
        Guid? id = default_ is not null && Uuid().Match(default_) is { Success: true } match ? Guid.Parse(match.Value) : null;
        if (!events)
            return new FoundSchema(id, HasEvents: false, null);
        // without the tenant id, row-level security hides every row: the tables may contain events
        if (id is null)
            return new FoundSchema(null, HasEvents: true, null);
        await using (
            var setting = new NpgsqlCommand("select set_config($1, $2, true)", connection)
            {
                Parameters =
                {
                    new() { Value = Databases.TenantSetting },
                    new() { Value = id.Value.ToString() },
                },
            }
        )
            await setting.ExecuteNonQueryAsync(ct);
        await using var first = new NpgsqlCommand($"select timestamp from {schema}.mt_events order by seq_id limit 1", connection);
        return await first.ExecuteScalarAsync(ct) is DateTime since
            ? new FoundSchema(id, HasEvents: true, new DateTimeOffset(since))
            : new FoundSchema(id, HasEvents: false, null);
    }

    /// <summary>The slugs of the tenants whose schemas have events and are missing from the registry.</summary>
    /// <exception cref="NoOwnerException"/>
    public async Task<IReadOnlyList<string>> Unregistered(CancellationToken ct)
    {
        var schemas = new List<string>();
        await using (
            var command = databases
                .RequireOwner()
                .CreateCommand(
                    """
                    select n.nspname::text from pg_namespace n join pg_class c on c.relnamespace = n.oid and c.relname = 'mt_events'
                    where n.nspname like 'tenant\_%' and not exists (select from shared.tenants t where t.schema_name = n.nspname)
                        order by 1
                    """
                )
        )
        {
            await using var reader = await command.ExecuteReaderAsync(ct);
            while (await reader.ReadAsync(ct))
                schemas.Add(reader.GetString(0));
        }
        var slugs = new List<string>();
        foreach (var schema in schemas.Where(s => !s.EndsWith(Shadow, StringComparison.Ordinal)))
            if (await Find(schema, ct) is { HasEvents: true })
                slugs.Add(Tenant.SlugOf(schema));
        return slugs;
    }

    [GeneratedRegex("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")]
    private static partial Regex Uuid();
}
