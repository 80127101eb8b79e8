using System.Text.Json.Nodes;
using Fluxion.Ledger.Catalog;
using Fluxion.Tests.Host;
using Fluxion.Tests.Tenancy;

namespace Fluxion.Tests.Catalog;

/// <summary>The levels of a product are consistent with each other, whichever command or file sets them.</summary>
public sealed class LevelTests(LedgerHost host)
{
    [Theory]
    [InlineData("""{"maxStockLevel":10,"reorderPoint":11}""", "maxStockLevel")]
    [InlineData("""{"maxStockLevel":10,"minStockLevel":11}""", "maxStockLevel")]
    [InlineData("""{"maxStockLevel":0,"reorderPoint":1}""", "maxStockLevel")]
    [InlineData("""{"minStockLevel":-1}""", "minStockLevel")]
    [InlineData("""{"maxStockLevel":-1}""", "maxStockLevel")]
    [InlineData("""{"reorderPoint":-1}""", "reorderPoint")]
    [InlineData("""{"minStockLevel":0.5}""", "minStockLevel")]
    [InlineData("""{"maxStockLevel":10.5}""", "maxStockLevel")]
    [InlineData("""{"reorderPoint":2.25}""", "reorderPoint")]
    [InlineData("""{"reorderPoint":2.5,"unitType":"case"}""", "reorderPoint")]
    [InlineData("""{"reorderPoint":0.0005,"unitType":"kg"}""", "reorderPoint")]
    [InlineData("""{"minStockLevel":3.5,"maxStockLevel":2.5,"reorderPoint":4,"unitType":"box"}""", "minStockLevel,maxStockLevel")]
    [InlineData("""{"maxStockLevel":10,"reorderPoint":10,"minStockLevel":10}""", "")]
    [InlineData("""{"maxStockLevel":null,"reorderPoint":10,"minStockLevel":20}""", "")]
    [InlineData("""{"minStockLevel":0.5,"maxStockLevel":1.5,"reorderPoint":1.25,"unitType":"kg"}""", "")]
    [InlineData("""{"minStockLevel":0.5,"settings":{"allowFraction":true}}""", "")]
    public async Task contradictory_stock_levels_are_refused_by_field_in_commands_and_files(string levels, string fields)
    {
        var admin = (await TestTenant.Create(host)).Admin;
        var expected = fields.Split(',', StringSplitOptions.RemoveEmptyEntries).Order().ToArray();
        void Check(Answer answer, string prefix = "")
        {
            if (expected.Length == 0)
                answer.Status.ShouldBeInRange(200, 201, answer.Text);
            else
                answer.ShouldBe(400).Fields.Order().ShouldBe(expected.Select(field => prefix + field).Order(), answer.Text);
        }
        var unit = JsonNode.Parse(levels)!["unitType"]?.GetValue<string>() is "kg" ? "kg" : "unit";
        foreach (var sku in (string[])["P1", "P2"])
            (
                await admin.Post(
                    "products",
                    new
                    {
                        sku,
                        name = "x",
                        unitType = unit,
                    }
                )
            ).ShouldBe(201);
        Check(await admin.Post("products", $$"""{"sku":"P3","name":"x",{{levels[1..]}}"""));
        Check(await admin.Put("products/P1", $$"""{"name":"x",{{levels[1..]}}"""));
        var row = JsonNode.Parse(levels)!.AsObject();
        static string Cell(JsonNode? value) =>
            value is null ? ""
            : value is JsonValue v && v.TryGetValue<string>(out var text) ? text
            : $"\"{value.ToJsonString().Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
        foreach (var sku in (string[])["P2", "P4"])
            Check(
                await admin.Import(
                    "products",
                    $"sku,name,{string.Join(',', row.Select(m => m.Key))}\n{sku},x,{string.Join(',', row.Select(m => Cell(m.Value)))}\n"
                ),
                "line 2: "
            );
    }

    [Fact]
    public async Task stock_levels_are_checked_after_a_row_is_merged_with_the_product()
    {
        var admin = (await TestTenant.Create(host)).Admin;
        (
            await admin.Post(
                "products",
                new
                {
                    sku = "P1",
                    name = "x",
                    minStockLevel = 5,
                    maxStockLevel = 50,
                    reorderPoint = 10,
                }
            )
        ).ShouldBe(201);
        (await admin.Import("products", "sku,maxStockLevel\nP1,9\n")).ShouldBe(400).Fields.ShouldBe(["line 2: maxStockLevel"]);
        (await admin.Import("products", "sku,reorderPoint\nP1,51\n")).ShouldBe(400).Fields.ShouldBe(["line 2: maxStockLevel"]);
        (await admin.Import("products", "sku,minStockLevel\nP1,51\n")).ShouldBe(400).Fields.ShouldBe(["line 2: maxStockLevel"]);
        (await admin.Import("products", "sku,reorderPoint,maxStockLevel\nP1,51,\n")).ShouldBe(200);
        // a PUT replaces all fields: a field that is left out gets its default, here no maximum
        (await admin.Put("products/P1", new { name = "x", reorderPoint = 99 })).ShouldBe(200);
        (await admin.Put("products/P1", new { name = "x", maxStockLevel = 9 })).ShouldBe(200);
    }

    [Fact]
    public async Task a_product_from_before_the_level_rule_can_be_changed_and_corrected()
    {
        var tenant = await TestTenant.Create(host);
        var admin = tenant.Admin;
        await tenant.Append<Product>(
            host,
            new ProductCreated("P1", new ProductDetails("Old", "unit", MinStockLevel: 20.5m, MaxStockLevel: 10, ReorderPoint: 15))
        );
        Task<Answer> Put(string name, decimal min, decimal? max, decimal point) =>
            admin.Put(
                "products/P1",
                new
                {
                    name,
                    minStockLevel = min,
                    maxStockLevel = max,
                    reorderPoint = point,
                }
            );
        (await Put("Renamed", 20.5m, 10, 15)).ShouldBe(200);
        (await admin.Import("products", "sku,name\nP1,Renamed again\n")).ShouldBe(200);
        (await admin.Import("products", (await admin.Get("products", "text/csv")).ShouldBe(200).Text)).ShouldBe(200).Json["unchanged"]!
            .GetValue<int>()
            .ShouldBe(1);
        // a level that is set must be valid
        (await Put("x", 20.5m, 11, 15))
            .ShouldBe(400)
            .Fields.ShouldBe(["maxStockLevel"]);
        (await Put("x", 20.5m, 10, 16)).ShouldBe(400).Fields.ShouldBe(["maxStockLevel"]);
        (await Put("x", 19.5m, 30, 15)).ShouldBe(400).Fields.ShouldBe(["minStockLevel"]);
        (await Put("x", 20, 30, 15)).ShouldBe(200);
        (await Put("x", 20.5m, 30, 15)).ShouldBe(400).Fields.ShouldBe(["minStockLevel"]);
    }
}
