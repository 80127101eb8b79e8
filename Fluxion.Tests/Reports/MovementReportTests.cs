using Fluxion.Tests.Host;

namespace Fluxion.Tests.Reports;

public sealed class MovementReportTests(LedgerHost host)
{
    [Fact]
    public async Task movements_are_summed_by_the_stores_day_week_and_month_in_every_session_time_zone()
    {
        var ledger = await TestLedger.Create(host, "P1");
        await ledger.SetTimeZone("America/Caracas");
        await ledger.Receive("P1", 20, 2m, "2026-03-01T21:30:00-04:00"); // a Sunday in Caracas, a Monday in UTC
        await ledger.Issue("P1", 3, "2026-03-02T09:00:00-04:00");
        await ledger.Issue("P1", 2, "2026-03-02T09:59:59-04:00");
        await ledger.Issue("P1", 1, "2026-04-01T00:00:00-04:00");
        Task<string[]> By(string period, string zone = "America/Caracas") =>
            ledger.Query(
                $"""
                select period_start::date::text, movement_type, quantity, cost, movements
                from movements_by('{period}', '2026-03-01', '2026-04-01') order by 1, 2
                """,
                zone
            );
        (await By("day")).ShouldBe(["2026-03-01 in 20 40 1", "2026-03-02 out -5 -10 2"]);
        (await By("week")).ShouldBe(["2026-02-23 in 20 40 1", "2026-03-02 out -5 -10 2"]);
        (await By("month")).ShouldBe(["2026-03-01 in 20 40 1", "2026-03-01 out -5 -10 2"]);
        (await By("day", "Asia/Kathmandu")).ShouldBe(["2026-03-01 in 20 40 1", "2026-03-02 out -5 -10 2"]);
    }

    [Fact]
    public async Task shrinkage_is_the_quantity_lost_without_a_sale()
    {
        var ledger = await TestLedger.Create(host, "P1", "P2");
        await ledger.Receive("P1", 50, 2m, "2026-03-01T00:00:00Z");
        await ledger.Receive("P2", 50, 3m, "2026-03-01T00:00:00Z");
        await ledger.Issue("P1", 4, "2026-03-02T00:00:00Z", reason: "theft");
        await ledger.Issue("P2", 1, "2026-03-02T00:00:00Z", reason: "theft");
        await ledger.Issue("P1", 9, "2026-03-02T00:00:00Z", reason: "internal_use"); // not a loss
        await ledger.Do(
            "stock/counts",
            new
            {
                store = "M1",
                occurredAt = "2026-03-10T00:00:00Z",
                lines = new[] { new { sku = "P1", quantity = 35 }, new { sku = "P2", quantity = 51 } },
            }
        );
        Task<string[]> Shrinkage() =>
            ledger.Query(
                """
                select reason, quantity_lost, value_lost, quantity_found, value_found, net_value
                from shrinkage_by_reason('2026-03-01', '2026-04-01') order by 1
                """
            );
        (await Shrinkage()).ShouldBe(["count 2 4 2 6 2", "theft 5 11 0 0 -11"]); // counted 35 of an expected 37, and 51 of 49
        await ledger.Sell("P1", 2, "2026-03-09T00:00:00Z"); // recorded late: the goods that the count missed had been sold
        (await Shrinkage()).ShouldBe(["count 0 0 2 6 6", "theft 5 11 0 0 -11"]);
    }

    [Fact]
    public async Task turnover_is_the_quantity_sold_over_the_average_stock()
    {
        var ledger = await TestLedger.Create(host, "P1", "P2");
        await ledger.Receive("P1", 10, 2m, "2026-03-01T00:00:00Z");
        await ledger.Sell("P1", 5, "2026-03-06T00:00:00Z");
        await ledger.Receive("P2", 10, 2m, "2026-02-01T00:00:00Z");
        // ten days: 10 for all of them, less 5 for half of them: 7.5 on average
        (
            await ledger.Query(
                """
                select sku, quantity_sold, average_on_hand, turnover, days_of_inventory, quantity_on_hand, days_of_cover
                from inventory_turnover('2026-03-01T00:00:00Z', '2026-03-11T00:00:00Z') order by 1
                """
            )
        ).ShouldBe(["P1 5 7.5 0.67 15 5 10", "P2 0 10 0 - 10 -"]);
    }
}
