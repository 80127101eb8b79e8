using System.Text.Json.Nodes;
using Fluxion.Ledger.Catalog;
using Fluxion.Ledger.Validation;
using Fluxion.Tests.Host;
using Fluxion.Tests.Stock;
using Fluxion.Tests.Tenancy;
using static Fluxion.Tests.Catalog.Trail;

namespace Fluxion.Tests.Catalog;

/// <summary>Codes that look alike are one code, or are refused. The tests find fields by their formats in the OpenAPI document.</summary>
public sealed class CodeTests(LedgerHost host)
{
    /// <summary>
    /// Names of fields that hold a code or a number. A tenant's slug and an account's email have their own, narrower rules.
    /// </summary>
    private static readonly string[] CodeFields =
    [
        "code",
        "sku",
        "orderNumber",
        "invoiceNumber",
        "posTransactionId",
        "clientTaxId",
        "barcode",
    ];

    /// <summary>Code points that resemble letters and digits of a code, or are invisible.</summary>
    private static readonly string[] Lookalikes =
    [
        "А",
        "Ѕ",
        "і",
        "Α",
        "Ο",
        "ν",
        "ꓮ",
        "Ⅰ",
        "１\u0301",
        "٣",
        "०",
        "A\u0323",
        "ẞ",
        "ı",
        "ſ",
        "\u212A",
        "Ạ",
        "𝐀",
        "①",
        "²",
        "ﬁ",
        "•",
        "’",
    ];

    /// <summary>Every field with a format in a command's body, by its path, with the example that holds it.</summary>
    private static IEnumerable<(Operation Command, string Path, string Format)> Fields(OpenApi document)
    {
        foreach (var command in document.Operations.Where(o => o.Body is not null))
        foreach (var (path, schema) in Members(document, command.Body!["schema"]!, ""))
            if (schema["format"]?.GetValue<string>() is Codes.Format or Codes.NumberFormat or ProductBarcode.Format)
                yield return (command, path, schema["format"]!.GetValue<string>());
    }

    private static IEnumerable<(string Path, JsonNode Schema)> Members(OpenApi document, JsonNode node, string path)
    {
        var schema = document.Schema(node);
        yield return (path, schema);
        if (schema["items"] is { } items)
            foreach (var member in Members(document, items, $"{path}[0]"))
                yield return member;
        foreach (var (name, member) in schema["properties"]?.AsObject().ToDictionary() ?? [])
        foreach (var inner in Members(document, member!, path.Length == 0 ? name : $"{path}.{name}"))
            yield return inner;
    }

    /// <summary>The body with another text at a path of members and first elements.</summary>
    private static string With(JsonNode example, string path, string text)
    {
        var body = example.DeepClone();
        var at = body;
        var parts = path.Split('.', '[').Select(part => part.TrimEnd(']')).ToArray();
        foreach (var (part, next) in parts.Zip(parts[1..]))
        {
            if (int.TryParse(part, out var index))
                at = at!.AsArray()[index];
            else
                at = at![part] ??= next == "0" ? new JsonArray(new JsonObject()) : new JsonObject();
        }
        at![parts[^1]] = text;
        return body.ToJsonString();
    }

    [Fact]
    public async Task every_field_named_like_a_code_has_the_format_of_a_code()
    {
        var document = await OpenApi.Of(Client.Anonymous(host));
        var without = document
            .Operations.Where(o => o.Body is not null)
            .SelectMany(o => Members(document, o.Body!["schema"]!, "").Select(m => (o, m.Path, m.Schema)))
            .Where(f => CodeFields.Contains(f.Path.Split('.')[^1]) && f.Schema["format"] is null)
            .Select(f => $"{f.o} {f.Path}")
            .Order()
            .ToList();
        // in lines, sku names an existing product in any spelling, so it has no format
        without.Where(f => !f.EndsWith("lines[0].sku", StringComparison.Ordinal)).ShouldBeEmpty();
        Fields(document).Count().ShouldBeGreaterThanOrEqualTo(20);
    }

    [Fact]
    public async Task lookalike_and_invisible_characters_are_refused_in_every_code_and_number()
    {
        var (document, admin) = (await OpenApi.Of(Client.Anonymous(host)), await Client.Demo(host, "admin"));
        var fields = Fields(document).Where(f => f.Format != ProductBarcode.Format || f.Path is "barcode" or "barcodes[0].code").ToList();
        fields.Count.ShouldBeGreaterThanOrEqualTo(10);
        foreach (var (command, path, format) in fields)
        {
            var example = command.Body!["example"]!;
            foreach (var lookalike in Lookalikes)
            {
                var answer = await admin.Send(
                    HttpMethod.Parse(command.Method),
                    command.Address,
                    With(Only(example, path), path, $"A{lookalike}1"),
                    Guid.CreateVersion7().ToString()
                );
                answer.ShouldBe(400).Fields.ShouldContain(path, $"{command} {path} {lookalike}");
            }
        }

        // the body of a product has either the short form or the list
        static JsonNode Only(JsonNode example, string path)
        {
            var body = example.DeepClone().AsObject();
            if (path == "barcode")
                body.Remove("barcodes");
            if (path == "barcodes[0].code")
                body.Remove("barcode");
            return body;
        }
    }

