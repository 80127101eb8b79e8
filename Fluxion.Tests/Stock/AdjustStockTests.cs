using Fluxion.Tests.Host;

namespace Fluxion.Tests.Stock;

public sealed class AdjustStockTests(LedgerHost host)
{
    [Fact]
    public async Task a_correction_raises_or_lowers_stock_and_keeps_the_unit_cost()
    {
        var shop = await TestStore.Create(host, stock: 10, unitCost: 3);
        (await shop.Adjust(2)).ShouldBe(200);
        (await shop.Adjust(-5)).ShouldBe(200);
        var row = (await shop.Manager.Get($"inventory?store={shop.Store}")).ShouldBe(200).Json["items"]![0]!;
        row["onHand"]!.GetValue<decimal>().ShouldBe(7);
        row["costPerUnit"]!.GetValue<decimal>().ShouldBe(3);
        row["value"]!.GetValue<decimal>().ShouldBe(21);
    }

    [Fact]
    public async Task a_correction_below_zero_is_refused()
    {
        var shop = await TestStore.Create(host, stock: 2);
        (await shop.Adjust(-3)).ShouldBe(409).Json["shortages"]![0]!["requested"]!.GetValue<decimal>().ShouldBe(3);
        (await shop.OnHand()).ShouldBe(2);
    }

    [Fact]
    public async Task a_manager_may_correct_stock_and_a_user_may_not()
    {
        var shop = await TestStore.Create(host, stock: 2);
        (await (shop with { Manager = await Client.Demo(host, "user") }).Adjust(1)).ShouldBe(403);
        (await (shop with { Manager = await Client.Demo(host, "manager") }).Adjust(1)).ShouldBe(200);
    }
}
