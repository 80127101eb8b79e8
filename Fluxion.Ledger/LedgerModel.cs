using System.Collections.Frozen;
using System.Linq.Expressions;
using System.Text.Json;
using Fluxion.Ledger.Alerts;
using Fluxion.Ledger.Catalog;
using Fluxion.Ledger.Purchasing;
using Fluxion.Ledger.Sales;
using Fluxion.Ledger.Stock;
using Fluxion.Ledger.Tenancy;
using JasperFx.Events;
using JasperFx.OpenTelemetry;
using Marten;
using Marten.Schema;
using Weasel.Core;
using SystemTextJsonSerializer = Marten.Services.SystemTextJsonSerializer;

namespace Fluxion.Ledger;

/// <summary>Everything that Marten stores in a tenant's schema: the aggregates and the events that they are folded from.</summary>
public static class LedgerModel
{
    private static readonly Aggregate[] Aggregates =
    [
        AggregateOf<User>(
            u => u.Email,
            typeof(UserRegistered),
            typeof(UserChanged),
            typeof(UserPasswordChanged),
            typeof(UserDeactivated),
            typeof(UserActivated)
        ),
        AggregateOf<Store>(s => s.Code, typeof(StoreOpened), typeof(StoreChanged), typeof(StoreDeactivated), typeof(StoreActivated)),
        AggregateOf<Category>(
            c => c.Code,
            typeof(CategoryCreated),
            typeof(CategoryChanged),
            typeof(CategoryDeactivated),
            typeof(CategoryActivated)
        ),
        AggregateOf<Supplier>(
            s => s.Code,
            typeof(SupplierRegistered),
            typeof(SupplierChanged),
            typeof(SupplierDeactivated),
            typeof(SupplierActivated)
        ),
        AggregateOf<Product>(
            p => p.Code,
            typeof(ProductCreated),
            typeof(ProductChanged),
            typeof(ProductDeactivated),
            typeof(ProductActivated)
        ),
        AggregateOf<PurchaseOrder>(
            o => o.Code,
            typeof(PurchaseOrderDrafted),
            typeof(PurchaseOrderChanged),
            typeof(PurchaseOrderSent),
            typeof(PurchaseOrderConfirmed),
            typeof(PurchaseOrderReceived),
            typeof(PurchaseOrderReturned),
            typeof(PurchaseOrderClosed),
            typeof(PurchaseOrderReopened),
            typeof(PurchaseOrderCancelled)
        ),
        AggregateOf<TenantSettings>(null, typeof(SettingsChanged)),
        AggregateOf<StockItem>(
            null,
            typeof(StockReserved),
            typeof(StockReleased),
            typeof(StockReceived),
            typeof(StockIssued),
            typeof(StockReturnedToSupplier),
            typeof(StockAdjusted),
            typeof(StockSold),
            typeof(StockReturned),
            typeof(StockSent),
            typeof(StockArrived),
            typeof(StockCounted),
            typeof(StockCountCorrected),
            typeof(StockCarriedOver)
        ),
        AggregateOf<Transfer>(null, typeof(TransferSent), typeof(TransferReceived), typeof(TransferCancelled)),
        AggregateOf<Reservation>(
            null,
            typeof(ReservationOpened),
            typeof(ReservationFulfilled),
            typeof(ReservationChanged),
            typeof(ReservationExtended),
            typeof(ReservationReleased),
            typeof(ReservationExpired)
        ),
        AggregateOf<Sale>(
            null,
            typeof(SaleRecorded),
            typeof(PaymentReceived),
            typeof(PaymentRefunded),
            typeof(GoodsReturned),
            typeof(SaleCancelled)
        ),
        AggregateOf<Alert>(
            null,
            typeof(AlertRaised),
            typeof(AlertUpdated),
            typeof(AlertReopened),
            typeof(AlertAcknowledged),
            typeof(AlertResolved),
            typeof(AlertDismissed),
            typeof(AlertCleared)
        ),
    ];

    /// <summary>The function by which each event type changes the state of its aggregate: <see cref="IAggregate{TSelf}.Fold"/>.</summary>
    public static readonly FrozenDictionary<Type, Func<Guid, object?, object, object>> Folds = Aggregates
        .SelectMany(aggregate => aggregate.Events, (aggregate, type) => KeyValuePair.Create(type, aggregate.Fold))
        .ToFrozenDictionary();

    /// <summary>The serializer of all stores.</summary>
    private static readonly SystemTextJsonSerializer Serializer = new() { EnumStorage = EnumStorage.AsString, Casing = Casing.CamelCase };

    /// <summary>The options with which <see cref="Serializer"/> writes events.</summary>
    public static readonly JsonSerializerOptions Json = OptionsOf(Serializer);

    /// <summary>
    /// The event type of the rows that Marten inserts after failed transactions. Older ledgers have some of them
    /// (schema/marten/0002_no_tombstones.sql).
    /// </summary>
    public const string Tombstone = "tombstone";

    /// <summary>Whether a type of document is the state of a stream.</summary>
    public static bool IsAggregate(Type document) =>
        document.GetInterfaces().Any(i => i.IsGenericType && i.GetGenericTypeDefinition() == typeof(IAggregate<>));

    public static void Configure(StoreOptions options)
    {
        options.Serializer(Serializer);
        options.UseRowLevelSecurity(Databases.TenantSetting);
        options.Policies.DisableInformationalFields();
        options.OpenTelemetry.TrackConnections = TrackLevel.Normal; // costs nothing while nobody listens
        options.OpenTelemetry.TrackEventCounters();

        var events = options.Events;
        // an inline projection sees the timestamp that is stored, so a replay builds the same rows
        events.AppendMode = EventAppendMode.QuickWithServerTimestamps;
        events.EnableBigIntEvents = true;
        events.MetadataConfig.EnableAll();
        events.MetadataConfig.UserNameEnabled = true;
        options.Projections.Errors.SkipApplyErrors = false;
        options.Projections.Errors.SkipSerializationErrors = false;
        options.Projections.Errors.SkipUnknownEvents = false;

        foreach (var aggregate in Aggregates)
            aggregate.Configure(options);
        options.Schema.For<Reservation>().Index(r => r.Status);
        // the text column first: under row-level security PostgreSQL does not search an index by a value that has to be cast
        options.Schema.For<Sale>().UniqueIndex(UniqueIndexType.Computed, s => s.InvoiceNumber, s => s.StoreId);
        options.Schema.For<Sale>().UniqueIndex(UniqueIndexType.Computed, s => s.UniquePosTransactionId!, s => s.StoreId);
        options.Schema.For<Sale>().Index(s => s.PosTransactionId!); // includes sales whose transaction id need not be unique
    }

    private static JsonSerializerOptions OptionsOf(SystemTextJsonSerializer serializer)
    {
        JsonSerializerOptions? options = null;
        serializer.Configure(json => options = json);
        return options!;
    }

    private static Aggregate AggregateOf<T>(Expression<Func<T, object>>? code, params Type[] events)
        where T : class, IAggregate<T> =>
        new(
            events,
            (id, state, @event) => T.Fold(id, (T?)state, @event),
            options =>
            {
                var schema = options.Schema.For<T>();
                if (code is not null)
                    schema.UniqueIndex(UniqueIndexType.Computed, code);
                options.Events.AddEventTypes(events);
            }
        );

    /// <param name="Events">The types of its events.</param>
    /// <param name="Configure">Registers the state, its unique code and the events with a store.</param>
    private sealed record Aggregate(Type[] Events, Func<Guid, object?, object, object> Fold, Action<StoreOptions> Configure);
}
