using Fluxion.Ledger.Catalog;
using Fluxion.Ledger.Purchasing;
using Fluxion.Ledger.Sales;
using Fluxion.Ledger.Session;
using Fluxion.Ledger.Stock;
using Fluxion.Ledger.Tenancy;
using Fluxion.Ledger.Time;

namespace Fluxion.Tests.Decisions;

/// <summary>The "given" of tests of decisions: a small catalog, and documents folded from their events.</summary>
public static class Given
{
    /// <summary>The ledger's time of the command.</summary>
    public static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    public static readonly DateTimeOffset Yesterday = Now.AddDays(-1);

    public static readonly Store Caracas = Store("CCS-01");
    public static readonly Store Valencia = Store("VLN-01");
    public static readonly Supplier Polar = new(Guid.CreateVersion7(), "POLAR", new SupplierDetails("Polar"), IsActive: true);

    /// <summary>Counted by the unit; costs 2.00, is sold at 3.00 plus 16 % tax.</summary>
    public static readonly Product Milk = Product("LAC001", "unit");

    /// <summary>Measured by the kilogram.</summary>
    public static readonly Product Cheese = Product("QUE001", "kg");

    public static readonly TenantSettings RepeatedReferencesAllowed = new(Guid.CreateVersion7(), 0, AllowsRepeatedReferences: true);

    /// <summary>The time of a command that names none.</summary>
    public static Occurrence AtOnce(DateTimeOffset? cause = null) => new(null, cause);

    public static Store Store(string code) => new(Guid.CreateVersion7(), code, new StoreDetails(code, "store"), IsActive: true);

    public static Product Product(string sku, string unitType) =>
        new(Guid.CreateVersion7(), sku, new ProductDetails(sku, unitType, CostPrice: 2, SellingPrice: 3, TaxRate: 16), IsActive: true);

    /// <summary>A stock item, locked by the command.</summary>
    public static LockedStock InStock(Store store, Product product, decimal onHand, decimal reserved = 0, decimal unitCost = 2) =>
        new(
            store,
            product,
            new StockItem(StockItem.IdOf(store.Id, product.Id), store.Id, product.Id, onHand, reserved, unitCost, Yesterday)
        );

    public static T Folded<T>(params object[] events)
        where T : class, IAggregate<T>
    {
        var id = Guid.CreateVersion7();
        return events.Aggregate((T?)null, (state, e) => T.Fold(id, state, e))!;
    }

    /// <summary>An invoice of yesterday over 2 units of milk: 6.00 plus 0.96 tax.</summary>
    public static Sale Sale(params object[] events) => Folded<Sale>([Recorded, .. events]);

    public static SaleRecorded Recorded { get; } =
        new(
            Caracas.Id,
            "F-0001",
            null,
            null,
            null,
            [new SaleLine(Guid.CreateVersion7(), Milk.Id, "LAC001", 2, 3, 0, 16, 2)],
            6,
            0.96m,
            6.96m,
            null,
            null,
            null,
            Yesterday
        );

    public static PaymentReceived Paid(decimal amount, string method = "cash", string? reference = null) =>
        new(amount, method, reference, Yesterday);

    /// <summary>A sale with its payments and refunds, as a command locks it.</summary>
    public static LockedSale Locked(Sale sale, TenantSettings? settings, params object[] payments) =>
        new(sale, [.. payments.Select(payment => (Guid.CreateVersion7(), payment))], settings);

    public static LockedSale LockedSale(params object[] payments) => Locked(Sale(payments), null, payments);

    /// <summary>An order over 24 units of milk at 2.00, from Polar for Caracas.</summary>
    public static PurchaseOrder Order(params object[] events) => Folded<PurchaseOrder>([Drafted, .. events]);

    public static PurchaseOrderDrafted Drafted { get; } =
        new(
            "OC-1",
            Caracas.Id,
            Polar.Id,
            DateOnly.FromDateTime(Yesterday.DateTime),
            null,
            null,
            null,
            [new OrderedLine(Guid.CreateVersion7(), Milk.Id, "LAC001", 24, 2, 16)]
        );

    public static PurchaseOrderReceived Delivery(decimal quantity, string? reference = null) =>
        new(Guid.CreateVersion7(), Yesterday, [new DeliveredLine(Drafted.Lines[0].Id, quantity, 2)], null, reference);

    /// <summary>5 units of milk that left Caracas for Valencia yesterday, at a cost of 4.00 each.</summary>
    public static Transfer Transfer(params object[] events) =>
        Folded<Transfer>([
            new TransferSent(Caracas.Id, Valencia.Id, [new SentLine(Milk.Id, "LAC001", 5, 4)], "TR-1", null, Yesterday),
            .. events,
        ]);

    /// <summary>4 units of milk held in Caracas, opened yesterday.</summary>
    public static Reservation Reservation(params object[] events) =>
        Folded<Reservation>([
            new ReservationOpened("web-88", [new ReservedLine(Caracas.Id, Milk.Id, "LAC001", 4)], Now.AddDays(1), Yesterday),
            .. events,
        ]);
}
