using System.Text.Json;
using Fluxion.Ledger.Access;
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

namespace Fluxion.Ledger;

/// <summary>Everything that Marten stores in a tenant's schema: the aggregates and the events that they are folded from.</summary>
public static class LedgerModel
{
    /// <summary>
    /// The function by which each type of event changes the state of its aggregate, <see cref="IAggregate{TSelf}.Fold"/>. Filled when a
    /// store is configured.
    /// </summary>
    public static IReadOnlyDictionary<Type, Func<Guid, object?, object, object>> Folds => Folding;

    private static readonly System.Collections.Concurrent.ConcurrentDictionary<Type, Func<Guid, object?, object, object>> Folding = new();

    /// <summary>
    /// The event type of the rows that Marten inserts after failed transactions. Older ledgers have some of them
    /// (schema/marten/0002_no_tombstones.sql).
    /// </summary>
    public const string Tombstone = "tombstone";

    /// <summary>The options with which events are written and read. Set when a store is configured.</summary>
    public static JsonSerializerOptions Json { get; private set; } = JsonSerializerOptions.Default;

    /// <summary>Whether a type of document is the state of a stream.</summary>
    public static bool IsAggregate(Type document) =>
        document.GetInterfaces().Any(i => i.IsGenericType && i.GetGenericTypeDefinition() == typeof(IAggregate<>));

    public static void Configure(StoreOptions options)
    {
        options.UseSystemTextJsonForSerialization(EnumStorage.AsString, Casing.CamelCase, json => Json = json);
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

        Aggregate<User>(
            options,
            u => u.Email,
            typeof(UserRegistered),
            typeof(UserChanged),
            typeof(UserPasswordChanged),
            typeof(UserDeactivated),
            typeof(UserActivated)
        );
        Aggregate<Store>(options, s => s.Code, typeof(StoreOpened), typeof(StoreChanged), typeof(StoreDeactivated), typeof(StoreActivated));
        Aggregate<Category>(
            options,
            c => c.Code,
            typeof(CategoryCreated),
            typeof(CategoryChanged),
            typeof(CategoryDeactivated),
            typeof(CategoryActivated)
        );
        Aggregate<Supplier>(
            options,
            s => s.Code,
            typeof(SupplierRegistered),
            typeof(SupplierChanged),
            typeof(SupplierDeactivated),
            typeof(SupplierActivated)
        );
        Aggregate<Product>(
            options,
            p => p.Code,
            typeof(ProductCreated),
            typeof(ProductChanged),
            typeof(ProductDeactivated),
            typeof(ProductActivated)
        );
        Aggregate<PurchaseOrder>(
            options,
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
        );
        Aggregate<TenantSettings>(options, null, typeof(SettingsChanged));
        Aggregate<StockItem>(
            options,
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
        );
        Aggregate<Transfer>(options, null, typeof(TransferSent), typeof(TransferReceived), typeof(TransferCancelled));
        Aggregate<Reservation>(
            options,
            null,
            typeof(ReservationOpened),
            typeof(ReservationFulfilled),
            typeof(ReservationChanged),
            typeof(ReservationExtended),
            typeof(ReservationReleased),
            typeof(ReservationExpired)
        );
        options.Schema.For<Reservation>().Index(r => r.Status);
        Aggregate<Sale>(
            options,
            null,
            typeof(SaleRecorded),
            typeof(PaymentReceived),
            typeof(PaymentRefunded),
            typeof(GoodsReturned),
            typeof(SaleCancelled)
        );
        Aggregate<Alert>(
            options,
            null,
            typeof(AlertRaised),
            typeof(AlertUpdated),
            typeof(AlertReopened),
            typeof(AlertAcknowledged),
            typeof(AlertResolved),
            typeof(AlertDismissed),
            typeof(AlertCleared)
        );
        // the text column first: under row-level security PostgreSQL does not search an index by a value that has to be cast
        options.Schema.For<Sale>().UniqueIndex(UniqueIndexType.Computed, s => s.InvoiceNumber, s => s.StoreId);
        options.Schema.For<Sale>().UniqueIndex(UniqueIndexType.Computed, s => s.UniquePosTransactionId!, s => s.StoreId);
        options.Schema.For<Sale>().Index(s => s.PosTransactionId!); // includes sales whose transaction id need not be unique
    }

    private static void Aggregate<T>(StoreOptions options, System.Linq.Expressions.Expression<Func<T, object>>? code, params Type[] events)
        where T : class, IAggregate<T>
    {
        var schema = options.Schema.For<T>();
        if (code is not null)
            schema.UniqueIndex(UniqueIndexType.Computed, code);
        options.Events.AddEventTypes(events);
        foreach (var type in events)
            Folding[type] = (id, state, @event) => T.Fold(id, (T?)state, @event);
    }
}
