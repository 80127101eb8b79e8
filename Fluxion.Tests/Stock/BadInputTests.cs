using Fluxion.Host;
using Fluxion.Tests.Host;

namespace Fluxion.Tests.Stock;

public sealed class BadInputTests(LedgerHost host)
{
    [Theory]
    [InlineData("""{"store":"{store}","lines":[{"sku":"{sku}","quantity":0}]}""", 400, "lines[0].quantity")]
    [InlineData("""{"store":"{store}","lines":[{"sku":"{sku}","quantity":-1}]}""", 400, "lines[0].quantity")]
    [InlineData("""{"store":"{store}","lines":[{"sku":"{sku}","quantity":1.5}]}""", 400, "lines[0].quantity")]
    [InlineData("""{"store":"{store}","lines":[{"sku":"{sku}","quantity":1.0001}]}""", 400, "lines[0].quantity")]
    [InlineData("""{"store":"{store}","lines":[{"sku":"{sku}","quantity":1e30}]}""", 400, "lines[0].quantity")]
    [InlineData("""{"store":"{store}","lines":[{"sku":"{sku}","quantity":1e300}]}""", 400, "lines[0].quantity")]
    [InlineData("""{"store":"{store}","lines":[{"sku":"{sku}","quantity":"10"}]}""", 400, "lines[0].quantity")]
    [InlineData("""{"store":"{store}","lines":[{"sku":"{sku}","quantity":null}]}""", 400, "lines[0].quantity")]
    [InlineData("""{"store":"{store}","lines":[{"sku":"{sku}"}]}""", 400, "lines[0].quantity")]
    [InlineData("""{"store":"{store}","lines":[{"sku":"{sku}","quantity":1,"unitCost":-1}]}""", 400, "lines[0].unitCost")]
    [InlineData("""{"store":"{store}","lines":[{"sku":"{sku}","quantity":1,"unitCost":1.00001}]}""", 400, "lines[0].unitCost")]
    [InlineData("""{"store":"{store}","lines":[{"sku":"{sku}","quantity":1,"price":1}]}""", 400, "lines[0].price")]
    [InlineData("""{"store":"{store}","lines":[{"quantity":1}]}""", 400, "lines[0].sku")]
    [InlineData("""{"store":"{store}","lines":[null]}""", 400, "lines[0]")]
    [InlineData("""{"store":"{store}","lines":["{sku}"]}""", 400, "lines[0]")]
    [InlineData("""{"store":"{store}","lines":[{"sku":"{sku}","quantity":1}],"colour":"red"}""", 400, "colour")]
    [InlineData("""{"store":"{store}","lines":[{"sku":"{sku}","quantity":1}],"store":"{store}"}""", 400, "store")]
    [InlineData("""{"store":"{store}","lines":[{"sku":"{sku}","quantity":1,"quantity":2}]}""", 400, "lines[0].quantity")]
    [InlineData("""{"store":"{store}","lines":[]}""", 400, "lines")]
    [InlineData("""{"store":"{store}","lines":null}""", 400, "lines")]
    [InlineData("""{"store":"{store}"}""", 400, "lines")]
    [InlineData("""{"lines":[{"sku":"{sku}","quantity":1}]}""", 400, "store")]
    [InlineData("""{"store":"{store}","occurredAt":"2026-01-01T10:00:00","lines":[{"sku":"{sku}","quantity":1}]}""", 400, "occurredAt")]
    [InlineData("""{"store":"{store}","occurredAt":"2999-01-01T10:00:00Z","lines":[{"sku":"{sku}","quantity":1}]}""", 400, "occurredAt")]
    [InlineData("""{"store":"{store}","occurredAt":"1999-12-31T23:59:59Z","lines":[{"sku":"{sku}","quantity":1}]}""", 400, "occurredAt")]
    [InlineData("""{"store":"{store}","occurredAt":"yesterday","lines":[{"sku":"{sku}","quantity":1}]}""", 400, "occurredAt")]
    [InlineData("""{"store":"{store}","reference":"\u0000","lines":[{"sku":"{sku}","quantity":1}]}""", 400, "reference")]
    [InlineData("""{"store":"{store}","notes":"\ud800","lines":[{"sku":"{sku}","quantity":1}]}""", 400, "notes")]
    [InlineData("""{"store":"NOWHERE","lines":[{"sku":"{sku}","quantity":1}]}""", 404, "store")]
    [InlineData("""{"store":"{store}","lines":[{"sku":"NOTHING","quantity":1}]}""", 404, "lines[0].sku")]
    public async Task a_receipt_with_one_invalid_field_is_refused_by_that_field_and_writes_nothing(string body, int status, string field)
    {
        var shop = await TestStore.Create(host);
        var answer = (await shop.Manager.Post("stock/receipts", body.Replace("{store}", shop.Store).Replace("{sku}", shop.Sku))).ShouldBe(
            status
        );
        answer.ContentType.ShouldBe("application/problem+json");
        answer.Fields.ShouldBe([field], answer.Text);
        (await shop.Movements()).ShouldBe(0);
    }

