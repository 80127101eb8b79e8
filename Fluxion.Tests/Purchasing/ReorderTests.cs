using System.Text.Json.Nodes;
using Fluxion.Tests.Alerts;
using Fluxion.Tests.Host;
using Fluxion.Tests.Stock;
using Fluxion.Tests.Tenancy;

namespace Fluxion.Tests.Purchasing;

/// <summary>Tests of reordering: from low stock to draft orders.</summary>
public sealed class ReorderTests(LedgerHost host)
{
    /// <summary>Two stores, two suppliers, and of each product 5 in the first store and 50 in the second.</summary>
    private async Task<TestTenant> CreateTenant(params (string Sku, object Product)[] products)
    {
        var tenant = await TestTenant.Create(host);
        foreach (var code in (string[])["S1", "S2"])
            (await tenant.Admin.Post("stores", new { code, name = "A store" })).ShouldBe(201);
        foreach (var code in (string[])["V1", "V2"])
            (
                await tenant.Admin.Post(
                    "suppliers",
                    new
                    {
                        code,
                        businessName = "A supplier",
                        leadTimeDays = code == "V2" ? 3 : (int?)null,
                    }
                )
            ).ShouldBe(201);
        foreach (var (sku, product) in products)
        {
            (await tenant.Admin.Post("products", product)).ShouldBe(201);
            (await new TestStore(tenant.Admin, "S1", sku).Receive(5)).ShouldBe(200);
            (await new TestStore(tenant.Admin, "S2", sku).Receive(50)).ShouldBe(200);
        }
        return tenant;
    }

    private Task<TestTenant> CreateUsualTenant() =>
        CreateTenant(
            (
                "P1",
                new
                {
                    sku = "P1",
                    name = "Milk",
                    supplier = "V1",
                    costPrice = 2,
                    taxRate = 16,
                    reorderPoint = 10,
                    maxStockLevel = 40,
                    packSize = 12,
                    leadTimeDays = 5,
                }
            ),
            (
                "P2",
                new
                {
                    sku = "P2",
                    name = "Cheese",
                    unitType = "kg",
                    supplier = "V2",
                    costPrice = 3,
                    reorderPoint = 7.5,
                }
            ),
            (
                "P3",
                new
                {
                    sku = "P3",
                    name = "Wine",
                    reorderPoint = 6,
                }
            )
        );

    private static async Task<JsonArray> Suggestions(Client client, string filter = "") =>
        (await client.Get($"reorder-suggestions?{filter}")).ShouldBe(200).Json["items"]!.AsArray();

    private static string Of(JsonNode? row, params string[] fields) =>
        string.Join(' ', fields.Select(field => row![field]?.ToString() ?? "-"));

    private static async Task<JsonNode> Order(Client client, object? command = null) =>
        (await client.Post("purchase-orders/from-suggestions", command ?? new { })).ShouldBe(200).Json;

