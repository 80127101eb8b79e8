using System.Text.Json.Nodes;
using Fluxion.Tests.Host;
using Fluxion.Tests.Tenancy;

namespace Fluxion.Tests.Audit;

/// <summary>
/// One product in two stores. A delivery of 5 on the 2nd is recorded after the count of the 5th, which had seen it. 10 are received on
/// the 1st, and 3 issued on the 3rd. On the 5th 12 are counted, 5 more than the expected 7.
/// </summary>
public sealed class LateDelivery(LedgerHost host) : IAsyncLifetime
{
    public static readonly DateTimeOffset First = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    public TestTenant Tenant { get; private set; } = null!;
    public Client Admin => Tenant.Admin;
    public DateTimeOffset BeforeTheNote { get; private set; }

    public async ValueTask InitializeAsync()
    {
        Tenant = await TestTenant.Create(host);
        await Tenant.CreateStore("S1", "P1");
        (await Admin.Post("stores", new { code = "S2", name = "Another" })).ShouldBe(201);
        (await Admin.Post("products", new { sku = "P2", name = "Never moved" })).ShouldBe(201);
        await Receive("S1", 10, 2, 0, "GRN-1");
        await Receive("S2", 4, 3, 1, "GRN-9");
        (
            await Admin.Post(
                "stock/issues",
                new
                {
                    store = "S1",
                    reason = "damage",
                    reference = "D-1",
                    occurredAt = First.AddDays(2),
                    lines = new[] { new { sku = "P1", quantity = 3 } },
                }
            )
        ).ShouldBe(200);
        (
            await Admin.Post(
                "stock/counts",
                new
                {
                    store = "S1",
                    reference = "INV-1",
                    occurredAt = First.AddDays(4),
                    lines = new[] { new { sku = "P1", quantity = 12 } },
                }
            )
        ).ShouldBe(200);
        BeforeTheNote = DateTimeOffset.Parse(
            (await Admin.Get("movements?sku=P1&limit=1")).Json["items"]![0]!["recordedAt"]!.GetValue<string>(),
            System.Globalization.CultureInfo.InvariantCulture
        );
        await Receive("S1", 5, 2.60m, 1, "GRN-2 by the evening lorry");
    }

    private async Task Receive(string store, decimal quantity, decimal unitCost, int day, string reference) =>
        (
            await Admin.Post(
                "stock/receipts",
                new
                {
                    store,
                    reference,
                    occurredAt = First.AddDays(day),
                    lines = new[]
                    {
                        new
                        {
                            sku = "P1",
                            quantity,
                            unitCost,
                        },
                    },
                }
            )
        ).ShouldBe(200);

    public static string Text(DateTimeOffset at) =>
        at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", System.Globalization.CultureInfo.InvariantCulture);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}

public sealed class ExplainTests(LedgerHost host, LateDelivery late) : IClassFixture<LateDelivery>
{
    private static decimal Number(JsonNode? node) => node!.GetValue<decimal>();

    private async Task<JsonNode> Explain(string query) => (await late.Admin.Get($"audit/explain?{query}")).ShouldBe(200).Json;

    [Fact]
    public async Task explain_lists_every_movement_in_order_of_occurrence_with_its_balance()
    {
        var explained = await Explain("store=S1&sku=P1");
        explained["items"]!
            .AsArray()
            .Select(m => $"{m!["document"]} {m["reference"]} {m["reason"]} {Number(m["quantity"]):0} {Number(m["balance"]):0}")
            .ShouldBe([
                "receipt GRN-1  10 10",
                "receipt GRN-2 by the evening lorry  5 15",
                "issue D-1 damage -3 12",
                "count INV-1  5 17",
                "count INV-1 late_movement -5 12",
            ]);
        explained["items"]!.AsArray().ShouldAllBe(m => m!["user"]!.GetValue<string>() == TestTenant.AdminEmail);
        var note = explained["items"]![1]!;
        note["occurredAt"]!.GetValue<DateTimeOffset>().ShouldBe(LateDelivery.First.AddDays(1));
        note["recordedAt"]!.GetValue<DateTimeOffset>().ShouldBeGreaterThan(late.BeforeTheNote);
        (Number(note["unitCost"]), Number(note["value"])).ShouldBe((2.60m, 13m));
        explained["message"].ShouldBeNull();
        (Number(explained["onHand"]), explained["unitType"]!.GetValue<string>()).ShouldBe((12m, "unit"));
    }

