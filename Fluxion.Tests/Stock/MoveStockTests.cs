using Fluxion.Tests.Host;

namespace Fluxion.Tests.Stock;

public sealed class MoveStockTests(LedgerHost host)
{
    [Fact]
    public async Task ten_thousand_lines_are_one_transaction()
    {
        var shop = await TestStore.Create(host);
        var lines = Enumerable
            .Range(0, 10_000)
            .Select(i =>
                i % 2 == 0
                    ? (object)
                        new
                        {
                            type = "receipt",
                            store = shop.Store,
                            sku = shop.Sku,
                            quantity = 3,
                            unitCost = 2,
                        }
                    : new
                    {
                        type = "issue",
                        store = shop.Store,
                        sku = shop.Sku,
                        quantity = 1,
                        reason = "sample",
                    }
            )
            .ToArray();
        (await shop.Manager.Post("stock/movements", new { reference = "BULK", lines })).ShouldBe(200).Json["stock"]!
            .AsArray()
            .Count.ShouldBe(1);
        (await shop.OnHand()).ShouldBe(10_000);

        (await shop.Manager.Post("stock/movements", new { lines = lines.Append(lines[0]) })).ShouldBe(400).Fields.ShouldBe(["lines"]);
        (await shop.OnHand()).ShouldBe(10_000);
    }

    [Fact]
    public async Task one_refused_line_refuses_the_whole_command()
    {
        var (one, other) = (await TestStore.Create(host, stock: 5), await TestStore.Create(host, stock: 5));
        object Line(TestStore shop, string type, decimal quantity, string? reason) =>
            new
            {
                type,
                store = shop.Store,
                sku = shop.Sku,
                quantity,
                reason,
            };
        var refused = (
            await one.Manager.Post(
                "stock/movements",
                new { lines = new[] { Line(one, "receipt", 10, null), Line(other, "issue", 6, "damage") } }
            )
        ).ShouldBe(409);
        refused.Json["shortages"]![0]!["sku"]!.GetValue<string>().ShouldBe(other.Sku);
        (await one.OnHand()).ShouldBe(5);

        (
            await one.Manager.Post(
                "stock/movements",
                new
                {
                    lines = new[]
                    {
                        Line(one, "receipt", 10, "damage"),
                        Line(other, "issue", -1, null),
                        Line(other, "adjustment", 0, "found"),
                        Line(one, "gift", 1, null),
                    },
                }
            )
        )
            .ShouldBe(400)
            .Fields.ShouldBe(
                ["lines[0].reason", "lines[1].quantity", "lines[1].reason", "lines[2].quantity", "lines[3].type"],
                ignoreOrder: true
            );
        (
            await one.Manager.Post(
                "stock/movements",
                new { lines = new[] { Line(one, "receipt", 10, null), Line(other, "adjustment", -5, "loss") } }
            )
        ).ShouldBe(200);
        (await one.OnHand(), await other.OnHand()).ShouldBe((15, 0));
    }
}