    [Fact]
    public async Task all_invalid_fields_are_named_at_once()
    {
        var shop = await TestStore.Create(host);
        var answer = await shop.Manager.Post(
            "stock/issues",
            new
            {
                store = "",
                reason = "boredom",
                reference = new string('x', 101),
                lines = new[] { new { sku = "", quantity = 0m }, new { sku = shop.Sku, quantity = -2m } },
            }
        );
        answer
            .ShouldBe(400)
            .Fields.Order()
            .ShouldBe(((string[])["store", "reason", "reference", "lines[0].sku", "lines[0].quantity", "lines[1].quantity"]).Order());
    }

    [Theory]
    [InlineData(
        "stock/receipts",
        """{"store":"S","lines":[{"sku":"P","quantity":"10"}]}""",
        "lines[0].quantity",
        "must be a number without quotes"
    )]
    [InlineData(
        "stock/receipts",
        """{"store":"S","lines":[{"sku":"P","quantity":1e400}]}""",
        "lines[0].quantity",
        "no larger than the ledger can hold"
    )]
    [InlineData(
        "stock/receipts",
        """{"store":"S","lines":[{"sku":"P","quantity":1,"unitCost":true}]}""",
        "lines[0].unitCost",
        "must be a number without quotes"
    )]
    [InlineData("stock/receipts", """{"store":7,"lines":[]}""", "store", "must be a text in quotes")]
    [InlineData("stock/receipts", """{"store":"a\u0000","lines":[]}""", "store", "of characters that can be stored")]
    [InlineData("stock/receipts", """{"store":"S","lines":{}}""", "lines", "must be a list, in brackets")]
    [InlineData("stock/receipts", """{"store":"S","lines":["P"]}""", "lines[0]", "must be a JSON object, in braces")]
    [InlineData(
        "stock/receipts",
        """{"store":"S","occurredAt":7,"lines":[]}""",
        "occurredAt",
        "must be a point in time with its offset from UTC"
    )]
    [InlineData("products", """{"sku":"P","name":"P","packSize":"6","leadTimeDays":1.5}""", "packSize", "must be a number without quotes")]
    [InlineData("products", """{"sku":"P","name":"P","leadTimeDays":1.5}""", "leadTimeDays", "must be a whole number")]
    [InlineData(
        "products",
        """{"sku":"P","name":"P","settings":{"allowBackorder":"yes"}}""",
        "settings.allowBackorder",
        "must be true or false"
    )]
    [InlineData("stores", """{"code":"S","name":"S","settings":[]}""", "settings", "must be a JSON object, in braces")]
    [InlineData("users", """{"email":"a@b.ve","stores":[1]}""", "stores[0]", "must be a text in quotes")]
    [InlineData(
        "purchase-orders",
        """{"store":"S","supplier":"P","expectedDate":"tomorrow","lines":[]}""",
        "expectedDate",
        "must be a date"
    )]
    public async Task a_value_of_the_wrong_type_is_refused_with_the_expected_type(string command, string body, string field, string wanted)
    {
        var answer = (await (await Client.Demo(host, "admin")).Post(command, body)).ShouldBe(400);
        answer.Fields.ShouldBe([field], answer.Text);
        answer.Text.ShouldContain(wanted);
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("\"text\"")]
    [InlineData("{")]
    [InlineData("not json")]
    [InlineData("5")]
    [InlineData("{\"store\":\"\n\"}")]
    [InlineData("{\"lines\":[{\"sku\":\"LAC001\",}]}")]
    [InlineData("{\"\\ud800\":1}")]
    public async Task a_body_that_is_not_a_json_object_is_refused_with_a_reason(string body)
    {
        var answer = (await (await Client.Demo(host, "user")).Post("stock/receipts", body)).ShouldBe(400);
        answer.ContentType.ShouldBe("application/problem+json");
        answer.Detail.ShouldNotBeNullOrEmpty();
        answer.Fields.ShouldBe(["$"]);
        answer.Text.ShouldNotContain("Fluxion.");
        answer.Text.ShouldNotContain("System.");
    }

