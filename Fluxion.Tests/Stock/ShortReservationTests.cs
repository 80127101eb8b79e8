using System.Text.Json.Nodes;
using Fluxion.Tests.Alerts;
using Fluxion.Tests.Host;
using Fluxion.Tests.Replay;
using Fluxion.Tests.Tenancy;

namespace Fluxion.Tests.Stock;

/// <summary>
/// A fact is accepted even when it takes reserved goods. The answer names the reservations that are short, and an alert is raised.
/// </summary>
public sealed class ShortReservationTests(LedgerHost host)
{
    private static async Task<Guid> Reserve(Client client, string reference, decimal quantity, string store = "M1") => (
            await client.Post(
                "stock/reservations",
                new
                {
                    reference,
                    lines = new[]
                    {
                        new
                        {
                            store,
                            sku = "P1",
                            quantity,
                        },
                    },
                }
            )
        ).ShouldBe(201).Json["id"]!.GetValue<Guid>();

    private static async Task<(decimal OnHand, decimal Reserved, decimal Available)> Stock(Client client, string store = "M1")
    {
        var row = (await client.Get($"inventory?store={store}&sku=P1")).ShouldBe(200).Json["items"]![0]!;
        return (row["onHand"]!.GetValue<decimal>(), row["reserved"]!.GetValue<decimal>(), row["available"]!.GetValue<decimal>());
    }

    private static string[] ShortReservations(Answer answer) =>
        [
            .. answer.Json["reservationsShort"]!
                .AsArray()
                .Select(r => $"{r!["reference"]} {r["store"]} {r["sku"]} {r["held"]} {r["shortBy"]}"),
        ];

    private static Task<Answer> Issue(Client client, decimal quantity, string reason = "damage", string store = "M1") =>
        client.Post(
            "stock/issues",
            new
            {
                store,
                reason,
                lines = new[] { new { sku = "P1", quantity } },
            }
        );

    private static Task<Answer> Receive(Client client, decimal quantity, string store = "M1") =>
        client.Post("stock/receipts", new { store, lines = new[] { new { sku = "P1", quantity } } });

    /// <summary>All alerts about short reservations, once the latest has the expected status and missing quantity.</summary>
    private static Task<JsonArray> WaitForAlerts(Client client, string expected) =>
        AlertTests.WaitForAlerts(
            client,
            alerts => alerts.Count > 0 && $"{alerts[0]!["status"]} {alerts[0]!["data"]!["level"]}" == expected,
            "type=reservation_short"
        );