    [Fact]
    public async Task the_balance_at_any_moment_equals_inventory_and_stock_as_of()
    {
        await using var superuser = await host.OpenSuperuser();
        var now = (await late.Admin.Get("inventory?store=S1&sku=P1")).Json["items"]![0]!;
        var today = await Explain("store=S1&sku=P1");
        (Number(today["onHand"]), Number(today["unitCost"]), Number(today["value"])).ShouldBe(
            (Number(now["onHand"]), Number(now["costPerUnit"]), Number(now["value"]))
        );
        for (var hours = 0; hours < 120; hours += 6)
        {
            var at = LateDelivery.Text(LateDelivery.First.AddHours(hours));
            var explained = await Explain($"store=S1&sku=P1&at={at}");
            var balance = Number(explained["items"]!.AsArray()[^1]!["balance"]);
            balance.ShouldBe(Number(explained["onHand"]), at);
            (
                await superuser.Column<decimal>(
                    $"select quantity_on_hand from {late.Tenant.Schema}.stock_as_of('{at}', store => 's1', sku => 'p1')"
                )
            ).ShouldBe([balance], at);
            var asOf = (await late.Admin.Get($"inventory?store=S1&sku=P1&asOf={at}")).ShouldBe(200).Json["items"]![0]!;
            (Number(asOf["onHand"]), Number(asOf["costPerUnit"]), Number(asOf["value"])).ShouldBe(
                (balance, Number(explained["unitCost"]), Number(explained["value"])),
                at
            );
        }
    }

    [Fact]
    public async Task an_item_without_movements_at_that_moment_says_so()
    {
        var explained = await Explain("store=S1&sku=P1&at=2026-02-01");
        explained["items"]!.AsArray().ShouldBeEmpty();
        Number(explained["onHand"]).ShouldBe(0);
        explained["message"]!
            .GetValue<string>()
            .ShouldBe("Nothing of P1 had moved in S1 by 2026-02-01: the first movement is of 2026-03-01 12:00:00Z.");
        (await Explain("store=S2&sku=P2"))["message"]!.GetValue<string>().ShouldBe("Nothing of P2 has ever moved in S2.");
    }

    [Fact]
    public async Task a_long_history_is_paged_in_json_and_complete_in_csv()
    {
        var (pages, after, balances) = (0, "", new List<decimal>());
        do
        {
            var page = await Explain($"store=s1&sku=p1&limit=2{after}");
            balances.AddRange(page["items"]!.AsArray().Select(m => Number(m!["balance"])));
            after = page["next"] is { } next ? $"&after={next}" : "";
            pages++;
        } while (after.Length > 0);
        (pages, string.Join(' ', balances.Select(b => (int)b))).ShouldBe((3, "10 15 12 17 12"));
        var csv = (await late.Admin.Get("audit/explain?store=S1&sku=P1", accept: "text/csv")).ShouldBe(200).Text.TrimEnd().Split('\n');
        csv.Length.ShouldBe(6);
        csv[0].ShouldStartWith("occurredAt,recordedAt,document");
    }

    [Fact]
    public async Task a_user_of_one_store_explains_only_its_stock()
    {
        const string Email = "keeper@company.test";
        var storeUser = await late.Tenant.CreateUser(host, Email, "viewer", "S2");
        (await storeUser.Get("audit/explain?store=S2&sku=P1")).ShouldBe(200).Json["items"]!.AsArray().Count.ShouldBe(1);
        (await storeUser.Get("audit/explain?store=S1&sku=P1")).ShouldBe(404);
        (await storeUser.Get("inventory/value?asOf=2026-03-04")).ShouldBe(200).Json["items"]!
            .AsArray()
            .Select(v => v!["store"]!.GetValue<string>())
            .ShouldBe(["S2"]);
    }

    [Theory]
    [InlineData("store=NONE&sku=P1", 404, "store")]
    [InlineData("store=S1&sku=NONE", 404, "sku")]
    [InlineData("store=S1", 400, "sku")]
    [InlineData("sku=P1", 400, "store")]
    [InlineData("store=S1&sku=P1&at=yesterday", 400, "at")]
    [InlineData("store=S1&sku=P1&limit=0", 400, "limit")]
    [InlineData("store=S1&sku=P1&after=x", 400, "after")]
    public async Task an_invalid_parameter_is_refused_by_name(string query, int status, string field) =>
        (await late.Admin.Get($"audit/explain?{query}")).ShouldBe(status).Fields.ShouldBe([field]);

    [Fact]
    public async Task the_explain_command_prints_the_same_rows_as_the_api()
    {
        var environment = HostProcess.Development(host.Connections);
        var (code, output) = await HostProcess.Run(environment, "explain", late.Tenant.Slug, "--store", "S1", "--sku", "P1");
        code.ShouldBe(0, output);
        var lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        lines.Count(l => l.Contains("GRN-", StringComparison.Ordinal) || l.Contains("INV-1", StringComparison.Ordinal)).ShouldBe(4);
        lines[1..^1].ShouldAllBe(l => l.Length == lines[1].Length); // columns are as wide as their longest value
        lines[^1].ShouldStartWith("On hand 12 at ");
        foreach (
            var (arguments, why) in ((string, string)[])
                [
                    ("explain nobody --store S1 --sku P1", "There is no tenant 'nobody'"),
                    ($"explain {late.Tenant.Slug} --store S9 --sku P1", "There is no store 'S9'"),
                    ($"explain {late.Tenant.Slug} --store S1 --sku P1 --at x", "--at must be a point in time"),
                ]
        )
        {
            var (refused, message) = await HostProcess.Run(environment, arguments.Split(' '));
            (refused, message.Contains(why, StringComparison.Ordinal)).ShouldBe((1, true), message);
        }
    }
}
