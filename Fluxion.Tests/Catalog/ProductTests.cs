using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Fluxion.Ledger.Tenancy;
using Fluxion.Tests.Host;
using Fluxion.Tests.Stock;
using Fluxion.Tests.Tenancy;
using Microsoft.Extensions.DependencyInjection;
using static Fluxion.Tests.Catalog.Trail;

namespace Fluxion.Tests.Catalog;

public sealed class ProductTests(LedgerHost host)
{
    private static async Task<string[]> Prices(Client client, string sku, string query = "") =>
        [.. (await client.Get($"products/{sku}/prices{query}")).ShouldBe(200).Json["items"]!.AsArray().Select(Line!)];

    private static string Line(JsonNode row) =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"{row["costPrice"]!.GetValue<decimal>():0.####} {row["sellingPrice"]!.GetValue<decimal>():0.####} "
                + $"{row["userEmail"]?.GetValue<string>()}"
        );

    [Fact]
    public async Task all_fields_are_read_as_they_were_sent()
    {
        var manager = await Client.Demo(host, "manager");
        var sku = NewCode();
        const string Fields = """
            "name":"After","unitType":"kg","barcode":"759","description":"One\ntwo","category":"LACTEOS","supplier":"POLAR",
            "minStockLevel":1.5,"maxStockLevel":20,"reorderPoint":2.25,
            "costPrice":2.5001,"sellingPrice":3.25,"taxRate":16,
            "settings":{"allowBackorder":true,"allowFraction":true,"aisle":"7","Nested":{"Depth":1}}
            """;
        (await manager.Post("products", new { sku, name = "Before" })).ShouldBe(201);
        (await manager.Put($"products/{sku}", $$"""{{{Fields}}}""")).ShouldBe(200);
        var row = (await manager.Get($"products/{sku}")).ShouldBe(200).Json;
        foreach (var (field, value) in JsonNode.Parse($$"""{{{Fields}}}""")!.AsObject())
            JsonNode.DeepEquals(row[field], value).ShouldBeTrue($"{field}: {row[field]}");
        // a product that was read can be sent back
        var back = row.AsObject();
        foreach (var field in (string[])["id", "sku", "isActive", "createdAt", "updatedAt"])
            back.Remove(field);
        (await manager.Put($"products/{sku}", back)).ShouldBe(200).Json["version"]!.GetValue<long>().ShouldBe(2);
    }

    [Fact]
    public async Task the_price_history_of_a_product_is_listed_latest_first()
    {
        var (manager, admin) = (await Client.Demo(host, "manager"), await Client.Demo(host, "admin"));
        var sku = NewCode();
        (
            await manager.Post(
                "products",
                new
                {
                    sku,
                    name = "x",
                    costPrice = 2.5,
                    sellingPrice = 3,
                }
            )
        ).ShouldBe(201);
        (
            await manager.Put(
                $"products/{sku}",
                new
                {
                    name = "Another name",
                    costPrice = 2.5,
                    sellingPrice = 3,
                }
            )
        ).ShouldBe(200);
        (
            await admin.Put(
                $"products/{sku}",
                new
                {
                    name = "Another name",
                    costPrice = 2.5,
                    sellingPrice = 3.5,
                }
            )
        ).ShouldBe(200);
        (
            await admin.Put(
                $"products/{sku}",
                new
                {
                    name = "Stale",
                    costPrice = 9,
                    sellingPrice = 9,
                    version = 1,
                }
            )
        ).ShouldBe(409);
        (await manager.Post($"products/{sku}/deactivate", null)).ShouldBe(200);
        (
            await manager.Put(
                $"products/{sku}",
                new
                {
                    name = "Another name",
                    costPrice = 2.6001,
                    sellingPrice = 3.5,
                }
            )
        ).ShouldBe(200);
        string[] expected = ["2.6001 3.5 manager@fluxion.demo", "2.5 3.5 admin@fluxion.demo", "2.5 3 manager@fluxion.demo"];
        (await Prices(await Client.Demo(host, "viewer"), sku)).ShouldBe(expected);

        var (seen, next) = (new List<string>(), "");
        do
        {
            var page = (await manager.Get($"products/{sku}/prices?limit=1{next}")).ShouldBe(200).Json;
            seen.Add(Line(page["items"]!.AsArray().Single()!));
            next = page["next"]?.GetValue<string>() is { } cursor ? $"&after={cursor}" : null;
        } while (next is not null);
        seen.ShouldBe(expected);
        (await manager.Get("products/NONE/prices")).ShouldBe(404).Fields.ShouldBe(["id"]);
        (await manager.Get($"products/{sku}/prices?limit=0")).ShouldBe(400);
    }

    [Fact]
    public async Task a_migration_fills_the_price_table_from_the_events()
    {
        var tenant = await TestTenant.Create(host);
        (
            await tenant.Admin.Post(
                "products",
                new
                {
                    sku = "P1",
                    name = "x",
                    costPrice = 1,
                    sellingPrice = 2,
                }
            )
        ).ShouldBe(201);
        (
            await tenant.Admin.Put(
                "products/P1",
                new
                {
                    name = "y",
                    costPrice = 1,
                    sellingPrice = 2,
                }
            )
        ).ShouldBe(200);
        (
            await tenant.Admin.Put(
                "products/P1",
                new
                {
                    name = "y",
                    costPrice = 1,
                    sellingPrice = 2.5,
                }
            )
        ).ShouldBe(200);
        (await tenant.Admin.Post("products", new { sku = "P2", name = "z" })).ShouldBe(201);
        var rows = $"""
            select id, product_id, cost_price, selling_price, created_by, created_at, tenant_id
            from {tenant.Schema}.product_prices order by id
            """;
        await using var superuser = await host.OpenSuperuser();
        var live = await superuser.Rows(rows);
        live.Count.ShouldBe(3);

        // the transaction is rolled back, so that no other test sees the tenant without this table
        var script = host
            .Services.GetRequiredService<SchemaScripts>()
            .All()
            .Single(s => s.Path.EndsWith("history/0020_product_prices.sql", StringComparison.Ordinal));
        await using var transaction = await superuser.BeginTransactionAsync(TestContext.Current.CancellationToken);
        await superuser.Execute($"drop table {tenant.Schema}.product_prices; set local role fluxion_owner");
        await superuser.Execute(
            Encoding.UTF8.GetString(script.Sql).Replace("$schema$", tenant.Schema).Replace("$tenant_id$", tenant.Id.ToString())
        );
        (await superuser.Rows(rows)).ShouldBe(live);
    }

    [Theory]
    [InlineData("unit", null, 400)]
    [InlineData("unit", false, 400)]
    [InlineData("unit", true, 200)]
    [InlineData("kg", null, 200)]
    [InlineData("kg", true, 200)]
    [InlineData("kg", false, 400)]
    public async Task the_settings_of_a_product_decide_whether_it_has_fractions(string unitType, bool? allowFraction, int half)
    {
        var shop = await TestStore.Create(host, unitType: unitType);
        var sku = NewCode();
        (
            await shop.Manager.Post(
                "products",
                new
                {
                    sku,
                    name = "x",
                    unitType,
                    settings = new { allowFraction },
                }
            )
        ).ShouldBe(201);
        (await (shop with { Sku = sku }).Receive(0.5m)).ShouldBe(half);
        (await (shop with { Sku = sku }).Receive(2)).ShouldBe(200);
    }

    [Fact]
    public async Task a_product_with_fractions_by_its_settings_cannot_become_a_counted_one()
    {
        var shop = await TestStore.Create(host, unitType: "kg");
        Task<Answer> Set(string unitType, bool? allowFraction) =>
            shop.Manager.Put(
                $"products/{shop.Sku}",
                new
                {
                    name = "A product",
                    unitType,
                    settings = new { allowFraction },
                }
            );
        (await Set("kg", false)).ShouldBe(409);
        (await Set("box", null)).ShouldBe(409).Detail!.ShouldContain("allowFraction");
        (await Set("box", true)).ShouldBe(200);
        (await Set("box", false)).ShouldBe(409);
        (await shop.Receive(0.5m)).ShouldBe(200);
        (await shop.Issue(0.5m)).ShouldBe(200);
    }

    [Fact]
    public async Task activation_makes_a_deactivated_product_or_store_usable_again()
    {
        var shop = await TestStore.Create(host, stock: 2);
        var product = (await shop.Manager.Post($"products/{shop.Sku}/deactivate", null)).ShouldBe(200).Id();
        (await shop.Receive(1)).ShouldBe(409);
        (await shop.Manager.Post($"products/{shop.Sku}/activate", null)).ShouldBe(200);
        (await shop.Manager.Post($"products/{shop.Sku}/activate", null)).ShouldBe(200).Json["version"]!.GetValue<long>().ShouldBe(3);
        (await shop.Manager.Get($"products/{shop.Sku}")).Json["isActive"]!.GetValue<bool>().ShouldBeTrue();
        (await shop.Receive(1)).ShouldBe(200);
        (await shop.Manager.EventTypes(product)).ShouldBe(["product_created", "product_deactivated", "product_activated"]);

        var store = (await shop.Manager.Post($"stores/{shop.Store}/deactivate", null)).ShouldBe(200).Id();
        (await shop.Issue(1)).ShouldBe(409);
        (await shop.Manager.Post($"stores/{shop.Store}/activate", null)).ShouldBe(200);
        (await shop.Manager.Get($"stores/{shop.Store}")).Json["isActive"]!.GetValue<bool>().ShouldBeTrue();
        (await shop.Issue(1)).ShouldBe(200);
        (await shop.Manager.EventTypes(store)).ShouldBe(["store_opened", "store_deactivated", "store_activated"]);

        (await shop.Manager.Post("products/NONE/activate", null)).ShouldBe(404);
        (await shop.Manager.Post("stores/NONE/activate", null)).ShouldBe(404);
        (await (await Client.Demo(host, "user")).Post($"products/{shop.Sku}/activate", null)).ShouldBe(403);
        (await (await Client.Demo(host, "manager")).Post($"stores/{shop.Store}/activate", null)).ShouldBe(403);
    }
}
