using Fluxion.Tests.Host;

namespace Fluxion.Tests.Stock;

public sealed class CountStockTests(LedgerHost host)
{
    private static readonly DateTimeOffset Monday = new(2026, 3, 2, 12, 0, 0, TimeSpan.Zero);

    private static Task<Answer> Count(TestStore shop, decimal quantity, DateTimeOffset? occurredAt = null) =>
        shop.Manager.Post(
            "stock/counts",
            new
            {
                store = shop.Store,
                reference = "INV-1",
                occurredAt,
                lines = new[] { new { sku = shop.Sku, quantity } },
            }
        );

    private static async Task Receive(TestStore shop, decimal quantity, DateTimeOffset occurredAt) =>
        (
            await shop.Manager.Post(
                "stock/receipts",
                new
                {
                    store = shop.Store,
                    occurredAt,
                    lines = new[] { new { sku = shop.Sku, quantity } },
                }
            )
        ).ShouldBe(200);

    private static async Task Issue(TestStore shop, decimal quantity, DateTimeOffset occurredAt) =>
        (
            await shop.Manager.Post(
                "stock/issues",
                new
                {
                    store = shop.Store,
                    reason = "damage",
                    occurredAt,
                    lines = new[] { new { sku = shop.Sku, quantity } },
                }
            )
        ).ShouldBe(200);

    /// <summary>On hand as of a moment: the sum of the movements that had occurred by then.</summary>
    private static async Task<decimal> OnHandAsOf(TestStore shop, DateTimeOffset at) =>
        (await shop.Manager.Get($"movements?store={shop.Store}&sku={shop.Sku}&limit=1000")).ShouldBe(200).Json["items"]!
            .AsArray()
            .Where(m => m!["occurredAt"]!.GetValue<DateTimeOffset>() <= at)
            .Sum(m => m!["quantity"]!.GetValue<decimal>());

    private static decimal Variance(Answer answer, string field = "variance") => answer.Json["variances"]![0]![field]!.GetValue<decimal>();

    [Fact]
    public async Task a_count_sets_on_hand_and_returns_the_variance_and_its_value()
    {
        var shop = await TestStore.Create(host, stock: 10, unitCost: 2.50m);
        var counted = (await Count(shop, 7)).ShouldBe(200);
        Variance(counted).ShouldBe(-3);
        Variance(counted, "expected").ShouldBe(10);
        Variance(counted, "value").ShouldBe(-7.50m);
        counted.Json["varianceValue"]!.GetValue<decimal>().ShouldBe(-7.50m);
        counted.Json["stock"]![0]!["onHand"]!.GetValue<decimal>().ShouldBe(7);
        (await shop.OnHand()).ShouldBe(7);
    }

    [Fact]
    public async Task movements_after_the_moment_of_a_count_apply_to_the_counted_quantity()
    {
        var shop = await TestStore.Create(host);
        await Receive(shop, 10, Monday);
        await Issue(shop, 2, Monday.AddHours(2)); // sold while the count of one hour before was still being recorded
        Variance((await Count(shop, 9, Monday.AddHours(1))).ShouldBe(200)).ShouldBe(-1);
        (await shop.OnHand()).ShouldBe(7);
        (await OnHandAsOf(shop, Monday.AddHours(1))).ShouldBe(9);
    }

    [Fact]
    public async Task a_late_movement_before_a_count_changes_the_history_and_not_todays_stock()
    {
        var shop = await TestStore.Create(host);
        await Receive(shop, 10, Monday);
        (await Count(shop, 6, Monday.AddDays(1))).ShouldBe(200);
        await Issue(shop, 4, Monday.AddHours(5)); // the reason why 4 were missing
        (await shop.OnHand()).ShouldBe(6);
        (await OnHandAsOf(shop, Monday.AddHours(6))).ShouldBe(6);
        (await OnHandAsOf(shop, Monday.AddDays(1))).ShouldBe(6);
        await Issue(shop, 1, Monday.AddDays(2)); // a movement after the count changes today's stock
        (await shop.OnHand()).ShouldBe(5);
    }

    [Fact]
    public async Task a_late_movement_is_corrected_by_the_first_count_after_it()
    {
        var shop = await TestStore.Create(host);
        await Receive(shop, 10, Monday);
        (await Count(shop, 8, Monday.AddDays(1))).ShouldBe(200);
        (await Count(shop, 5, Monday.AddDays(2))).ShouldBe(200);
        await Receive(shop, 3, Monday.AddHours(1));
        (await OnHandAsOf(shop, Monday.AddHours(1))).ShouldBe(13);
        (await OnHandAsOf(shop, Monday.AddDays(1))).ShouldBe(8);
        (await OnHandAsOf(shop, Monday.AddDays(2))).ShouldBe(5);
        (await shop.OnHand()).ShouldBe(5);
        // a count that is recorded late holds for its own moment only
        Variance((await Count(shop, 4, Monday.AddHours(12))).ShouldBe(200)).ShouldBe(-9);
        (await OnHandAsOf(shop, Monday.AddHours(12))).ShouldBe(4);
        (await OnHandAsOf(shop, Monday.AddDays(1))).ShouldBe(8);
        (await shop.OnHand()).ShouldBe(5);
    }

    [Theory]
    [InlineData("issue")]
    [InlineData("sale")]
    public async Task concurrent_counts_and_issues_end_as_in_some_sequential_order(string leaves)
    {
        var shop = await TestStore.Create(host, stock: 100);
        var answers = await Task.WhenAll(
            Enumerable
                .Range(0, 24)
                .Select(i =>
                    i % 2 == 0 ? Count(shop, 50)
                    : leaves == "issue" ? shop.Issue(1)
                    : shop.Manager.Post(
                        "sales",
                        new
                        {
                            store = shop.Store,
                            invoiceNumber = $"F-{i}",
                            lines = new[] { new { sku = shop.Sku, quantity = 1 } },
                        }
                    )
                )
        );
        answers.ShouldAllBe(answer => answer.Status < 300);
        var movements = (await shop.Manager.Get($"movements?store={shop.Store}&sku={shop.Sku}&limit=1000")).ShouldBe(200).Json[
            "items"
        ]!.AsArray();
        (await shop.OnHand()).ShouldBe(movements.Sum(m => m!["quantity"]!.GetValue<decimal>()));
        (await shop.OnHand()).ShouldBeInRange(50 - 12, 50);
    }

    [Fact]
    public async Task a_count_of_zero_empties_the_stock_and_invalid_counts_change_nothing()
    {
        var shop = await TestStore.Create(host, stock: 4);
        (await Count(shop, -1)).ShouldBe(400).Fields.ShouldBe(["lines[0].quantity"]);
        (await Count(shop, 1.5m)).ShouldBe(400).Fields.ShouldBe(["lines[0].quantity"]);
        (
            await shop.Manager.Post(
                "stock/counts",
                new
                {
                    store = shop.Store,
                    lines = new[] { new { sku = shop.Sku, quantity = 1 }, new { sku = shop.Sku.ToLowerInvariant(), quantity = 1 } },
                }
            )
        )
            .ShouldBe(400)
            .Fields.ShouldBe(["lines[1].sku"]);
        (await shop.OnHand()).ShouldBe(4);
        (await Count(shop, 0)).ShouldBe(200);
        (await shop.OnHand()).ShouldBe(0);
    }
}
