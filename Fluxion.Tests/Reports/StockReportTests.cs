using Fluxion.Tests.Host;

namespace Fluxion.Tests.Reports;

public sealed class StockReportTests(LedgerHost host)
{
    [Fact]
    public async Task stock_on_hand_lists_on_order_and_in_transit_also_of_items_never_stocked()
    {
        var ledger = await TestLedger.Create(host, "P1", "P2");
        await ledger.Receive("P1", 20, 2.50m, "2026-03-02T10:00:00-04:00");
        await ledger.Do(
            "stock/transfers",
            new
            {
                fromStore = "M1",
                toStore = "M2",
                lines = new[] { new { sku = "P1", quantity = 15 } },
            }
        );
        await ledger.Do(
            "stock/reservations",
            new
            {
                reference = "web",
                lines = new[]
                {
                    new
                    {
                        store = "M1",
                        sku = "P1",
                        quantity = 1,
                    },
                },
            }
        );
        await ledger.Do("suppliers", new { code = "POLAR", businessName = "Polar" });
        await ledger.Do(
            "purchase-orders",
            new
            {
                store = "M2",
                supplier = "POLAR",
                orderNumber = "OC-1",
                lines = new[] { new { sku = "P2", quantity = 24 } },
            }
        );
        (await ledger.Query("select store, sku from stock_on_hand where quantity_on_order > 0")).ShouldBeEmpty(); // a draft is not on order
        await ledger.Do("purchase-orders/OC-1/send", null);
        await ledger.Do("purchase-orders/OC-1/confirm", null);
        await ledger.Do(
            "purchase-orders/OC-1/receipts",
            new
            {
                lines = new[]
                {
                    new
                    {
                        sku = "P2",
                        quantity = 4,
                        unitCost = 2m,
                    },
                },
            }
        );

        (
            await ledger.Query(
                """
                select store, sku, quantity_on_hand, quantity_reserved, quantity_available, quantity_on_order, quantity_in_transit,
                    cost_per_unit, value
                from stock_on_hand order by 1, 2
                """
            )
        ).ShouldBe(["M1 P1 5 1 4 0 0 2.5 12.5", "M2 P1 0 0 0 0 15 2 0", "M2 P2 4 0 4 20 0 2 8"]);
        (
            await ledger.Query("select store, sku, quantity_below, quantity_on_order, quantity_in_transit from low_stock order by 1, 2")
        ).ShouldBe(["M1 P1 4 0 0", "M2 P2 4 20 0"]); // not P1 in M2, which never had it
        // the data model's own query
        (
            await ledger.Query(
                $"""
                select p.name, i.quantity_available, p.reorder_point
                from {ledger.Tenant.Schema}.inventory i
                join {ledger.Tenant.Schema}.products p on i.product_id = p.id
                where i.tenant_id = '{ledger.Tenant.Id}'
                  and i.quantity_available < p.reorder_point
                """
            )
        )
            .Order()
            .ShouldBe(["P1 4 8", "P2 4 8"]);
    }

    [Fact]
    public async Task stock_as_of_includes_what_had_occurred_and_was_known()
    {
        var ledger = await TestLedger.Create(host, "P1", "P2");
        await ledger.Receive("P1", 10, 2m, "2026-03-02T10:00:00-04:00");
        await ledger.Receive("P1", 10, 3m, "2026-03-04T10:00:00-04:00");
        await ledger.Receive("P2", 7, 1m, "2026-03-04T10:00:00-04:00", store: "M2");
        var before = (await ledger.Query("select clock_timestamp()::text")).Single();
        await ledger.Issue("P1", 4, "2026-03-03T10:00:00-04:00"); // a late movement

        (await ledger.Query("select store, sku, quantity_on_hand from stock_as_of('2026-03-03 12:00')")).ShouldBe(["M1 P1 6"]);
        (await ledger.Query($"select store, sku, quantity_on_hand from stock_as_of('2026-03-03 12:00', '{before}')")).ShouldBe([
            "M1 P1 10",
        ]);
        (await ledger.Query("select * from stock_as_of('2026-03-01')")).ShouldBeEmpty();
        (await ledger.Query("select store, sku, quantity_on_hand from stock_as_of(now()) order by 1")).ShouldBe(["M1 P1 16", "M2 P2 7"]);
        (await ledger.Query("select store, sku, quantity_on_hand from stock_as_of(now(), store => 'm2')")).ShouldBe(["M2 P2 7"]);
        (await ledger.Query("select store, sku, quantity_on_hand from stock_as_of(now(), sku => 'p1')")).ShouldBe(["M1 P1 16"]);
        (await ledger.Query("select * from stock_as_of(now(), store => 'nowhere')")).ShouldBeEmpty();

        // as recorded: (10 × 2 + 10 × 3) / 20 = 2.5, then 4 leave; as it occurred: (6 × 2 + 10 × 3) / 16 = 2.625
        (
            await ledger.Query(
                """
                select quantity_on_hand, cost_per_unit, value, restated_cost_per_unit, restated_value
                from stock_value_as_of(now(), sku => 'P1')
                """
            )
        ).ShouldBe(["16 2.5 40 2.625 42"]);
        (await ledger.Query("select cost_per_unit, value from stock_value_as_of('2026-03-02 12:00', sku => 'P1')")).ShouldBe(["2 20"]);
    }