    [Theory]
    [InlineData("products", "sku")]
    [InlineData("stores", "code")]
    [InlineData("suppliers", "code")]
    [InlineData("categories", "code")]
    public async Task visually_identical_spellings_are_one_code(string resource, string field)
    {
        var admin = await Client.Demo(host, "admin");
        Task<Answer> Create(string code) =>
            admin.Post(
                resource,
                new Dictionary<string, string> { [field] = code, [resource == "suppliers" ? "businessName" : "name"] = "x" }
            );
        var code = $"{NewCode()}-Ñ";
        var decomposed = code.Replace("Ñ", "N\u0303", StringComparison.Ordinal);
        string[] alike =
        [
            decomposed,
            decomposed.ToLowerInvariant(),
            $"\u00A0{code}\u3000",
            $"\uFEFF{code}\u200B",
            code.Replace("-", "\u200D-\u2060", StringComparison.Ordinal),
            code.Replace('-', '\u2011'),
            code.Replace('-', '–'),
            string.Concat(code.Select(c => c is >= '!' and <= '~' ? (char)(c + 0xFEE0) : c)),
            $"\u200E{code}\u00AD",
        ];
        (await Create(alike[0])).ShouldBe(201).Json["code"]!.GetValue<string>().ShouldBe(code);
        foreach (var other in alike.Append(code))
            (await Create(other)).Status.ShouldBe(409, other);
        foreach (var other in alike)
            (await admin.Get($"{resource}/{Uri.EscapeDataString(other)}")).ShouldBe(200).Json[field]!.GetValue<string>().ShouldBe(code);
        // letters with diacritics are different letters
        (await Create(code.Replace('Ñ', 'N'))).ShouldBe(201);
    }

    [Fact]
    public async Task commands_lists_and_files_find_a_code_by_any_identical_looking_spelling()
    {
        var shop = await TestStore.Create(host, stock: 5);
        string Wide(string code) => string.Concat(code.Select(c => (char)(c + 0xFEE0))) + "\u200B";
        (await (shop with { Store = Wide(shop.Store), Sku = Wide(shop.Sku) }).Issue(1)).ShouldBe(200);
        foreach (
            var list in (string[])
                [
                    "inventory",
                    "movements",
                    "reorder-suggestions",
                    "stock/count-corrections",
                    "alerts",
                    "stock/transfers",
                    "stock/reservations",
                ]
        )
            (await shop.Manager.Get($"{list}?store={Uri.EscapeDataString(Wide(shop.Store))}")).ShouldBe(200);
        (await shop.Manager.Get($"inventory?sku={Uri.EscapeDataString(Wide(shop.Sku))}&asOf=2100-01-01")).ShouldBe(200).Json["items"]!
            .AsArray()
            .Count.ShouldBe(1);
        (await shop.Manager.Get($"audit/explain?store={Uri.EscapeDataString(Wide(shop.Store))}&sku={Uri.EscapeDataString(Wide(shop.Sku))}"))
            .ShouldBe(200)
            .Json["onHand"]!
            .GetValue<decimal>()
            .ShouldBe(4);
        (
            await shop.Manager.Send(
                HttpMethod.Post,
                "imports/stock",
                $"store,sku,onHand\n{Wide(shop.Store)},{Wide(shop.Sku)},7\n",
                Guid.CreateVersion7().ToString(),
                contentType: "text/csv"
            )
        ).ShouldBe(200);
        (await shop.OnHand()).ShouldBe(7);
    }

