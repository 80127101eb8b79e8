using Fluxion.Tests.Host;

namespace Fluxion.Tests.Stock;

public sealed class IssueStockTests(LedgerHost host)
{
    [Fact]
    public async Task issuing_more_than_is_available_is_refused_and_moves_nothing()
    {
        var shop = await TestStore.Create(host, stock: 7);
        var refusal = (await shop.Issue(8)).ShouldBe(409);
        refusal.ContentType.ShouldBe("application/problem+json");
        refusal.Json["shortages"]!
            .ToJsonString()
            .ShouldBe($$"""[{"store":"{{shop.Store}}","sku":"{{shop.Sku}}","requested":8,"available":7}]""");
        (await shop.OnHand()).ShouldBe(7);
        (await shop.Movements()).ShouldBe(1);
    }

    [Fact]
    public async Task issuing_a_product_never_stocked_is_a_shortage_and_creates_no_stock_item()
    {
        var shop = await TestStore.Create(host);
        (await shop.Issue(1)).ShouldBe(409).Json["shortages"]![0]!["available"]!.GetValue<decimal>().ShouldBe(0);
        (await shop.Manager.Get($"inventory?store={shop.Store}")).ShouldBe(200).Json["items"]!.AsArray().ShouldBeEmpty();
    }

    [Fact]
    public async Task an_issue_with_one_short_line_issues_nothing()
    {
        var (plenty, short_) = (await TestStore.Create(host, stock: 10), await TestStore.Create(host));
        var answer = await plenty.Manager.Post(
            "stock/issues",
            new
            {
                store = plenty.Store,
                reason = "damage",
                lines = new[] { new { sku = plenty.Sku, quantity = 1 }, new { sku = short_.Sku, quantity = 1 } },
            }
        );
        answer.ShouldBe(409).Json["shortages"]!.AsArray().Count.ShouldBe(1);
        (await plenty.OnHand()).ShouldBe(10);
    }

    [Fact]
    public async Task twenty_of_24_concurrent_issues_of_20_units_succeed_and_4_get_a_shortage()
    {
        var shop = await TestStore.Create(host, stock: 20);
        var answers = await Task.WhenAll(Enumerable.Range(0, 24).Select(_ => shop.Issue(1)));
        answers.Count(a => a.Status == 200).ShouldBe(20);
        answers.Count(a => a.Status == 409 && a.Json["shortages"]!.AsArray().Count == 1).ShouldBe(4);
        (await shop.OnHand()).ShouldBe(0);
    }

    [Fact]
    public async Task commands_with_the_same_items_in_opposite_order_do_not_deadlock()
    {
        var (one, other) = (await TestStore.Create(host), await TestStore.Create(host));
        object[] lines = [new { sku = one.Sku, quantity = 1 }, new { sku = other.Sku, quantity = 1 }];
        object[] Lines(bool turned) => [.. turned ? lines.Reverse() : lines];
        // the first of them create both stock items concurrently
        var received = await Task.WhenAll(
            Enumerable.Range(0, 24).Select(i => one.Manager.Post("stock/receipts", new { store = one.Store, lines = Lines(i % 2 == 0) }))
        );
        received.ShouldAllBe(a => a.Status == 200);
        var issued = await Task.WhenAll(
            Enumerable
                .Range(0, 24)
                .Select(i =>
                    one.Manager.Post(
                        "stock/issues",
                        new
                        {
                            store = one.Store,
                            reason = "sample",
                            lines = Lines(i % 2 == 0),
                        }
                    )
                )
        );
        issued.ShouldAllBe(a => a.Status == 200);
        (await one.OnHand()).ShouldBe(0);
    }

    [Fact]
    public async Task a_product_that_allows_backorder_goes_below_zero()
    {
        var shop = await TestStore.Create(host, allowBackorder: true);
        (await shop.Issue(2)).ShouldBe(200);
        (await shop.OnHand()).ShouldBe(-2);
    }

    [Fact]
    public async Task a_deactivated_product_cannot_be_received_but_its_remaining_stock_can_be_issued()
    {
        var shop = await TestStore.Create(host, stock: 2);
        (await shop.Manager.Post($"products/{shop.Sku}/deactivate", null)).ShouldBe(200);
        (await shop.Receive(1)).ShouldBe(409).Detail!.ShouldContain(shop.Sku);
        (await shop.Issue(2)).ShouldBe(200);
    }

    [Fact]
    public async Task the_stock_of_a_deactivated_store_does_not_move()
    {
        var shop = await TestStore.Create(host, stock: 2);
        (await shop.Manager.Post($"stores/{shop.Store}/deactivate", null)).ShouldBe(200);
        (await shop.Issue(1)).ShouldBe(409);
        (await shop.OnHand()).ShouldBe(2);
    }

    [Fact]
    public async Task products_and_stores_can_be_named_by_id_and_in_any_case()
    {
        var shop = await TestStore.Create(host, stock: 5);
        var product = (await shop.Manager.Get($"products/{shop.Sku.ToLowerInvariant()}")).ShouldBe(200).Json["id"]!.GetValue<string>();
        var store = (await shop.Manager.Get($"stores/{shop.Store}")).ShouldBe(200).Json["id"]!.GetValue<string>();
        (
            await shop.Manager.Post(
                "stock/issues",
                new
                {
                    store,
                    reason = "sample",
                    lines = new[] { new { sku = product, quantity = 2 } },
                }
            )
        ).ShouldBe(200);
        (await shop.OnHand()).ShouldBe(3);
    }
}
