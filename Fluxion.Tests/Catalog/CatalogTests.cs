using System.Globalization;
using System.Text.RegularExpressions;
using Fluxion.Tests.Host;
using Fluxion.Tests.Stock;
using static Fluxion.Tests.Catalog.Trail;

namespace Fluxion.Tests.Catalog;

public sealed class CatalogTests(LedgerHost host)
{
    [Fact]
    public async Task a_product_is_created_changed_and_read_with_its_version()
    {
        var manager = await Client.Demo(host, "manager");
        var sku = NewCode();
        (
            await manager.Post(
                "products",
                new
                {
                    sku,
                    name = "Leche",
                    unitType = "unit",
                    category = "lacteos",
                    supplier = "POLAR",
                    costPrice = 2.5,
                    sellingPrice = 3.25,
                    taxRate = 16,
                }
            )
        ).ShouldBe(201).Json["version"]!.GetValue<long>().ShouldBe(1);
        (
            await manager.Put(
                $"products/{sku}",
                new
                {
                    name = "Leche entera",
                    unitType = "unit",
                    reorderPoint = 24,
                    version = 1,
                }
            )
        ).ShouldBe(200).Json["version"]!.GetValue<long>().ShouldBe(2);
        var product = (await manager.Get($"products/{sku}")).ShouldBe(200).Json;
        product["name"]!.GetValue<string>().ShouldBe("Leche entera");
        product["reorderPoint"]!.GetValue<decimal>().ShouldBe(24);
        product["category"].ShouldBeNull(); // a PUT replaces all fields
        product["version"]!.GetValue<long>().ShouldBe(2);
    }

    [Fact]
    public async Task a_stale_version_is_refused_with_409_and_changes_nothing()
    {
        var manager = await Client.Demo(host, "manager");
        var sku = NewCode();
        (await manager.Post("products", new { sku, name = "One" })).ShouldBe(201);
        (await manager.Put($"products/{sku}", new { name = "Two", version = 1 })).ShouldBe(200);
        (await manager.Put($"products/{sku}", new { name = "Three", version = 1 })).ShouldBe(409);
        (await manager.Get($"products/{sku}")).Json["name"]!.GetValue<string>().ShouldBe("Two");
    }

    [Fact]
    public async Task a_measured_product_cannot_become_a_counted_one()
    {
        var shop = await TestStore.Create(host, unitType: "kg");
        (await shop.Receive(1.5m)).ShouldBe(200);
        (await shop.Manager.Put($"products/{shop.Sku}", new { name = "A product", unitType = "box" }))
            .ShouldBe(409)
            .Detail!.ShouldContain("kg");
        (await shop.Manager.Put($"products/{shop.Sku}", new { name = "A product", unitType = "liter" })).ShouldBe(200);
        (await shop.Issue(1.5m)).ShouldBe(200);

        var counted = await TestStore.Create(host, stock: 2);
        (await counted.Manager.Put($"products/{counted.Sku}", new { name = "A product", unitType = "kg" })).ShouldBe(200);
        (await counted.Issue(0.5m)).ShouldBe(200);
    }

    [Fact]
    public async Task a_change_without_differences_records_no_event()
    {
        var admin = await Client.Demo(host, "admin");
        var code = NewCode();
        (
            await admin.Post(
                "stores",
                new
                {
                    code,
                    name = "Same",
                    address = new { city = "Caracas" },
                    settings = new { shelf = 3 },
                }
            )
        ).ShouldBe(201);
        (
            await admin.Put(
                $"stores/{code}",
                new
                {
                    name = "Same",
                    address = new { city = "Caracas" },
                    settings = new { shelf = 3 },
                }
            )
        ).ShouldBe(200).Json["version"]!.GetValue<long>().ShouldBe(1);
        (await admin.Post($"stores/{code}/deactivate", null)).ShouldBe(200).Json["version"]!.GetValue<long>().ShouldBe(2);
        (await admin.Post($"stores/{code}/deactivate", null)).ShouldBe(200).Json["version"]!.GetValue<long>().ShouldBe(2);
    }

    [Theory]
    [InlineData("products", "sku")]
    [InlineData("stores", "code")]
    [InlineData("suppliers", "code")]
    [InlineData("categories", "code")]
    public async Task one_of_24_concurrent_creations_of_one_code_succeeds(string resource, string field)
    {
        var admin = await Client.Demo(host, "admin");
        var code = NewCode();
        var answers = await Task.WhenAll(
            Enumerable
                .Range(0, 24)
                .Select(_ =>
                    admin.Post(
                        resource,
                        new Dictionary<string, string> { [field] = code, [resource == "suppliers" ? "businessName" : "name"] = "Once" }
                    )
                )
        );
        answers.Count(a => a.Status == 201).ShouldBe(1);
        answers.Count(a => a.Status == 409).ShouldBe(23);
        (await admin.EventTypes((await admin.Get($"{resource}/{code}")).ShouldBe(200).Id())).Length.ShouldBe(1);
    }

