using System.Collections.Concurrent;
using Npgsql;

namespace Fluxion.Ledger.Tenancy;

/// <summary>
/// The tenants of shared.tenants, by slug and by id. A tenant that was read less than <see cref="Freshness"/> ago is served from memory.
/// So a suspension, or the repair of a failed migration, takes up to that long to reach the other nodes.
/// </summary>
public sealed class TenantRegistry(Databases databases, SchemaFingerprints fingerprints, TimeProvider clock)
{
    public static readonly TimeSpan Freshness = TimeSpan.FromSeconds(5);

    private const string Columns = """
        select t.id, slug, name, status, t.created_at, f.reason as migration_failure,
               case when n.oid is null
                    then format('The schema %s of this tenant is not in the database. Restore it from a backup.', t.schema_name)
                    when position(t.id::text in d.default) = 0
                    then format('The schema %s belongs to another tenant. Restore it and the registry from one backup.', t.schema_name)
               end as schema_fault
        from shared.tenants t
        left join shared.failed_migrations f on f.schema_name = t.schema_name and f.fingerprint = $1
        left join pg_namespace n on n.nspname = t.schema_name
        left join lateral (
            select pg_get_expr(d.adbin, d.adrelid) as default from pg_class c
            join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id'
            join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
            where c.relnamespace = n.oid and c.relname = 'users') d on true
        """;

    private readonly ConcurrentDictionary<string, (Tenant Tenant, long ReadAt)> _bySlug = new();
    private readonly ConcurrentDictionary<Guid, Tenant> _byId = new();

    public async ValueTask<Tenant?> Find(string slug, CancellationToken ct)
    {
        if (_bySlug.TryGetValue(slug, out var known) && clock.GetElapsedTime(known.ReadAt) < Freshness)
            return known.Tenant;
        await using var command = Command("where slug = $2");
        command.Parameters.Add(new() { Value = slug });
        await using var reader = await command.ExecuteReaderAsync(ct);
        if (await reader.ReadAsync(ct))
            return Remember(Rows.Parser<Tenant>(reader)(reader));
        _bySlug.TryRemove(slug, out _);
        return null;
    }

    /// <summary>The tenant with this id. It is cached without expiry, because the schema of a tenant never changes.</summary>
    /// <exception cref="UnknownTenantException">There is no such tenant; there is no default tenant to fall back to.</exception>
    public Tenant Get(Guid id)
    {
        if (_byId.TryGetValue(id, out var known))
            return known;
        using var command = Command("where t.id = $2");
        command.Parameters.Add(new() { Value = id });
        using var reader = command.ExecuteReader();
        return reader.Read() ? Remember(Rows.Parser<Tenant>(reader)(reader)) : throw new UnknownTenantException(id.ToString());
    }

    /// <summary>Up to <paramref name="limit"/> tenants in the order of their slugs, after the slug <paramref name="after"/>.</summary>
    public async Task<IReadOnlyList<Tenant>> List(string? after, int limit, CancellationToken ct)
    {
        await using var command = Command("where slug > $2 order by slug limit $3");
        command.Parameters.Add(new() { Value = after ?? "" });
        command.Parameters.Add(new() { Value = limit });
        return await command.ReadAll<Tenant>(ct);
    }

    /// <summary>Makes the next <see cref="Find"/> read the registry again.</summary>
    public void Forget(string slug) => _bySlug.TryRemove(slug, out _);

    private NpgsqlCommand Command(string which)
    {
        var command = databases.Queries.CreateCommand($"{Columns} {which}");
        command.Parameters.Add(new() { Value = fingerprints.OfThisBuild });
        return command;
    }

    private Tenant Remember(Tenant tenant)
    {
        _bySlug[tenant.Slug] = (tenant, clock.GetTimestamp());
        _byId[tenant.Id] = tenant;
        return tenant;
    }
}

/// <summary>The registry has no tenant with this id.</summary>
public sealed class UnknownTenantException(string tenant) : Exception($"There is no tenant '{tenant}'.");
