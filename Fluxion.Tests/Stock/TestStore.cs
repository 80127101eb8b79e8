using Fluxion.Tests.Host;

namespace Fluxion.Tests.Stock;

/// <summary>A store and a product that no other test uses.</summary>
public sealed record TestStore(Client Manager, string Store, string Sku)
{
    public static async Task<TestStore> Create(
        LedgerHost host,
        decimal stock = 0,
        string unitType = "unit",
        bool allowBackorder = false,
        decimal unitCost = 2.50m
    )
    {
        var admin = await Client.Demo(host, "admin");
        var name = Guid.CreateVersion7().ToString("N")[^12..].ToUpperInvariant();
        (
            await admin.Post(
                "stores",
                new
                {
                    code = $"S-{name}",
                    name = "A store",
                    type = "store",
                }
            )
        ).ShouldBe(201);
        (
            await admin.Post(
                "products",
                new
                {
                    sku = $"P-{name}",
                    name = "A product",
                    unitType,
                    costPrice = unitCost,
                    settings = new { allowBackorder },
                }
            )
        ).ShouldBe(201);
        var shop = new TestStore(admin, $"S-{name}", $"P-{name}");
        if (stock > 0)
            (await shop.Receive(stock, unitCost)).ShouldBe(200);
        return shop;
    }

    /// <summary>Creates another store and returns its code.</summary>
    public async Task<string> CreateAnotherStore()
    {
        var code = $"T-{Guid.CreateVersion7().ToString("N")[^12..].ToUpperInvariant()}";
        (await Manager.Post("stores", new { code, name = "Another store" })).ShouldBe(201);
        return code;
    }

    public Task<Answer> Receive(decimal quantity, decimal? unitCost = null, string? key = "new") =>
        Manager.Post(
            "stock/receipts",
            new
            {
                store = Store,
                reference = "GRN-7",
                lines = new[]
                {
                    new
                    {
                        sku = Sku,
                        quantity,
                        unitCost,
                    },
                },
            },
            key
        );

    public Task<Answer> Issue(decimal quantity, string? key = "new", string reason = "damage") =>
        Manager.Post(
            "stock/issues",
            new
            {
                store = Store,
                reason,
                lines = new[] { new { sku = Sku, quantity } },
            },
            key
        );

    public Task<Answer> Adjust(decimal quantity, string? key = "new") =>
        Manager.Post(
            "stock/adjustments",
            new
            {
                store = Store,
                reason = "correction",
                lines = new[] { new { sku = Sku, quantity } },
            },
            key
        );

    public async Task<decimal> OnHand() =>
        (await Manager.Get($"inventory?store={Store}&sku={Sku}")).ShouldBe(200).Json["items"]!.AsArray() is [{ } row]
            ? row["onHand"]!.GetValue<decimal>()
            : 0;

    public async Task<int> Movements() =>
        (await Manager.Get($"movements?store={Store}&limit=1000")).ShouldBe(200).Json["items"]!.AsArray().Count;
}
