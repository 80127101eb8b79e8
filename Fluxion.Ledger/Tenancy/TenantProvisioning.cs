using Fluxion.Ledger.Diagnostics;
using Fluxion.Ledger.Time;
using Marten;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Fluxion.Ledger.Tenancy;

/// <summary>The first user of a new tenant.</summary>
public sealed record FirstAdmin(string Email, string FullName, string PasswordHash);

/// <summary>The result of the migration of one schema: a tenant's or the template.</summary>
/// <param name="Name">The tenant's slug, or "template".</param>
/// <param name="Failure">The reason why it failed, with the script if a script failed; null when the schema is up to date.</param>
/// <param name="Done">The number of schemas attempted so far, of <paramref name="Total"/>.</param>
public sealed record Migrated(string Name, string? Failure, int Done, int Total);

/// <summary>
/// Creates and migrates schemas, as role fluxion_owner. A tenant exists once its row is in shared.tenants. The last transaction writes
/// that row, together with the first admin and all events. A crash before it leaves a schema without events that nothing refers to. The
/// next attempt with the same slug replaces it. A schema with events is never dropped, because it belongs to a tenant that the registry
/// has lost.
/// </summary>
public sealed class TenantProvisioning(
    Databases databases,
    TenantDocumentStores stores,
    TenantRegistry registry,
    TenantSchemas schemas,
    SchemaScripts scripts,
    SchemaFingerprints fingerprints,
    TimeProvider clock,
    ILogger<TenantProvisioning> logger
)
{
    public const string Template = "template";

    /// <summary>Number of schemas migrated concurrently, each with two or three connections.</summary>
    private const int MaxConcurrent = 4;

    /// <summary>
    /// Number of attempts to get a lock. With the pauses they last longer than an analyst's longest query and longest idle transaction, by
    /// the limits as granted.
    /// </summary>
    private const int LockAttempts = 20;
    private static readonly TimeSpan BetweenLockAttempts = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Migrates the shared schema, the template and every tenant, except those in <paramref name="current"/>. A few are migrated
    /// concurrently. A schema whose migration fails stays unchanged and does not affect the others. After an interruption, completed
    /// migrations remain.
    /// </summary>
    /// <param name="current">The schemas that are up to date; null to migrate all.</param>
    /// <param name="progress">A callback that is called once for each completed schema, never concurrently.</param>
    /// <returns>The number of tenants, and the schemas whose migration failed.</returns>
    /// <exception cref="SchemaScriptException">The migration of the shared schema failed; no other schema is then migrated.</exception>
    public async Task<(int Tenants, IReadOnlyList<Migrated> Failed)> Migrate(
        IReadOnlySet<string>? current,
        Action<Migrated>? progress,
        CancellationToken ct
    )
    {
        var owner = databases.RequireOwner();
        await Migrate("shared", current, () => scripts.Migrate(owner, "shared", "shared", Guid.Empty, ct), ct);
        Task MigrateTemplate() => scripts.Migrate(owner, "tenant", Template, Guid.Empty, ct);
        var tenants = await registry.List(null, int.MaxValue, ct);
        async Task MigrateTenant(Tenant tenant)
        {
            // the scripts would otherwise create an empty schema
            if (tenant.SchemaFault is not null)
                throw new TenantRefusedException(tenant.SchemaFault);
            (await MigrateSchema(tenant.Schema, tenant.Id, everything: current is null, ct)).Dispose();
        }
        List<(string Name, string Schema, Func<Task> Migrate)> todo =
        [
            (Template, Template, MigrateTemplate),
            .. tenants.Select(t => (t.Slug, t.Schema, (Func<Task>)(() => MigrateTenant(t)))),
        ];
        todo.RemoveAll(s => current?.Contains(s.Schema) == true);
        var done = new List<Migrated>();
        await Parallel.ForEachAsync(
            todo,
            new ParallelOptions { MaxDegreeOfParallelism = MaxConcurrent, CancellationToken = ct },
            async (s, _) =>
            {
                var failure = await Try(s.Schema, current, s.Migrate, ct);
                lock (done)
                {
                    done.Add(new Migrated(s.Name, failure, done.Count + 1, todo.Count));
                    progress?.Invoke(done[^1]);
                }
            }
        );
        return (tenants.Count, [.. done.Where(m => m.Failure is not null).OrderBy(m => m.Name, StringComparer.Ordinal)]);
    }

    /// <summary>
    /// The reason why a schema could not be migrated, or null. An unavailable database aborts the migration; it is not recorded as a
    /// failure of the schema.
    /// </summary>
    private async Task<string?> Try(string schema, IReadOnlySet<string>? current, Func<Task> migrate, CancellationToken ct)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await Migrate(schema, current, migrate, ct);
                return null;
            }
            catch (Exception e)
                when (Postgres(e)?.SqlState is PostgresErrorCodes.LockNotAvailable or PostgresErrorCodes.DeadlockDetected
                    && attempt < LockAttempts
                )
            {
                await Task.Delay(BetweenLockAttempts, ct);
            }
            catch (Exception e) when (e is not OperationCanceledException && !IsAway(e))
            {
                var reason =
                    e is not SchemaScriptException && Postgres(e) is { } refusal
                        ? $"Marten's tables cannot be made: {refusal.MessageText}"
                        : e.Message;
                await fingerprints.RecordFailure(schema, reason, ct);
                return reason;
            }
        }
    }

    private static PostgresException? Postgres(Exception? e) => e is null ? null : e as PostgresException ?? Postgres(e.InnerException);

    private static bool IsAway(Exception? e) =>
        e switch
        {
            null or TimeoutException => false, // timeout of a statement or of a lock
            PostgresException => e
                is PostgresException
                {
                    SqlState: PostgresErrorCodes.AdminShutdown
                        or PostgresErrorCodes.CrashShutdown
                        or PostgresErrorCodes.CannotConnectNow
                        or PostgresErrorCodes.TooManyConnections
                },
            NpgsqlException => e.InnerException is not TimeoutException,
            _ => IsAway(e.InnerException),
        };

    /// <summary>
    /// Migrates one schema, unless it is in <paramref name="current"/>. An advisory lock serializes hosts that start together.
    /// </summary>
    public async Task Migrate(string schema, IReadOnlySet<string>? current, Func<Task> migrate, CancellationToken ct)
    {
        if (current?.Contains(schema) == true)
            return;
        await using var held = await AcquireLock(AdvisoryLocks.Key(schema, "migration"), ct);
        if (current is not null && (await fingerprints.Current(ct)).Contains(schema))
            return; // another host migrated it first
        await migrate();
        await fingerprints.Record(schema, ct);
    }

    /// <summary>Creates a tenant: its schema, tables, roles, first admin and registry row, or nothing.</summary>
    /// <param name="timezone">The time zone by which its days are counted; null for UTC.</param>
    /// <param name="alongside">A callback that enqueues further writes into the transaction of the registry row.</param>
    /// <returns>The tenant; null when the slug is taken.</returns>
    /// <exception cref="SchemaScriptException"/>
    /// <exception cref="TenantRefusedException">
    /// A schema with events exists, or analysts of a former tenant could read the new schema.
    /// </exception>
    public async Task<Tenant?> Provision(
        string slug,
        string name,
        FirstAdmin? admin,
        string? timezone,
        Action<LedgerSession, Tenant>? alongside,
        CancellationToken ct
    )
    {
        var owner = databases.RequireOwner();
        var tenant = new Tenant(Guid.CreateVersion7(), slug, name, Tenant.Active, Timestamps.ToMicroseconds(clock.GetUtcNow()));
        await using var held = await AcquireLockOf(slug, ct);
        registry.Forget(slug);
        if (await registry.Find(slug, ct) is not null)
            return null;
        if (await schemas.Find(tenant.Schema, ct) is { HasEvents: true })
        {
            throw new TenantRefusedException(
                $"The schema {tenant.Schema} has events, and the registry does not know its tenant: "
                    + $"was 'shared' restored from an older backup? Adopt it: 'tenants adopt {slug}', or POST /api/tenants/{slug}/adopt."
            );
        }
        await new Analysts(databases).RemoveFormer(tenant, ct);

        await Execute(owner, $"drop schema if exists {tenant.Schema} cascade; create schema {tenant.Schema}", ct);
        try
        {
            using var store = await MigrateSchema(tenant.Schema, tenant.Id, everything: true, ct);
            await using var session = store.LightweightSession(tenant.Id.ToString());
            var ledger = new LedgerSession(session, tenant, Caller.System(tenant));
            await ledger.Begin(ct);
            ledger.Enqueue(
                "insert into shared.tenants (id, slug, name, schema_name, status, created_at, updated_at) values (?, ?, ?, ?, ?, ?, ?)",
                tenant.Id,
                slug,
                name,
                tenant.Schema,
                tenant.Status,
                tenant.CreatedAt,
                tenant.CreatedAt
            );
            if (admin is not null)
                Users.Register(ledger, admin.Email, admin.FullName, Roles.Admin, admin.PasswordHash);
            if (timezone is not null)
                ledger.Append<TenantSettings>(tenant.Id, new SettingsChanged(0, null, timezone));
            alongside?.Invoke(ledger, tenant);
            await ledger.Commit(ct);
        }
        catch
        {
            try
            {
                await Execute(owner, $"drop schema if exists {tenant.Schema} cascade", CancellationToken.None);
            }
            catch (NpgsqlException e)
            {
                logger.SchemaNotDropped(e, tenant.Schema);
            }
            throw;
        }
        await fingerprints.Record(tenant.Schema, CancellationToken.None);
        return tenant;
    }

    /// <summary>Sets the status of a tenant, and returns the tenant after it; null when there is no such tenant.</summary>
    public async Task<Tenant?> SetStatus(string slug, string status, CancellationToken ct)
    {
        await using var command = databases
            .RequireOwner()
            .CreateCommand("update shared.tenants set status = $2 where slug = $1 and status <> $2");
        command.Parameters.Add(new() { Value = slug });
        command.Parameters.Add(new() { Value = status });
        await command.ExecuteNonQueryAsync(ct);
        registry.Forget(slug);
        return await registry.Find(slug, ct);
    }

    /// <summary>Runs the scripts, creates Marten's own tables, then grants the service its rights on them.</summary>
    /// <param name="everything">
    /// True to check Marten's tables even if they are recorded as current. A new schema has no such record.
    /// </param>
    internal async Task<DocumentStore> MigrateSchema(string schema, Guid tenantId, bool everything, CancellationToken ct)
    {
        var owner = databases.RequireOwner();
        await scripts.Migrate(owner, "tenant", schema, tenantId, ct);
        var store = new DocumentStore(stores.OptionsFor(schema, owner));
        var ddl = store.Storage.ToDatabaseScript();
        if (everything || !await fingerprints.AreMade(schema, ddl, ct))
        {
            await store.Storage.ApplyAllConfiguredChangesToDatabaseAsync(JasperFx.AutoCreate.CreateOrUpdate);
            await fingerprints.RecordMade(schema, ddl, ct);
        }
        await scripts.Run(owner, "marten", schema, tenantId, ct);
        return store;
    }

    /// <summary>The advisory lock for creating or adopting the tenant of a slug.</summary>
    internal Task<IAsyncDisposable> AcquireLockOf(string slug, CancellationToken ct) =>
        AcquireLock(AdvisoryLocks.GlobalKey($"provision/{slug}"), ct);

    /// <summary>Acquires an advisory lock as the owner, and waits up to 5 minutes for it.</summary>
    /// <exception cref="TimeoutException">Another host held the lock for 5 minutes.</exception>
    public Task<IAsyncDisposable> AcquireLock(string key, CancellationToken ct) =>
        AdvisoryLocks.Acquire(databases.RequireOwner(), key, TimeSpan.FromMinutes(5), ct);

    private static async Task Execute(NpgsqlDataSource dataSource, string sql, CancellationToken ct)
    {
        await using var command = dataSource.CreateCommand(sql);
        await command.ExecuteNonQueryAsync(ct);
    }
}