    [Fact]
    public async Task products_below_their_reorder_point_are_suggested_in_whole_packs_up_to_their_maximum()
    {
        var tenant = await CreateUsualTenant();
        var rows = await Suggestions(tenant.Admin);
        rows.Select(row => Of(row, "store", "sku", "supplier", "available", "reorderPoint", "leadTimeDays", "packSize", "quantity"))
            .ShouldBe(["S1 P1 V1 5 10 5 12 24", "S1 P2 V2 5 7.5 3 0.001 10", "S1 P3 - 5 6 7 1 7"]);
        (await Suggestions(tenant.Admin, "supplier=v2")).ShouldHaveSingleItem();
        (await Suggestions(tenant.Admin, "store=S2")).ShouldBeEmpty();
        (await new TestStore(tenant.Admin, "S1", "P3").Issue(2)).ShouldBe(200);
        (await tenant.Admin.Put("settings", new { overReceiptPercent = 0, alerts = new { rateDays = 1, leadTimeDays = 10 } })).ShouldBe(
            200
        );
        // 6 + 2 × 10 − 3
        Of((await Suggestions(tenant.Admin, "limit=1000"))[2], "ratePerDay", "leadTimeDays", "quantity").ShouldBe("2 10 23");
        (
            await tenant.Admin.Post(
                "stock/issues",
                new
                {
                    store = "S1",
                    reason = "return_to_supplier",
                    lines = new[] { new { sku = "P3", quantity = 1 } },
                }
            )
        ).ShouldBe(200);
        // a return to the supplier is not demand
        Of((await Suggestions(tenant.Admin, "limit=1000"))[2], "ratePerDay", "quantity").ShouldBe("2 24");
        var reservation = (
            await tenant.Admin.Post(
                "stock/reservations",
                new
                {
                    reference = "web",
                    lines = new[]
                    {
                        new
                        {
                            store = "S2",
                            sku = "P1",
                            quantity = 45,
                        },
                    },
                }
            )
        ).ShouldBe(201).Json["id"];
        Of((await Suggestions(tenant.Admin, "store=S2")).ShouldHaveSingleItem(), "onHand", "reserved", "quantity").ShouldBe("50 45 24");
        (await tenant.Admin.Post("stores/S2/deactivate", null)).ShouldBe(409);
        // the store is low, and has no open document
        (await tenant.Admin.Post($"stock/reservations/{reservation}/release", null)).ShouldBe(200);
        (await new TestStore(tenant.Admin, "S2", "P1").Issue(45)).ShouldBe(200);
        (await Suggestions(tenant.Admin, "store=S2")).ShouldHaveSingleItem();
        (await tenant.Admin.Post("stores/S2/deactivate", null)).ShouldBe(200);
        (await Suggestions(tenant.Admin, "store=S2")).ShouldBeEmpty();
    }

    [Fact]
    public async Task one_command_drafts_the_suggested_orders_and_a_second_finds_none()
    {
        var tenant = await CreateUsualTenant();
        var admin = tenant.Admin;
        var key = Guid.CreateVersion7().ToString();
        var first = (await admin.Post("purchase-orders/from-suggestions", new { }, key)).ShouldBe(200);
        (await admin.Post("purchase-orders/from-suggestions", new { }, key)).ShouldBe(200).Text.ShouldBe(first.Text);
        first.Json["orders"]!
            .AsArray()
            .Select(order => Of(order, "store", "supplier", "lines", "totalAmount"))
            .ShouldBe(["S1 V1 1 55.68", "S1 V2 1 30"], ignoreOrder: true);
        first.Json["notOrdered"]!.AsArray().Select(row => Of(row, "store", "sku", "quantity", "reason")).ShouldBe(["S1 P3 7 no supplier"]);
        var today = DateOnly.FromDateTime(TimeProvider.System.GetUtcNow().UtcDateTime);
        var number = first.Json["orders"]!.AsArray().Single(order => Of(order, "supplier") == "V1")!["orderNumber"]!.GetValue<string>();
        var order = (await admin.Get($"purchase-orders/{number}")).ShouldBe(200).Json;
        Of(order, "status", "expectedDate").ShouldBe($"draft {today.AddDays(5):yyyy-MM-dd}");
        Of(order["lines"]!.AsArray().ShouldHaveSingleItem(), "sku", "quantityOrdered", "unitCost").ShouldBe("P1 24 2");

        (await Order(admin))["orders"]!.AsArray().ShouldBeEmpty();
        (await Suggestions(admin)).ShouldHaveSingleItem();
        (await admin.Post($"purchase-orders/{number}/cancel", null)).ShouldBe(200);
        (await Order(admin, new { store = "S2" }))["orders"]!.AsArray().ShouldBeEmpty();
        number = (await Order(admin, new { store = "S1", supplier = "v1" }))["orders"]!.AsArray().ShouldHaveSingleItem()![
            "orderNumber"
        ]!.GetValue<string>();
        (await admin.Post($"purchase-orders/{number}/send", null)).ShouldBe(200);
        (await Order(admin))["orders"]!.AsArray().ShouldBeEmpty();
        (await admin.Post($"purchase-orders/{number}/receipts", new { lines = new[] { new { sku = "P1", quantity = 24 } } })).ShouldBe(200);
        await AlertTests.WaitForAlerts(admin, alerts => alerts.Single()!["status"]!.GetValue<string>() == "resolved", "sku=P1");
    }