    [Fact]
    public async Task damage_may_take_reserved_stock_and_leaves_the_latest_reservations_short()
    {
        var tenant = await TestTenant.Create(host);
        var client = (await tenant.CreateStore("M1", "P1", stock: 10)).Manager;
        await Reserve(client, "first", 4);
        await Reserve(client, "second", 3);
        var last = await Reserve(client, "last", 2);
        ShortReservations((await Issue(client, 1)).ShouldBe(200)).ShouldBeEmpty();
        ShortReservations((await Issue(client, 1)).ShouldBe(200)).ShouldBe(["last M1 P1 2 1"]);
        ShortReservations((await Issue(client, 3)).ShouldBe(200)).ShouldBe(["last M1 P1 2 2", "second M1 P1 3 2"]);
        (await Stock(client)).ShouldBe((5m, 9m, -4m));

        // on hand is never negative, and a command that is not a fact is refused
        var shortage = (await Issue(client, 6)).ShouldBe(409).Json["shortages"]![0]!;
        (shortage["requested"]!.GetValue<decimal>(), shortage["available"]!.GetValue<decimal>()).ShouldBe((6m, 5m));
        foreach (var reason in (string[])["internal_use", "sample", "donation", "return_to_supplier", "other"])
            (await Issue(client, 1, reason)).ShouldBe(409);
        (
            await client.Post(
                "sales",
                new
                {
                    store = "M1",
                    invoiceNumber = "F-1",
                    lines = new[] { new { sku = "P1", quantity = 1 } },
                }
            )
        ).ShouldBe(409);
        (
            await client.Post(
                "stock/reservations",
                new
                {
                    reference = "more",
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
            )
        ).ShouldBe(409);

        // an inbound movement makes no reservation short, and released goods are available to the others
        ShortReservations((await Receive(client, 1)).ShouldBe(200)).ShouldBeEmpty();
        (await client.Post($"stock/reservations/{last}/release", null)).ShouldBe(200);
        (await Stock(client)).ShouldBe((6m, 7m, -1m));
        ShortReservations((await Issue(client, 1, "theft")).ShouldBe(200)).ShouldBe(["second M1 P1 3 2"]);
        await host.ReplayShouldBeEqual(tenant);
    }

    [Fact]
    public async Task every_command_and_import_of_facts_names_the_short_reservations()
    {
        var tenant = await TestTenant.Create(host);
        var client = (await tenant.CreateStore("M1", "P1", stock: 100)).Manager;
        await Reserve(client, "web-1", 95);
        async Task ShouldBeShortBy(Answer answer, decimal shortBy)
        {
            ShortReservations(answer.ShouldBe(200)).ShouldBe([$"web-1 M1 P1 95 {shortBy}"]);
            (await Receive(client, shortBy)).ShouldBe(200); // so that the next case starts with nothing short
            (await Stock(client)).ShouldBe((95m, 95m, 0m));
        }
        (await Issue(client, 5)).ShouldBe(200);
        foreach (var reason in (string[])["damage", "expired", "theft", "loss"])
            await ShouldBeShortBy(await Issue(client, 2, reason), 2);
        foreach (var reason in (string[])["correction", "damage", "expired", "theft", "loss", "other"])
            await ShouldBeShortBy(
                await client.Post(
                    "stock/adjustments",
                    new
                    {
                        store = "M1",
                        reason,
                        lines = new[] { new { sku = "P1", quantity = -3 } },
                    }
                ),
                3
            );
        await ShouldBeShortBy(
            await client.Post("stock/counts", new { store = "M1", lines = new[] { new { sku = "P1", quantity = 91 } } }),
            4
        );
        await ShouldBeShortBy(
            await client.Post(
                "stock/movements",
                new
                {
                    lines = new[]
                    {
                        new
                        {
                            type = "issue",
                            store = "M1",
                            sku = "P1",
                            quantity = 5,
                            reason = "loss",
                        },
                    },
                }
            ),
            5
        );
        await ShouldBeShortBy(await client.Import("stock", "store,sku,onHand\nM1,P1,89\n"), 6);
        await ShouldBeShortBy(await client.Import("movements", "store,sku,referenceType,quantity,reason\nM1,P1,issue,-7,expired\n"), 7);
        (await client.Import("movements", "store,sku,referenceType,quantity\nM1,P1,sale,-1\n")).ShouldBe(409);

        // the OpenAPI document has the field in the reply of each of them
        var api = await OpenApi.Of(client);
        var replies = api
            .Operations.Where(o => o.IsCommand)
            .Where(o =>
                o.Json["responses"]!.AsObject().First(r => r.Key[0] == '2').Value!["content"]?["application/json"]?["schema"] is { } schema
                && api.Schema(schema)["properties"]?["reservationsShort"] is not null
            )
            .Select(o => o.Path["/api/{tenant}/".Length..]);
        replies.ShouldBe(
            [
                "stock/adjustments",
                "stock/counts",
                "stock/issues",
                "stock/movements",
                "stock/receipts",
                "imports/movements",
                "imports/products",
                "imports/stock",
            ],
            ignoreOrder: true
        );
    }

    [Fact]
    public async Task one_alert_follows_a_shortage_of_reservations_until_the_goods_are_back()
    {
        var tenant = await TestTenant.Create(host);
        var client = (await tenant.CreateStore("M1", "P1", stock: 10)).Manager;
        var (first, last) = (await Reserve(client, "first", 6), await Reserve(client, "last", 4));
        (await Issue(client, 3)).ShouldBe(200);
        var alert = (await WaitForAlerts(client, "active 3")).ShouldHaveSingleItem()!;
        (
            alert["priority"]!.GetValue<string>(),
            alert["store"]!.GetValue<string>(),
            alert["sku"]!.GetValue<string>(),
            alert["generatedBy"]!.GetValue<string>()
        ).ShouldBe(("high", "M1", "P1", "reservation_rule"));
        alert["title"]!.GetValue<string>().ShouldBe("Reservations short: A product");
        alert["description"]!.GetValue<string>().ShouldBe("3 of 10 reserved of P1 in M1 are missing. Short are last by 3.");
        var named = alert["data"]!["reservations"]!.AsArray().ShouldHaveSingleItem()!;
        (named["id"]!.GetValue<Guid>(), named["quantity"]!.GetValue<decimal>(), named["shortBy"]!.GetValue<decimal>()).ShouldBe(
            (last, 4m, 3m)
        );
        alert["data"]!["events"]!.AsArray().ShouldHaveSingleItem();

        (await Issue(client, 7, "theft")).ShouldBe(200);
        alert = (await WaitForAlerts(client, "active 10")).ShouldHaveSingleItem()!;
        (alert["priority"]!.GetValue<string>(), alert["data"]!["reservations"]!.AsArray().Count).ShouldBe(("critical", 2));
        (await client.Post($"alerts/{alert["id"]}/acknowledge", null)).ShouldBe(200);
        (await Receive(client, 8)).ShouldBe(200);
        await WaitForAlerts(client, "acknowledged 2");
        (await Receive(client, 2)).ShouldBe(200);
        await WaitForAlerts(client, "resolved 2");

        // soon afterwards the same alert is reopened; it is resolved when the missing goods are no longer reserved
        (await Issue(client, 1)).ShouldBe(200);
        (await WaitForAlerts(client, "acknowledged 1")).ShouldHaveSingleItem()!["id"]!
            .GetValue<string>()
            .ShouldBe(alert["id"]!.GetValue<string>());
        (await client.Post($"stock/reservations/{last}/release", null)).ShouldBe(200);
        await WaitForAlerts(client, "resolved 1");
        (await client.Get($"stock/reservations/{first}")).ShouldBe(200).Json["status"]!.GetValue<string>().ShouldBe("open");
    }

    [Fact]
    public async Task a_product_that_allows_backorder_has_no_short_reservations()
    {
        var tenant = await TestTenant.Create(host);
        var client = (await tenant.CreateStore("M1", "P1", stock: 5)).Manager;
        object Product(bool allowBackorder) => new { name = "A product", settings = new { allowBackorder } };
        (await client.Put("products/P1", Product(true))).ShouldBe(200);
        await Reserve(client, "web-1", 8);
        ShortReservations((await Issue(client, 2)).ShouldBe(200)).ShouldBeEmpty();
        (await client.Put("products/P1", Product(false))).ShouldBe(200);
        await WaitForAlerts(client, "active 5");
        (await client.Put("products/P1", Product(true))).ShouldBe(200);
        await WaitForAlerts(client, "resolved 5");
    }

    [Fact]
    public async Task a_sale_of_a_short_reservation_takes_only_what_is_on_hand()
    {
        var tenant = await TestTenant.Create(host);
        var client = (await tenant.CreateStore("M1", "P1", stock: 5)).Manager;
        var id = await Reserve(client, "web-1", 5);
        (await Issue(client, 2)).ShouldBe(200);
        Task<Answer> Sell(decimal quantity) =>
            client.Post(
                "sales",
                new
                {
                    store = "M1",
                    invoiceNumber = $"F-{Guid.CreateVersion7()}",
                    reservation = id,
                    lines = new[] { new { sku = "P1", quantity } },
                }
            );
        var shortage = (await Sell(4)).ShouldBe(409).Json["shortages"]![0]!;
        (shortage["requested"]!.GetValue<decimal>(), shortage["available"]!.GetValue<decimal>()).ShouldBe((4m, 3m));
        (await Sell(3)).ShouldBe(201);
        (await Stock(client)).ShouldBe((0m, 2m, -2m));
        (await client.Post($"stock/reservations/{id}/release", null)).ShouldBe(200);
        (await Stock(client)).ShouldBe((0m, 0m, 0m));
    }

    [Fact]
    public async Task a_user_of_one_store_sees_only_its_short_reservations()
    {
        var tenant = await TestTenant.Create(host);
        var client = (await tenant.CreateStore("M1", "P1", stock: 5)).Manager;
        await tenant.CreateStore("M2", "P2");
        (await Receive(client, 5, "M2")).ShouldBe(200);
        foreach (var store in (string[])["M1", "M2"])
        {
            await Reserve(client, $"web-{store}", 5, store);
            (await Issue(client, 1, store: store)).ShouldBe(200);
        }
        await AlertTests.WaitForAlerts(client, alerts => alerts.Count == 2, "type=reservation_short&status=open");
        var luis = await tenant.CreateUser(host, "luis@company.test", "user", "M2");
        (await AlertTests.Alerts(luis, "type=reservation_short")).ShouldHaveSingleItem()!["store"]!.GetValue<string>().ShouldBe("M2");
        ShortReservations((await Issue(luis, 1, store: "M2")).ShouldBe(200)).ShouldBe(["web-M2 M2 P1 5 2"]);
    }
}
