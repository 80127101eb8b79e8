using Fluxion.Tests.Host;
using Fluxion.Tests.Replay;

namespace Fluxion.Tests.Reports;

public sealed class SalesReportTests(LedgerHost host)
{
    [Fact]
    public async Task sales_count_on_their_day_and_returns_on_theirs()
    {
        var ledger = await TestLedger.Create(host, "P1", "P2");
        await ledger.SetTimeZone("America/Caracas");
        await ledger.Do("categories", new { code = "LACTEOS", name = "Lácteos" });
        await ledger.Tenant.Admin.Put(
            "products/P2",
            new
            {
                name = "P2",
                unitType = "unit",
                costPrice = 2m,
                sellingPrice = 4m,
                taxRate = 0m,
                category = "LACTEOS",
            }
        );
        foreach (var (sku, store) in (IEnumerable<(string, string)>)[("P1", "M1"), ("P2", "M1"), ("P1", "M2")])
            await ledger.Receive(sku, 100, 2.50m, "2026-03-01T00:00:00Z", store);
        var first = await ledger.Sell("P1", 3, "2026-03-10T21:00:00-04:00"); // 12.00; it is the 11th in UTC
        await ledger.Do(
            $"sales/{first.Json["id"]}/returns",
            new { occurredAt = "2026-03-12T23:59:00-04:00", lines = new[] { new { lineNumber = 1, quantity = 1 } } }
        );
        await ledger.Sell("P2", 2, "2026-03-11T10:00:00-04:00", discount: 0.50m, method: "card"); // 7.50
        await ledger.Sell("P1", 1, "2026-03-11T10:00:00-04:00", method: null, store: "M2"); // 4.00
        var cancelled = await ledger.Sell("P1", 50, "2026-03-11T10:00:00-04:00");
        await ledger.Do($"sales/{cancelled.Json["id"]}/cancel", new { reason = "a mistake", occurredAt = "2026-03-13T08:00:00-04:00" });
        var later = await ledger.Sell("P2", 4, "2026-03-31T23:00:00-04:00"); // 16.00, of which a quarter is returned in April
        await ledger.Do(
            $"sales/{later.Json["id"]}/returns",
            new { occurredAt = "2026-04-01T00:00:00-04:00", lines = new[] { new { lineNumber = 1, quantity = 1 } } }
        );
        await ledger.Sell("P1", 1, "2026-04-01T00:00:00-04:00"); // not in March

        const string March = "'2026-03-01', '2026-04-01'";
        const string Sums = "invoices, quantity, net_sales, cost_of_goods_sold, margin, margin_percent";
        (await ledger.Query($"select period_start::date::text, store, {Sums} from sales_by('day', {March}) order by 1, 2")).ShouldBe([
            "2026-03-10 M1 1 3 12 7.5 4.5 37.5",
            "2026-03-11 M1 2 52 207.5 130 77.5 37.35",
            "2026-03-11 M2 1 1 4 2.5 1.5 37.5",
            "2026-03-12 M1 0 -1 -4 -2.5 -1.5 37.5",
            "2026-03-13 M1 0 -50 -200 -125 -75 37.5",
            "2026-03-31 M1 1 4 16 10 6 37.5",
        ]);
        (await ledger.Query($"select sku, {Sums} from sales_by_product({March}) order by 1")).ShouldBe([
            "P1 3 3 12 7.5 4.5 37.5",
            "P2 2 6 23.5 15 8.5 36.17",
        ]);
        (await ledger.Query($"select sku, {Sums} from sales_by_product({March}, store => 'm2') order by 1")).ShouldBe([
            "P1 1 1 4 2.5 1.5 37.5",
        ]);
        (await ledger.Query($"select category, {Sums} from sales_by_category({March}) order by 1")).ShouldBe([
            "Lácteos 2 6 23.5 15 8.5 36.17",
            "- 3 3 12 7.5 4.5 37.5",
        ]);
        (await ledger.Query($"select store, {Sums} from sales_by_store({March}) order by 1")).ShouldBe([
            "M1 4 8 31.5 20 11.5 36.51",
            "M2 1 1 4 2.5 1.5 37.5",
        ]);
        (await ledger.Query($"select payment_method, {Sums} from sales_by_payment_method({March}) order by 1")).ShouldBe([
            "card 1 2 7.5 5 2.5 33.33",
            "cash 3 6 24 15 9 37.5",
            "- 1 1 4 2.5 1.5 37.5",
        ]);
        (await ledger.Query("select sku, quantity, net_sales from sales_by_product('2026-04-01', '2026-05-01') order by 1")).ShouldBe([
            "P1 1 4",
            "P2 -1 -4",
        ]);
        (
            await ledger.Query(
                """
                select kind, occurred_at, sold_at, quantity, discount, net_sales, tax, cost_of_goods_sold, margin
                from sales_lines where kind <> 'sale' order by 2
                """
            )
        ).ShouldBe([
            "return 2026-03-13 03:59 2026-03-11 01:00 -1 0 -4 -0.64 -2.5 -1.5",
            "cancellation 2026-03-13 12:00 2026-03-11 14:00 -50 0 -200 -32 -125 -75",
            "return 2026-04-01 04:00 2026-04-01 03:00 -1 0 -4 0 -2.5 -1.5",
        ]);
    }