    [Fact]
    public async Task a_code_from_before_the_rule_is_found_by_its_exact_spelling()
    {
        var tenant = await TestTenant.Create(host);
        await tenant.Append<Product>(host, new ProductCreated("ＬＡＣ－Ω", new ProductDetails("Old", "unit")));
        await tenant.Append<Store>(host, new StoreOpened("МАГАЗИН", new StoreDetails("Old", "store")));
        var shop = new TestStore(tenant.Admin, "магазин", "ｌａｃ－ω");
        (await shop.Receive(3)).ShouldBe(200);
        (await shop.OnHand()).ShouldBe(3);
        (await tenant.Admin.Put($"products/{Uri.EscapeDataString("ＬＡＣ－Ω")}", new { name = "Old, renamed" })).ShouldBe(200);
        (
            await tenant.Admin.Post(
                "stock/transfers",
                new
                {
                    fromStore = "МАГАЗИН",
                    toStore = "МАГАЗИН",
                    lines = new[] { new { sku = "ＬＡＣ－Ω", quantity = 1 } },
                }
            )
        ).ShouldBe(400).Fields.ShouldBe(["toStore"]);
        (await tenant.Admin.Get($"stock/transfers?store={Uri.EscapeDataString("МАГАЗИН")}")).ShouldBe(200);
    }

    [Fact]
    public async Task numbers_of_other_systems_are_stored_unchanged_except_for_normalization()
    {
        var shop = await TestStore.Create(host, stock: 9);
        Task<Answer> Sell(string number, string? taxId = null) =>
            shop.Manager.Post(
                "sales",
                new
                {
                    store = shop.Store,
                    invoiceNumber = number,
                    clientTaxId = taxId,
                    posTransactionId = $" {number}\u200B",
                    lines = new[] { new { sku = shop.Sku, quantity = 1 } },
                }
            );
        (await Sell("f-1 Nº 7")).ShouldBe(201).Json["invoiceNumber"]!.GetValue<string>().ShouldBe("f-1 Nº 7");
        foreach (var alike in (string[])["ｆ－１ Nº 7", "f–1\u00A0N° 7", "\uFEFFf-1 N\u200Bº 7 "])
            (await Sell(alike)).Status.ShouldBe(409, alike);
        (await Sell("F-1 Nº 7")).ShouldBe(201);
        (await shop.Manager.Get($"sales?store={shop.Store}&invoice={Uri.EscapeDataString("ｆ－１ N° 7")}")).ShouldBe(200).Json["items"]!
            .AsArray()
            .Single()!["posTransactionId"]!
            .GetValue<string>()
            .ShouldBe("f-1 Nº 7");
        (await Sell("F-2", "Ｖ－１２３４５６７８－１")).ShouldBe(201);
        (await shop.Manager.Get($"sales?store={shop.Store}&invoice=F-2")).Json["items"]![0]!["clientTaxId"]!
            .GetValue<string>()
            .ShouldBe("V-12345678-1");
    }

    [Theory]
    [InlineData("users", "email", """{"email":"аna@company.test","fullName":"Ana","role":"user","password":"long enough"}""")]
    [InlineData(
        "/api/tenants",
        "adminEmail",
        """{"slug":"look-alike","name":"A company","adminEmail":"аna@company.test","adminFullName":"Ana","adminPassword":"long enough"}"""
    )]
    [InlineData(
        "/api/tenants",
        "slug",
        """{"slug":"аcme","name":"A company","adminEmail":"ana@company.test","adminFullName":"Ana","adminPassword":"long enough"}"""
    )]
    public async Task an_account_and_a_tenant_are_named_in_ascii(string path, string field, string body) =>
        (await (path == "users" ? await Client.Demo(host, "admin") : await Client.Platform(host)).Post(path, body))
            .ShouldBe(400)
            .Fields.ShouldBe([field]);

    [Theory]
    [InlineData("products", """{"sku":"X1","name":"{name}"}""", "name")]
    [InlineData("stores", """{"code":"X1","name":"{name}"}""", "name")]
    [InlineData("categories", """{"code":"X1","name":"{name}"}""", "name")]
    [InlineData("suppliers", """{"code":"X1","businessName":"{name}"}""", "businessName")]
    [InlineData("users", """{"email":"a@b.test","fullName":"{name}","role":"user","password":"long enough"}""", "fullName")]
    [InlineData("stock/reservations", """{"reference":"{name}","lines":[{"store":"CCS-01","sku":"LAC001","quantity":1}]}""", "reference")]
    [InlineData("sales", """{"store":"CCS-01","invoiceNumber":"{name}","lines":[{"sku":"LAC001","quantity":1}]}""", "invoiceNumber")]
    public async Task a_name_of_invisible_characters_is_refused(string path, string body, string field)
    {
        var admin = await Client.Demo(host, "admin");
        foreach (var blank in (string[])["", " ", "\u00A0\u3000", "\u200B", "\uFEFF\u2060", "\u00AD", "\u3164", "\u2800\u2800", "\u115F"])
            (await admin.Post(path, body.Replace("{name}", blank, StringComparison.Ordinal))).ShouldBe(400).Fields.ShouldContain(field);
    }
}
