using Fluxion.Ledger.Access;
using Fluxion.Ledger.Alerts;
using Fluxion.Ledger.Catalog;
using Fluxion.Ledger.Purchasing;
using Fluxion.Ledger.Session;
using Fluxion.Ledger.Stock;
using Fluxion.Ledger.Tenancy;
using Fluxion.Ledger.Time;

namespace Fluxion.Host.Demo;

/// <summary>
/// The tenant <c>fluxion-demo</c> of Development: three stores, six suppliers, a category tree, forty products, some stock and three
/// purchase orders. It is created once; later changes by its users stay.
/// </summary>
public static class DemoTenant
{
    public const string Slug = "fluxion-demo";
    public const string Password = "fluxion-demo";
    public const string Timezone = "America/Caracas";
    public static readonly string[] Accounts = [.. Roles.OfTenants.Reverse().Select(Email)];
    public static readonly string PlatformAccount = Email(Roles.Platform);

    public static string Email(string role) => $"{role}@fluxion.demo";

    /// <returns>True when the tenant was created; false when it existed.</returns>
    public static async Task<bool> Ensure(IServiceProvider services, CancellationToken ct)
    {
        await PlatformAdministrators.Add(services.GetRequiredService<Databases>(), PlatformAccount, "Fluxion Platform", Password, ct);
        var tenant = await services
            .GetRequiredService<TenantProvisioning>()
            .Provision(Slug, "Fluxion Demo Company", null, Timezone, Fill, ct);
        if (tenant is null)
            return false;
        await OpenWithStock(services, tenant, ct);
        await services.GetRequiredService<AlertScans>().Scan(tenant, ct);
        return true;
    }

    private static void Fill(LedgerSession ledger, Tenant tenant)
    {
        foreach (var role in Roles.OfTenants)
            Users.Register(ledger, Email(role), $"Demo {role}", role, Passwords.Hash(Password));
        var stores = DemoCatalog.Stores.ToDictionary(
            s => s.Code,
            s => ledger.Append<Store>(NewId(ledger), new StoreOpened(s.Code, s.Details)).Id
        );
        var suppliers = DemoCatalog.Suppliers.ToDictionary(
            s => s.Code,
            s => ledger.Append<Supplier>(NewId(ledger), new SupplierRegistered(s.Code, s.Details)).Id
        );
        var categories = new Dictionary<string, Guid>();
        foreach (var (code, name, parent) in DemoCatalog.Categories)
            categories[code] = ledger
                .Append<Category>(NewId(ledger), new CategoryCreated(code, name, parent is null ? null : categories[parent], null))
                .Id;
        var products = new Dictionary<string, Guid>();
        foreach (var p in DemoCatalog.Products)
        {
            ProductBarcode[] barcodes =
            [
                new(p.Barcode),
                .. p.Sku == DemoCatalog.Case.Sku ? [DemoCatalog.Case.Barcode] : (ProductBarcode[])[],
            ];
            products[p.Sku] = ledger
                .Append<Product>(
                    NewId(ledger),
                    new ProductCreated(
                        p.Sku,
                        new ProductDetails(
                            p.Name,
                            p.Unit,
                            null,
                            p.Description,
                            categories[p.Category],
                            suppliers[p.Supplier],
                            ReorderPoint: p.ReorderPoint,
                            MinStockLevel: decimal.Truncate(p.ReorderPoint / 2),
                            MaxStockLevel: p.ReorderPoint * 6,
                            CostPrice: p.Cost,
                            SellingPrice: p.Price,
                            TaxRate: p.Tax
                        ).With(barcodes)
                    )
                )
                .Id;
        }
        var today = Zone.Named(Timezone).DateOf(ledger.Now);
        foreach (var (number, store, supplier, isConfirmed, lines) in DemoCatalog.PurchaseOrders)
        {
            var drafted = new PurchaseOrderDrafted(
                number,
                stores[store],
                suppliers[supplier],
                today,
                today.AddDays(7),
                null,
                null,
                [
                    .. lines
                        .Select(line => (Line: line, Product: DemoCatalog.Products.Single(p => p.Sku == line.Sku)))
                        .Select(l => new OrderedLine(
                            NewId(ledger),
                            products[l.Line.Sku],
                            l.Line.Sku,
                            l.Line.Quantity,
                            l.Product.Cost,
                            l.Product.Tax
                        )),
                ]
            );
            ledger.Append<PurchaseOrder>(
                NewId(ledger),
                isConfirmed ? [drafted, new PurchaseOrderSent(), new PurchaseOrderConfirmed()] : [drafted]
            );
        }
    }

    /// <summary>
    /// Records a first receipt in each store and a delivery, through StockLedger like every other command. One product in five starts
    /// below its reorder point.
    /// </summary>
    private static async Task OpenWithStock(IServiceProvider services, Tenant tenant, CancellationToken ct)
    {
        foreach (var ((code, _), size) in DemoCatalog.Stores.Zip([1m, 0.5m, 1.9m]))
        {
            var receipt = new ReceiveStock(
                code,
                [
                    .. DemoCatalog.Products.Select(
                        (p, i) => new ReceiveStock.Line(p.Sku, decimal.Ceiling(p.ReorderPoint * size * (i % 5 == 4 ? 0.4m : 3)), p.Cost)
                    ),
                ],
                "APERTURA"
            );
            await Run(
                services,
                tenant,
                ledger =>
                    StockLedger.Move(
                        ledger,
                        services.GetRequiredService<IStockDocuments>(),
                        receipt,
                        requiresActiveProduct: true,
                        (lockedStock, document) => ReceiveStockEndpoint.Decide(receipt, lockedStock, document),
                        ct
                    ),
                ct
            );
        }
        var (order, reference, lines) = DemoCatalog.Delivery;
        await Run(
            services,
            tenant,
            ledger =>
                ReceivePurchaseOrderEndpoint.Handle(
                    order,
                    new ReceivePurchaseOrder([.. lines.Select(line => new ReceivePurchaseOrder.Line(line.Sku, line.Quantity))], reference),
                    ledger,
                    ct
                ),
            ct
        );
    }

    private static async Task Run(IServiceProvider services, Tenant tenant, Func<LedgerSession, Task<Reply>> command, CancellationToken ct)
    {
        await using var session = services
            .GetRequiredService<TenantDocumentStores>()
            .ForTenant(tenant.Id.ToString())
            .LightweightSession(tenant.Id.ToString());
        var ledger = new LedgerSession(session, tenant, Caller.System(tenant));
        await ledger.Begin(ct);
        if (await command(ledger) is Reply.Refused refused)
            throw new InvalidOperationException($"The demo's stock was refused: {refused.Refusal.Message}");
        await ledger.Commit(ct);
    }

    private static Guid NewId(LedgerSession ledger) => Guid.CreateVersion7(ledger.Now);
}
