using System.Collections.Concurrent;
using JasperFx;
using Marten;
using Marten.Services;
using Npgsql;
using IsolationLevel = System.Data.IsolationLevel;

namespace Fluxion.Ledger.Tenancy;

/// <summary>
/// Marten's document stores for all schemas. Marten compiles the schema into a store's SQL, so each tenant has a store of its own. It is
/// created on first use. This store itself belongs to the schema <c>shared</c>. Sessions that Wolverine opens with a tenant id are routed
/// to that tenant's store. A session without a tenant id never reaches a tenant's schema.
/// </summary>
public sealed class TenantDocumentStores(StoreOptions options, Databases databases, TenantRegistry registry, ITenantReadModels readModels)
    : DocumentStore(options),
        IDocumentStore
{
    private readonly StoreOptions _shared = options;
    private readonly ConcurrentDictionary<string, Lazy<DocumentStore>> _stores = new();

    /// <summary>The store of one tenant, with connections of the role fluxion_app.</summary>
    /// <exception cref="UnknownTenantException"/>
    public DocumentStore ForTenant(string tenantId) =>
        _stores
            .GetOrAdd(
                tenantId,
                id =>
                {
                    // looked up outside the Lazy, which would cache an exception for good: a database outage is temporary
                    var tenant = registry.Get(Guid.TryParse(id, out var guid) ? guid : throw new UnknownTenantException(id));
                    return new Lazy<DocumentStore>(() => new DocumentStore(OptionsFor(tenant.Schema, databases.Service)));
                }
            )
            .Value;

    /// <summary>The options of one schema's store; provisioning opens it with the owner's connections.</summary>
    public StoreOptions OptionsFor(string schema, NpgsqlDataSource dataSource)
    {
        var tenant = new StoreOptions { DatabaseSchemaName = schema, AutoCreateSchemaObjects = AutoCreate.None };
        tenant.Connection(dataSource);
        LedgerModel.Configure(tenant);
        readModels.Configure(tenant, schema);
        // the same outbox as the shared store: a tenant's events and its outgoing messages commit together
        tenant.Events.MessageOutbox = _shared.Events.MessageOutbox;
        return tenant;
    }

    // These are the members that Wolverine calls; all other members of IDocumentStore are those of the shared store.

    IDocumentSession IDocumentStore.OpenSession(SessionOptions session) =>
        Routed(session) is { } store ? store.OpenSession(session) : base.OpenSession(session);

    IDocumentSession IDocumentStore.LightweightSession(SessionOptions session) =>
        Routed(session) is { } store ? store.LightweightSession(session) : base.LightweightSession(session);

    IDocumentSession IDocumentStore.LightweightSession(string tenantId, IsolationLevel isolationLevel) =>
        ForTenant(tenantId).LightweightSession(tenantId, isolationLevel);

    IQuerySession IDocumentStore.QuerySession(string tenantId) => ForTenant(tenantId).QuerySession(tenantId);

    IQuerySession IDocumentStore.QuerySession(SessionOptions session) =>
        Routed(session) is { } store ? store.QuerySession(session) : base.QuerySession(session);

    private DocumentStore? Routed(SessionOptions session) =>
        session.TenantId is null or StorageConstants.DefaultTenantId ? null : ForTenant(session.TenantId);
}