    [Fact]
    public async Task a_duplicate_member_in_custom_fields_is_refused()
    {
        var admin = await Client.Demo(host, "admin");
        (await admin.Post("stores", """{"code":"TWICE","name":"x","settings":{"a":1,"a":2}}"""))
            .ShouldBe(400)
            .Fields.Single()
            .ShouldStartWith("settings");
        (await admin.Post("stores", """{"code":"TWICE","name":"x","settings":{"a":{"b":1,"b":2}}}"""))
            .ShouldBe(400)
            .Fields.Single()
            .ShouldStartWith("settings");
    }

    [Fact]
    public async Task a_long_value_is_quoted_in_part()
    {
        var viewer = await Client.Demo(host, "viewer");
        var user = await Client.Demo(host, "user");
        (await viewer.Get($"products/{new string('X', 2000)}")).ShouldBe(404).Text.Length.ShouldBeLessThan(1000);
        (await viewer.Get($"products?limit={new string('X', 2000)}")).ShouldBe(400).Text.Length.ShouldBeLessThan(1000);
        (await user.Post("stock/receipts", $$"""{"{{new string('x', 100_000)}}":1}""")).ShouldBe(400).Text.Length.ShouldBeLessThan(1000);
        (await user.Post("stock/receipts", $$"""{"store":"CCS-01","lines":[{{string.Join(',', Enumerable.Repeat("{}", 100_000))}}]}"""))
            .ShouldBe(400)
            .Fields.ShouldBe(["lines"]);
    }

    [Fact]
    public async Task a_command_with_too_many_lines_is_refused()
    {
        var shop = await TestStore.Create(host);
        var lines = Enumerable.Range(0, 1001).Select(_ => new { sku = shop.Sku, quantity = 1 }).ToArray();
        (await shop.Manager.Post("stock/receipts", new { store = shop.Store, lines })).ShouldBe(400).Fields.ShouldBe(["lines"]);
        (await shop.Manager.Post("stock/receipts", new { store = shop.Store, lines = lines[..1000] })).ShouldBe(200);
        (await shop.OnHand()).ShouldBe(1000);
    }

    [Fact]
    public async Task a_body_of_20_megabytes_answers_413()
    {
        var answer = (await (await Client.Demo(host, "user")).Post("stock/receipts", new string(' ', 20 * 1024 * 1024))).ShouldBe(413);
        answer.Detail!.ShouldContain(FluxionHost.MaxBodyBytes.ToString(System.Globalization.CultureInfo.InvariantCulture));
    }

    [Fact]
    public async Task a_fraction_of_a_measured_product_is_accepted()
    {
        var shop = await TestStore.Create(host, unitType: "kg");
        (await shop.Receive(1.125m)).ShouldBe(200);
        (await shop.OnHand()).ShouldBe(1.125m);
    }

    [Fact]
    public async Task an_unknown_tenant_answers_404() =>
        (await (await Client.Demo(host, "user")).Get("/api/nobody/inventory")).ShouldBe(404).Detail!.ShouldContain("nobody");

    [Theory]
    [InlineData("inventory?limit=0", "limit")]
    [InlineData("inventory?limit=1001", "limit")]
    [InlineData("inventory?limit=many", "limit")]
    [InlineData("inventory?low=perhaps", "low")]
    [InlineData("movements?document=1", "document")]
    [InlineData("inventory?after=%21%21", "after")]
    [InlineData("movements?after=WyJhIl0", "after")]
    [InlineData("movements?from=yesterday", "from")]
    [InlineData("movements?to=2026-13-01", "to")]
    public async Task a_query_with_an_invalid_filter_names_it_for_every_accept_header(string path, string field)
    {
        var viewer = await Client.Demo(host, "viewer");
        (await viewer.Get(path)).ShouldBe(400).Fields.ShouldBe([field]);
        (await viewer.Get(path, accept: "text/csv")).ShouldBe(400).Fields.ShouldBe([field]);
    }

    [Fact]
    public async Task a_NUL_in_the_query_string_is_refused_with_a_reason() =>
        (await (await Client.Demo(host, "viewer")).Get("inventory?sku=%00")).ShouldBe(400).Detail.ShouldNotBeNullOrEmpty();
}
