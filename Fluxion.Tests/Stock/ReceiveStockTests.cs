using Fluxion.Tests.Host;

namespace Fluxion.Tests.Stock;

public sealed class ReceiveStockTests(LedgerHost host)
{
    [Fact]
    public async Task a_receipt_of_10_and_an_issue_of_3_leave_7_with_two_movements()
    {
        var shop = await TestStore.Create(host);
        (await shop.Receive(10)).ShouldBe(200).Json["stock"]![0]!["onHand"]!.GetValue<decimal>().ShouldBe(10);
        (await shop.Issue(3)).ShouldBe(200).Json["stock"]![0]!["available"]!.GetValue<decimal>().ShouldBe(7);
        (await shop.OnHand()).ShouldBe(7);
        (await shop.Movements()).ShouldBe(2);
    }

    [Fact]
    public async Task a_receipt_beyond_the_range_of_the_ledger_is_refused_and_receives_nothing()
    {
        var shop = await TestStore.Create(host);
        (await shop.Receive(1_000_000_000, 1_000_000_000)).ShouldBe(400).Fields.ShouldBe(["lines"]);
        (await shop.OnHand()).ShouldBe(0);
        (await shop.Receive(1_000_000_000, 1_000_000)).ShouldBe(200);
    }
}
