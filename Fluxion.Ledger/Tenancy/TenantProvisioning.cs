using Fluxion.Ledger.Access;
using Fluxion.Ledger.Commands;
using Marten;
using Medallion.Threading.Postgres;
using Npgsql;

namespace Fluxion.Ledger.Tenancy;

/// <summary>The first user of a new tenant.</summary>
public sealed record FirstAdmin(string Email, string FullName, string Password);

/// <summary>
/// Makes and migrates schemas, as role fluxion_owner. A tenant exists once its row is in shared.tenants, and that row is written in the
/// last transaction, together with its first admin: what a crash leaves before that is a schema that nobody refers to, and the next
/// attempt with the same slug replaces it.
/// </summary>
public sealed class TenantProvisioning(
    Databases databases, TenantStores stores, TenantRegistry registry, SchemaScripts scripts, SchemaFingerprints fingerprints, TimeProvider clock)
{
    public const string Template = "template";

    /// <summary>Brings the shared schema, the template and every tenant up to date, but those in <paramref name="current"/>.</summary>
    /// <returns>The number of tenants.</returns>
    /// <exception cref="SchemaScriptException"/>
    public async Task<int> Migrate(IReadOnlySet<string> current, CancellationToken ct)
    {
        var owner = databases.RequireOwner();
        await Migrate("shared", current, async () =>
        {
            await Execute(owner, "create schema if not exists shared", ct);
            scripts.RunOnce(owner, "shared", "shared", Guid.Empty);
        }, ct);
        await Migrate(Template, current, async () =>
        {
            await Execute(owner, $"create schema if not exists {Template}", ct);
            scripts.RunOnce(owner, "tenant", Template, Guid.Empty);
        }, ct);
        var tenants = await registry.List(null, int.MaxValue, ct);
        foreach (var tenant in tenants)
            await Migrate(tenant.Schema, current, async () => (await MigrateSchema(tenant.Schema, tenant.Id, ct)).Dispose(), ct);
        return tenants.Count;
    }

    /// <summary>Migrates one schema, unless it is in <paramref name="current"/>. Hosts that start together take turns.</summary>
    public async Task Migrate(string schema, IReadOnlySet<string> current, Func<Task> migrate, CancellationToken ct)
    {
        if (current.Contains(schema)) return;
        await using var turn = await Turn($"migrate/{schema}", ct);
        await migrate();
        await fingerprints.Record(schema, ct);
    }

    /// <summary>Makes a tenant: its schema, tables, roles and first admin, and its row in the registry; all of it or nothing.</summary>
    /// <param name="alongside">Queues what has to commit with the registry's row.</param>
    /// <returns>Null when the slug is taken.</returns>
    /// <exception cref="SchemaScriptException"/>
    public async Task<Tenant?> Provision(
        string slug, string name, FirstAdmin? admin, Action<LedgerSession, Tenant>? alongside, CancellationToken ct)
    {
        var owner = databases.RequireOwner();
        var tenant = new Tenant(Guid.CreateVersion7(), slug, name, Tenant.Active, Timestamps.ToMicroseconds(clock.GetUtcNow()));
        await using var turn = await Turn($"provision/{slug}", ct);
        registry.Forget(slug);
        if (await registry.Find(slug, ct) is not null) return null;

        await Execute(owner, $"drop schema if exists {tenant.Schema} cascade; create schema {tenant.Schema}", ct);
        try
        {
            using var store = await MigrateSchema(tenant.Schema, tenant.Id, ct);
            await using var session = store.LightweightSession(tenant.Id.ToString());
            var ledger = new LedgerSession(session, tenant, Caller.System(tenant), clock);
            await ledger.Begin(ct);
            ledger.Queue("insert into shared.tenants (id, slug, name, schema_name, status, created_at, updated_at) values (?, ?, ?, ?, ?, ?, ?)",
                tenant.Id, slug, name, tenant.Schema, tenant.Status, tenant.CreatedAt, tenant.CreatedAt);
            if (admin is not null) Users.Register(ledger, admin.Email, admin.FullName, Roles.Admin, null, admin.Password);
            alongside?.Invoke(ledger, tenant);
            await ledger.Commit(ct);
        }
        catch
        {
            await Execute(owner, $"drop schema if exists {tenant.Schema} cascade", CancellationToken.None);
            throw;
        }
        await fingerprints.Record(tenant.Schema, CancellationToken.None);
        return tenant;
    }

    /// <summary>Sets the status of a tenant; the tenant as it is then, or null when there is none.</summary>
    public async Task<Tenant?> SetStatus(string slug, string status, CancellationToken ct)
    {
        await using var command = databases.RequireOwner().CreateCommand("update shared.tenants set status = $2 where slug = $1 and status <> $2");
        command.Parameters.Add(new() { Value = slug });
        command.Parameters.Add(new() { Value = status });
        await command.ExecuteNonQueryAsync(ct);
        registry.Forget(slug);
        return await registry.Find(slug, ct);
    }

    /// <summary>Scripts, then Marten's own tables, then what the service may do with those.</summary>
    private async Task<DocumentStore> MigrateSchema(string schema, Guid tenantId, CancellationToken ct)
    {
        var owner = databases.RequireOwner();
        scripts.RunOnce(owner, "tenant", schema, tenantId);
        var store = new DocumentStore(stores.OptionsFor(schema, owner));
        await store.Storage.ApplyAllConfiguredChangesToDatabaseAsync(JasperFx.AutoCreate.CreateOrUpdate);
        scripts.RunAlways(owner, "marten", schema, tenantId);
        return store;
    }

    /// <summary>Waits, five minutes at most, until no other host is at <paramref name="name"/>; a host that dies gives its turn up.</summary>
    /// <exception cref="TimeoutException"/>
    public async Task<IAsyncDisposable> Turn(string name, CancellationToken ct) =>
        await new PostgresDistributedLock(new PostgresAdvisoryLockKey($"fluxion/{name}", allowHashing: true), databases.RequireOwner())
            .AcquireAsync(TimeSpan.FromMinutes(5), ct);

    private static async Task Execute(NpgsqlDataSource dataSource, string sql, CancellationToken ct)
    {
        await using var command = dataSource.CreateCommand(sql);
        await command.ExecuteNonQueryAsync(ct);
    }
}