    [Fact]
    public async Task reports_of_a_closed_month_do_not_change()
    {
        var ledger = await TestLedger.Create(host, "P1", "P2");
        await ledger.SetTimeZone("America/Caracas");
        foreach (var sku in (string[])["P1", "P2"])
            await ledger.Receive(sku, 100, 2.3333m, "2026-03-01T00:00:00Z");
        var paid = await ledger.Sell("P1", 3, "2026-03-31T22:00:00-04:00", discount: 0.5m);
        var open = await ledger.Sell("P2", 7, "2026-03-31T23:59:00-04:00", method: null);
        var cancelled = await ledger.Sell("P2", 2, "2026-03-15T23:59:00-04:00", method: "card");
        var samePayment = await ledger.Sell("P1", 1, "2026-03-15T10:00:00-04:00", method: null);
        await ledger.Do(
            $"sales/{samePayment.Json["id"]}/payments",
            new
            {
                amount = 1,
                method = "transfer",
                occurredAt = "2026-03-15T10:05:00-04:00",
            }
        );

        // every report of sales and payments with a time parameter
        var reports = await ledger.Query(
            $"""
            select proname from pg_proc where pronamespace = '{ledger.Tenant.Schema}'::regnamespace
                and proname ~ '^(sales_by|payments_by|abc_)' order by 1
            """
        );
        reports.Length.ShouldBeGreaterThanOrEqualTo(7);
        async Task<string[]> March()
        {
            var rows = new List<string>();
            foreach (var report in reports)
                rows.AddRange(
                    (
                        await ledger.Query(
                            $"""
                            select r::text from {report}({(report == "sales_by" ? "'day', " : "")}'2026-03-01', '2026-04-01') r
                            order by 1
                            """
                        )
                    ).Select(row => $"{report} {row}")
                );
            return
            [
                .. rows,
                .. await ledger.Query(
                    """
                    select (l.*)::text from (select occurred_at, kind, invoice_number, line_number, payment_method, quantity,
                        net_sales, tax, cost_of_goods_sold from sales_lines where occurred_at < '2026-04-01T00:00:00-04:00') l
                    order by 1
                    """
                ),
            ];
        }
        var closed = await March();
        closed.ShouldContain(row => row.StartsWith("sales_by_payment_method (transfer,", StringComparison.Ordinal));
        (await ledger.Query("select sum(invoices), sum(quantity) from sales_by('month', '2026-03-01', '2026-04-01')")).ShouldBe(["4 13"]);

        await ledger.Do(
            $"sales/{open.Json["id"]}/payments",
            new
            {
                amount = 10,
                method = "cash",
                occurredAt = "2026-04-01T00:00:00-04:00",
            }
        );
        await ledger.Do(
            $"sales/{paid.Json["id"]}/returns",
            new { occurredAt = "2026-04-02T00:00:00-04:00", lines = new[] { new { lineNumber = 1, quantity = 2 } } }
        );
        await ledger.Do($"sales/{paid.Json["id"]}/refunds", new { amount = 2, method = "card" });
        await ledger.Do($"sales/{cancelled.Json["id"]}/cancel", new { reason = "a mistake", occurredAt = "2026-04-03T00:00:00-04:00" });
        await ledger.Do($"sales/{open.Json["id"]}/returns", new { lines = new[] { new { lineNumber = 1, quantity = 7 } } });
        (await March()).ShouldBe(closed);
        (await ledger.Query("select sum(invoices), sum(quantity) from sales_by('month', '2026-04-01')")).ShouldBe(["0 -11"]);
        (await ledger.Query("select sum(cost_of_goods_sold) from sales_by('year', '2026-01-01')")).ShouldBe(
            await ledger.Query("select -sum(total_cost) from inventory_movements where reference_type in ('sale', 'return')")
        );
        await host.ReplayShouldBeEqual(ledger.Tenant);
    }