    [Fact]
    public async Task one_of_eight_concurrent_reorder_commands_creates_orders()
    {
        var tenant = await CreateUsualTenant();
        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Order(tenant.Admin)));
        answers.Sum(answer => answer["orders"]!.AsArray().Count).ShouldBe(2);
        (await tenant.Admin.Get("purchase-orders")).Json["items"]!.AsArray().Count.ShouldBe(2);
    }

    [Fact]
    public async Task no_order_goes_to_a_deactivated_supplier_or_for_another_store()
    {
        var tenant = await CreateUsualTenant();
        (await tenant.Admin.Post("suppliers/V2/deactivate", null)).ShouldBe(200);
        var eva = await tenant.CreateUser(host, "eva@company.test", "user", "S2");
        (await Order(eva))["orders"]!.AsArray().ShouldBeEmpty();
        (await eva.Post("purchase-orders/from-suggestions", new { store = "S1" })).ShouldBe(403);
        (await tenant.Admin.Post("purchase-orders/from-suggestions", new { store = "S9" })).ShouldBe(404).Fields.ShouldBe(["store"]);
        (await tenant.Admin.Post("purchase-orders/from-suggestions", new { supplier = "V9" })).ShouldBe(404).Fields.ShouldBe(["supplier"]);
        (await tenant.Admin.Post("purchase-orders/from-suggestions", new { }, key: null)).ShouldBe(400);
        (await Order(tenant.Admin))["notOrdered"]!
            .AsArray()
            .Select(row => Of(row, "sku", "reason"))
            .ShouldBe(["P2 supplier V2 deactivated", "P3 no supplier"]);
    }

    [Theory]
    [InlineData("""{"leadTimeDays":366}""", "leadTimeDays")]
    [InlineData("""{"leadTimeDays":-1}""", "leadTimeDays")]
    [InlineData("""{"leadTimeDays":1.5}""", "leadTimeDays")]
    [InlineData("""{"packSize":0}""", "packSize")]
    [InlineData("""{"packSize":2.5}""", "packSize")]
    [InlineData("""{"packSize":0.0001,"unitType":"kg"}""", "packSize")]
    public async Task an_invalid_lead_time_or_pack_size_is_refused(string fields, string field)
    {
        var product = JsonNode.Parse(fields)!.AsObject();
        (product["sku"], product["name"]) = ("BAD", "Bad");
        (await (await Client.Demo(host, "admin")).Post("products", product.ToJsonString())).ShouldBe(400).Fields.ShouldBe([field]);
    }

    [Fact]
    public async Task an_export_with_lead_time_and_pack_size_can_be_imported_unchanged()
    {
        var tenant = await CreateUsualTenant();
        var file = (await tenant.Admin.Get("products", "text/csv")).ShouldBe(200).Text;
        file.ShouldContain("leadTimeDays,packSize");
        (await tenant.Admin.Send(HttpMethod.Post, "imports/products", file, "K1", contentType: "text/csv")).ShouldBe(200).Json["unchanged"]!
            .GetValue<int>()
            .ShouldBe(3);
        (
            await tenant.Admin.Send(
                HttpMethod.Post,
                "imports/products",
                "sku,leadTimeDays,packSize\nP1,,24\nP3,2,\n",
                "K2",
                contentType: "text/csv"
            )
        )
            .ShouldBe(200)
            .Json["changed"]!
            .GetValue<int>()
            .ShouldBe(2);
        (await Suggestions(tenant.Admin))
            .Select(row => Of(row, "sku", "leadTimeDays", "packSize"))
            .ShouldBe(["P1 7 24", "P2 3 0.001", "P3 2 1"]);
        (
            await tenant.Admin.Send(HttpMethod.Post, "imports/products", "sku,leadTimeDays\nP1,soon\n", "K3", contentType: "text/csv")
        ).ShouldBe(400);
    }
}