    [Fact]
    public async Task codes_are_stored_and_compared_in_upper_case()
    {
        var admin = await Client.Demo(host, "admin");
        var code = NewCode();
        (await admin.Post("stores", new { code = code.ToLowerInvariant(), name = "A store" })).ShouldBe(201).Json["code"]!
            .GetValue<string>()
            .ShouldBe(code);
        (await admin.Post("stores", new { code, name = "A store" })).ShouldBe(409);
    }

    [Theory]
    [InlineData("products", "sku")]
    [InlineData("stores", "code")]
    [InlineData("suppliers", "code")]
    [InlineData("categories", "code")]
    public async Task every_accepted_code_can_be_read_by_that_code_and_others_are_refused(string resource, string field)
    {
        var admin = await Client.Demo(host, "admin");
        Task<Answer> Create(string code) =>
            admin.Post(
                resource,
                new Dictionary<string, string> { [field] = code, [resource == "suppliers" ? "businessName" : "name"] = "x" }
            );
        foreach (var code in (string[])[$"{NewCode()}.ñ_1", $"{NewCode()}..", $"É{NewCode()}"])
        {
            (await Create(code)).ShouldBe(201);
            (await admin.Get($"{resource}/{Uri.EscapeDataString(code)}")).ShouldBe(200);
        }
        foreach (
            var code in (string[])
                [
                    "A/B",
                    "A\\B",
                    "A%2FB",
                    "A?B",
                    "A#B",
                    "A B",
                    "..",
                    "A\nB",
                    "ΩB",
                    "A–B/",
                    new string('A', 51),
                    Guid.CreateVersion7().ToString(),
                    Guid.CreateVersion7().ToString("N"),
                ]
        )
            (await Create(code)).ShouldBe(400).Fields.ShouldBe([field], code);
    }

    [Theory]
    [InlineData("products", """{"sku":"","name":""}""", "sku,name")]
    [InlineData(
        "products",
        """{"sku":"A B","name":"x","unitType":"dozen","taxRate":101,"costPrice":-1}""",
        "sku,unitType,taxRate,costPrice"
    )]
    [InlineData("products", """{"sku":"X1","name":"x","minStockLevel":10,"maxStockLevel":5}""", "maxStockLevel")]
    [InlineData("stores", """{"code":"-","name":"x","type":"kiosk"}""", "code,type")]
    [InlineData("categories", """{"code":"","name":"x"}""", "code")]
    [InlineData("suppliers", """{"code":"S","businessName":"","email":"nobody"}""", "businessName,email")]
    [InlineData("users", """{"email":"x","fullName":"","role":"king","password":"short"}""", "email,fullName,role,password")]
    [InlineData("users", """{"email":"a\u202e@b.com","fullName":"Ana\u0007","role":"user","password":"long enough"}""", "email,fullName")]
    [InlineData(
        "users",
        """{"email":"a@b.com","fullName":"Ana","role":"user","password":"long enough","stores":[{s100},"101"]}""",
        "stores"
    )]
    [InlineData(
        "stores",
        """{"code":"S","name":"a\nb","contact":{"phone":"{x51}","email":"nobody","manager":"{x201}"}}""",
        "name,contact.phone,contact.email,contact.manager"
    )]
    [InlineData(
        "stores",
        """{"code":"S","name":"x","address":{"street":"{x201}","city":"{x101}","""
            + """ "state":"{x101}","postalCode":"{x21}","country":"{x101}"}}""",
        "address.street,address.city,address.state,address.postalCode,address.country"
    )]
    [InlineData(
        "suppliers",
        """{"code":"S","businessName":"\u2066x","tradeName":"a\u200fb","phone":"1\n2","address":{"city":"{x101}"}}""",
        "businessName,tradeName,phone,address.city"
    )]
    [InlineData("products", """{"sku":"X1","name":"a\u2028b","barcode":"1\r2"}""", "name,barcode")]
    [InlineData("categories", """{"code":"X1","name":"a\u0085b"}""", "name")]
    public async Task all_invalid_fields_are_named(string resource, string body, string fields) =>
        (
            await (await Client.Demo(host, "admin")).Post(
                resource,
                Regex
                    .Replace(body, @"\{x(\d+)\}", n => new string('x', int.Parse(n.Groups[1].Value, CultureInfo.InvariantCulture)))
                    .Replace("{s100}", string.Join(',', Enumerable.Repeat("\"S\"", 100)))
            )
        )
            .ShouldBe(400)
            .Fields.Order()
            .ShouldBe(fields.Split(',').Order());

    [Fact]
    public async Task notes_may_have_lines_and_names_any_script()
    {
        var manager = await Client.Demo(host, "manager");
        (
            await manager.Post(
                "products",
                new
                {
                    sku = NewCode(),
                    name = "Café ‘Ñandú’ \u2013 קפה 咖啡 👩‍🍳",
                    description = "One line\nand another\tone",
                }
            )
        ).ShouldBe(201);
    }

