using System.Collections.Concurrent;
using JasperFx;
using Marten;
using Marten.Services;
using Npgsql;
using IsolationLevel = System.Data.IsolationLevel;

namespace Fluxion.Ledger.Tenancy;

/// <summary>
/// Marten's document store for many schemas. Marten writes the schema into a store's SQL, so each tenant has a store of its own,
/// made when it is first asked for. This store itself is the one of the schema <c>shared</c>; what Wolverine opens with a tenant id
/// is routed to that tenant's store. A session without a tenant id never reaches a tenant's schema.
/// </summary>
public sealed class TenantDocumentStores(StoreOptions options, Databases databases, TenantRegistry registry, ITenantReadModels readModels)
    : DocumentStore(options), IDocumentStore
{
    private readonly StoreOptions _shared = options;
    private readonly ConcurrentDictionary<string, Lazy<DocumentStore>> _stores = new();

    /// <summary>The store of one tenant, as role fluxion_app.</summary>
    /// <exception cref="UnknownTenantException"/>
    public DocumentStore ForTenant(string tenantId) => _stores.GetOrAdd(tenantId, id =>
    {
        // before the Lazy, which would keep an exception for good: a database that is away comes back
        var tenant = registry.Get(Guid.TryParse(id, out var guid) ? guid : throw new UnknownTenantException(id));
        return new Lazy<DocumentStore>(() => new DocumentStore(OptionsFor(tenant.Schema, databases.Service)));
    }).Value;

    /// <summary>How the store of one schema is set up; provisioning opens it with the owner's connections.</summary>
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

    // What Wolverine calls; everything else of IDocumentStore stays the shared store's.

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