    [Fact]
    public async Task the_value_as_of_now_equals_the_inventory_value()
    {
        var random = new Random(7);
        var ledger = await TestLedger.Create(host, "P1", "P2");
        foreach (var sku in (string[])["P1", "P2"])
            await ledger.Receive(sku, 100, 3.3333m, "2026-03-01T00:00:00Z");
        for (var i = 0; i < 40; i++)
        {
            var (sku, at) = (random.Next(2) == 0 ? "P1" : "P2", $"2026-03-{random.Next(2, 29):00}T{random.Next(24):00}:00:00Z");
            object lines = new[] { new { sku, quantity = random.Next(1, 9) } };
            switch (random.Next(5))
            {
                case 0:
                    await ledger.Receive(sku, random.Next(1, 30), random.Next(1, 60000) / 10000m, at);
                    break;
                case 1:
                    await ledger.Sell(sku, random.Next(1, 3), at);
                    break;
                case 2:
                    await ledger.Do(
                        "stock/counts",
                        new
                        {
                            store = "M1",
                            occurredAt = at,
                            lines,
                        }
                    );
                    break;
                case 3:
                    await ledger.Do(
                        "stock/transfers",
                        new
                        {
                            fromStore = "M1",
                            toStore = "M2",
                            occurredAt = at,
                            immediate = true,
                            lines = new[] { new { sku, quantity = 1 } },
                        }
                    );
                    break;
                default:
                    await ledger.Receive(sku, 3, 2m, at);
                    break;
            }
        }
        const string Live = "select store_id, product_id, quantity_on_hand, cost_per_unit from inventory";
        (
            await ledger.Query(
                $"({Live}) except (select store_id, product_id, quantity_on_hand, cost_per_unit from stock_value_as_of(now()))"
            )
        ).ShouldBeEmpty();
        (await ledger.Query($"{Live}")).Length.ShouldBe(4);
    }

    [Fact]
    public async Task ageing_assumes_first_in_first_out()
    {
        var ledger = await TestLedger.Create(host, "P1", "P2");
        await ledger.Receive("P1", 10, 2m, "2026-01-01T00:00:00Z");
        await ledger.Receive("P1", 10, 2m, "2026-03-02T00:00:00Z");
        await ledger.Sell("P1", 5, "2026-03-03T00:00:00Z");
        await ledger.Receive("P2", 5, 2m, "2025-06-01T00:00:00Z");
        await ledger.Issue("P2", 5, "2026-03-03T00:00:00Z");
        (
            await ledger.Query(
                """
                select sku, quantity_on_hand, days_0_30, days_31_60, days_61_90, days_91_180, days_over_180, oldest_days, value
                from stock_ageing('2026-04-01T00:00:00Z')
                """
            )
        ).ShouldBe(["P1 15 10 0 5 0 0 90 30"]);
    }

    [Fact]
    public async Task dead_stock_has_neither_sales_nor_usage()
    {
        var ledger = await TestLedger.Create(host, "P1", "P2", "P3");
        var (longAgo, lately) = (
            TimeProvider.System.GetUtcNow().AddDays(-200).ToString("O"),
            TimeProvider.System.GetUtcNow().AddDays(-10).ToString("O")
        );
        foreach (var sku in (string[])["P1", "P2", "P3"])
            await ledger.Receive(sku, 10, 2m, longAgo);
        await ledger.Sell("P1", 1, lately);
        await ledger.Issue("P3", 1, lately, reason: "return_to_supplier");
        (await ledger.Query("select sku, quantity_on_hand, value, last_out_at, days_without from dead_stock(180) order by 1")).ShouldBe([
            "P2 10 20 - 200",
            "P3 9 18 - 200",
        ]);
        (await ledger.Query("select sku from dead_stock(5) order by 1")).ShouldBe(["P1", "P2", "P3"]);
    }
}