    [Theory]
    [InlineData("""{"a":"\u0000"}""")]
    [InlineData("""{"a\u0000":1}""")]
    [InlineData("""{"a":"\ud800"}""")]
    [InlineData("""{"a":{"b\ud800":1}}""")]
    [InlineData("""{"a":1e200000}""")]
    [InlineData("""{"a":[{"b":["\u0000"]}]}""")]
    [InlineData("deep")]
    [InlineData("long")]
    public async Task settings_that_cannot_be_stored_and_returned_unchanged_are_refused(string settings)
    {
        var admin = await Client.Demo(host, "admin");
        settings = settings switch
        {
            "deep" => string.Concat(Enumerable.Repeat("{\"a\":", 17)) + "1" + new string('}', 17),
            "long" => $$"""{"a":"{{new string('x', 16_000)}}"}""",
            _ => settings,
        };
        (await admin.Post("stores", $$"""{"code":"{{NewCode()}}","name":"x","settings":{{settings}}}"""))
            .ShouldBe(400)
            .Fields.Single()
            .ShouldStartWith("settings");
        (await admin.Post("products", $$"""{"sku":"{{NewCode()}}","name":"x","settings":{{settings}}}"""))
            .ShouldBe(400)
            .Fields.Single()
            .ShouldStartWith("settings");
    }

    [Fact]
    public async Task settings_of_the_greatest_depth_are_stored_and_shown_in_the_audit_trail()
    {
        var admin = await Client.Demo(host, "admin");
        var settings = string.Concat(Enumerable.Repeat("{\"a\":", 16)) + "1" + new string('}', 16);
        var id = (await admin.Post("stores", $$"""{"code":"{{NewCode()}}","name":"x","settings":{{settings}}}""")).ShouldBe(201).Json[
            "id"
        ]!.GetValue<string>();
        (await admin.Get($"stores/{id}")).ShouldBe(200);
        (await admin.Get($"events?entityId={id}")).ShouldBe(200).Json["items"]!.AsArray().Count.ShouldBe(1);
    }

    [Fact]
    public async Task an_unknown_category_or_supplier_answers_404_and_names_the_field()
    {
        var manager = await Client.Demo(host, "manager");
        (
            await manager.Post(
                "products",
                new
                {
                    sku = NewCode(),
                    name = "x",
                    category = "NONE",
                }
            )
        ).ShouldBe(404).Fields.ShouldBe(["category"]);
        (
            await manager.Post(
                "products",
                new
                {
                    sku = NewCode(),
                    name = "x",
                    supplier = "NONE",
                }
            )
        ).ShouldBe(404).Fields.ShouldBe(["supplier"]);
        (
            await manager.Post(
                "categories",
                new
                {
                    code = NewCode(),
                    name = "x",
                    parent = "NONE",
                }
            )
        ).ShouldBe(404).Fields.ShouldBe(["parent"]);
        (await manager.Put("products/NONE", new { name = "x" })).ShouldBe(404);
        (await manager.Get("products/NONE")).ShouldBe(404);
    }

    [Fact]
    public async Task pages_cover_a_list_without_gap_or_repeat()
    {
        var viewer = await Client.Demo(host, "viewer");
        var seen = new List<string>();
        for (var next = ""; ; )
        {
            var page = (await viewer.Get($"products?limit=7{next}")).ShouldBe(200).Json;
            seen.AddRange(page["items"]!.AsArray().Select(p => p!["sku"]!.GetValue<string>()));
            if (page["next"] is not { } cursor)
                break;
            next = $"&after={cursor.GetValue<string>()}";
        }
        seen.Count.ShouldBeGreaterThanOrEqualTo(40);
        seen.ShouldBeUnique();
        seen.ShouldContain("LAC001");
    }

    [Fact]
    public async Task a_list_is_csv_when_the_client_accepts_csv()
    {
        var answer = (await (await Client.Demo(host, "viewer")).Get("products?search=lac&limit=1", accept: "text/csv")).ShouldBe(200);
        answer.ContentType!.ShouldStartWith("text/csv");
        answer.Text.Split("\r\n")[0].ShouldStartWith("id,sku,barcode,name");
        answer.Text.Split("\r\n")[1].ShouldContain("LAC001");
        answer.Headers.GetValues("Link").Single().ShouldContain("rel=\"next\"");
    }

    [Theory]
    [InlineData("=1+1")]
    [InlineData("+1")]
    [InlineData("-1")]
    [InlineData("@SUM(A1)")]
    public async Task text_that_looks_like_a_formula_is_escaped_in_csv(string name)
    {
        var manager = await Client.Demo(host, "manager");
        var sku = NewCode();
        (await manager.Post("products", new { sku, name })).ShouldBe(201);
        (await manager.Get($"products?search={sku}", accept: "text/csv"))
            .ShouldBe(200)
            .Text.Split("\r\n")[1]
            .ShouldContain($",\"'{name}\",");
    }

    [Fact]
    public async Task negative_numbers_stay_numbers_in_csv()
    {
        var shop = await TestStore.Create(host, stock: 10);
        (await shop.Issue(2.0m)).ShouldBe(200);
        (await shop.Manager.Get($"movements?store={shop.Store}&limit=1", accept: "text/csv"))
            .ShouldBe(200)
            .Text.Split("\r\n")[1]
            .ShouldContain(",-2,");
    }
}
