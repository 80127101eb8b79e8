using System.Text.Json.Nodes;
using Fluxion.Tests.Host;

namespace Fluxion.Tests.Audit;

/// <summary>Tests of stock as of X, as known at Y. HTTP and SQL give the same answer.</summary>
public sealed class AsOfTests(LedgerHost host, LateDelivery late) : IClassFixture<LateDelivery>
{
    private static string Day(int day) => LateDelivery.Text(LateDelivery.First.AddDays(day));

    private async Task<JsonArray> Get(string query) => (await late.Admin.Get(query)).ShouldBe(200).Json["items"]!.AsArray();

    [Theory]
    [InlineData(0, true, 10)]
    [InlineData(1, true, 10)] // the delivery was not recorded yet
    [InlineData(1, false, 15)]
    [InlineData(3, true, 7)]
    [InlineData(3, false, 12)]
    [InlineData(4, true, 12)] // the count had seen the delivery, so its correction keeps today's stock
    [InlineData(4, false, 12)]
    public async Task a_late_recorded_delivery_counts_from_its_occurrence_when_asked_later(int day, bool beforeTheNote, decimal onHand)
    {
        var known = beforeTheNote ? LateDelivery.Text(late.BeforeTheNote) : null;
        var item = (
            await Get($"inventory?store=S1&sku=P1&asOf={Day(day)}{(known is null ? "" : $"&knownAt={known}")}")
        ).ShouldHaveSingleItem()!;
        item["onHand"]!.GetValue<decimal>().ShouldBe(onHand);
        await using var superuser = await host.OpenSuperuser();
        var sql = (
            await superuser.Rows(
                $"""
                select quantity_on_hand, cost_per_unit, value
                from {late.Tenant.Schema}.stock_value_as_of('{Day(day)}', '{known ?? "infinity"}', 'S1', 'P1')
                """
            )
        ).ShouldHaveSingleItem();
        sql.ShouldBe([onHand, item["costPerUnit"]!.GetValue<decimal>(), item["value"]!.GetValue<decimal>()]);
        var value = (
            await Get($"inventory/value?store=S1&asOf={Day(day)}{(known is null ? "" : $"&knownAt={known}")}")
        ).ShouldHaveSingleItem()!;
        (value["products"]!.GetValue<long>(), value["value"]!.GetValue<decimal>()).ShouldBe((1, item["value"]!.GetValue<decimal>()));
    }

    [Fact]
    public async Task the_value_of_a_store_is_the_sum_of_its_items_at_every_moment()
    {
        foreach (
            var moment in (string[])
                [
                    "",
                    $"asOf={Day(2)}",
                    $"asOf={Day(2)}&knownAt={LateDelivery.Text(late.BeforeTheNote)}",
                    $"knownAt={LateDelivery.Text(late.BeforeTheNote)}",
                ]
        )
        {
            var items = (await Get($"inventory?{moment}"))
                .GroupBy(i => i!["store"]!.GetValue<string>())
                .OrderBy(s => s.Key, StringComparer.Ordinal)
                .Select(s => (s.Key, s.Sum(i => i!["value"]!.GetValue<decimal>())))
                .ToList();
            items.Count.ShouldBe(2);
            (await Get($"inventory/value?{moment}"))
                .Select(v => (v!["store"]!.GetValue<string>(), v["value"]!.GetValue<decimal>()))
                .ShouldBe(items, moment);
        }
    }

    [Theory]
    [InlineData("inventory")]
    [InlineData("inventory/value")]
    public async Task stock_as_of_before_the_first_event_is_empty(string list)
    {
        (await Get($"{list}?asOf=2001-01-01")).ShouldBeEmpty();
        (await Get($"{list}?knownAt=2001-01-01")).ShouldBeEmpty();
    }

    [Theory]
    [InlineData("inventory")]
    [InlineData("inventory/value")]
    public async Task a_known_at_before_the_as_of_moment_is_refused(string list)
    {
        // the list would apply knownAt to both moments, and show the result under another day
        (await late.Admin.Get($"{list}?asOf=2026-03-03&knownAt=2026-03-02"))
            .ShouldBe(400)
            .Fields.ShouldBe(["knownAt"]);
        (await late.Admin.Get($"{list}?asOf=2026-03-03&knownAt=2026-03-03")).ShouldBe(200);
        (await late.Admin.Get($"{list}?asOf=x&knownAt=2026-03-02")).ShouldBe(400).Fields.ShouldBe(["asOf"]);
    }
}