    [Fact]
    public async Task products_are_classified_by_revenue()
    {
        var ledger = await TestLedger.Create(host, "P1", "P2", "P3", "P4");
        foreach (var (sku, quantity) in (IEnumerable<(string, int)>)[("P1", 15), ("P2", 70), ("P3", 12), ("P4", 3)])
        {
            await ledger.Receive(sku, 100, 2m, "2026-03-01T00:00:00Z");
            await ledger.Sell(sku, quantity, "2026-03-02T00:00:00Z");
        }
        // P1 crosses 80 % and is still A, P3 crosses 95 % and is still B
        (
            await ledger.Query(
                """
                select class, sku, net_sales, share_percent, cumulative_percent
                from abc_classification('2026-03-01', '2026-04-01') order by cumulative_percent
                """
            )
        ).ShouldBe(["A P2 280 70 70", "A P1 60 15 85", "B P3 48 12 97", "C P4 12 3 100"]);
        (
            await ledger.Query(
                "select class, sku from abc_classification('2026-03-01', '2026-04-01', a_percent => 60) order by cumulative_percent"
            )
        ).ShouldBe(["A P2", "B P1", "B P3", "C P4"]);
        (await ledger.Query("select * from abc_classification('2027-03-01', '2027-04-01')")).ShouldBeEmpty();
    }

    [Fact]
    public async Task suppliers_are_rated_by_fill_rate_and_lead_time()
    {
        var ledger = await TestLedger.Create(host, "P1", "P2");
        await ledger.Do("suppliers", new { code = "POLAR", businessName = "Polar" });
        async Task Order(string number, decimal quantity, params (decimal Quantity, string At)[] receipts)
        {
            await ledger.Do(
                "purchase-orders",
                new
                {
                    store = "M1",
                    supplier = "POLAR",
                    orderNumber = number,
                    orderDate = "2026-03-02",
                    expectedDate = "2026-03-09",
                    lines = new[] { new { sku = "P1", quantity } },
                }
            );
            await ledger.Do($"purchase-orders/{number}/send", null);
            await ledger.Do($"purchase-orders/{number}/confirm", null);
            foreach (var receipt in receipts)
                await ledger.Do(
                    $"purchase-orders/{number}/receipts",
                    new { occurredAt = receipt.At, lines = new[] { new { sku = "P1", quantity = receipt.Quantity } } }
                );
        }
        await Order("OC-1", 20, (10, "2026-03-06T12:00:00-04:00"), (10, "2026-03-14T12:00:00-04:00")); // after 4 and 12 days
        await Order("OC-2", 20, (5, "2026-03-07T12:00:00-04:00")); // after 5 days
        await ledger.Do(
            "purchase-orders",
            new
            {
                store = "M1",
                supplier = "POLAR",
                orderNumber = "OC-3",
                orderDate = "2026-03-02",
                lines = new[] { new { sku = "P1", quantity = 9 } },
            }
        );

        // 25 of 40; (10 × 4 + 10 × 12 + 5 × 5) / 25 = 7.4 days; 15 of 25 by the 9th
        (
            await ledger.Query(
                """
                select supplier, orders, quantity_ordered, quantity_received, fill_rate_percent, lead_time_days, longest_lead_time_days,
                    on_time_percent
                from supplier_performance('2026-03-01', '2026-04-01')
                """
            )
        ).ShouldBe(["POLAR 2 40 25 62.5 7.4 12 60"]);
        (await ledger.Query("select * from supplier_performance('2026-04-01', '2026-05-01')")).ShouldBeEmpty();
    }
}
