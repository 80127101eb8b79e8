using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using CsvHelper;
using Fluxion.Ledger.Imports;
using Fluxion.Ledger.Session;
using Fluxion.Tests.Host;
using Fluxion.Tests.Tenancy;

namespace Fluxion.Tests.Imports;

/// <summary>Tests of imports: all rows are applied or none, and one answer lists all errors.</summary>
public sealed class ImportTests(LedgerHost host)
{
    private static void ShouldReport(Answer answer, int rows, int created, int changed, int unchanged)
    {
        var receipt = answer.ShouldBe(200).Json;
        (
            receipt["rows"]!.GetValue<int>(),
            receipt["created"]!.GetValue<int>(),
            receipt["changed"]!.GetValue<int>(),
            receipt["unchanged"]!.GetValue<int>()
        ).ShouldBe((rows, created, changed, unchanged), answer.Text);
    }

    /// <summary>The exported rows by field name, without the fields that the ledger assigns.</summary>
    private static async Task<List<string>> Export(Client client, string path, params string[] without)
    {
        var csv = (await client.Get(path, "text/csv")).ShouldBe(200).Text;
        using var reader = CsvReader.Create(Encoding.UTF8.GetBytes(csv));
        var names = reader.Headers.ToList();
        var rows = new List<string>();
        while (reader.Read())
            rows.Add(
                string.Join(
                    '|',
                    names
                        .Select((name, i) => (name, Value: reader.GetString(i)))
                        .Where(f => !without.Contains(f.name))
                        .Select(f => $"{f.name}={f.Value}")
                )
            );
        return rows;
    }

    private async Task<long> CountEvents(TestTenant tenant)
    {
        await using var superuser = await host.OpenSuperuser();
        return (
            await superuser.Column<long>(
                $"""
                select (select count(*) from {tenant.Schema}.mt_events)
                     + (select count(*) from {tenant.Schema}.mt_streams where type is not null)
                     + (select count(*) from {tenant.Schema}.idempotency_keys)
                """
            )
        ).Single();
    }

    [Fact]
    public async Task an_import_creates_and_changes_products_and_keeps_fields_without_a_column()
    {
        var tenant = await TestTenant.Create(host);
        await tenant.Admin.Post("categories", new { code = "LAC", name = "Lácteos" });
        ShouldReport(
            await tenant.Admin.Import(
                "products",
                "sku,name,category,unitType,costPrice,settings,isActive\n"
                    + "leche,Leche,lac,unit,1.20,\"{\"\"shelf\"\":\"\"A-1\"\"}\",\nQUE,Queso,LAC,kg,6,,false\n"
            ),
            2,
            2,
            0,
            0
        );
        var milk = (await tenant.Admin.Get("products/LECHE")).ShouldBe(200).Json;
        (milk["name"]!.GetValue<string>(), milk["category"]!.GetValue<string>(), milk["settings"]!["shelf"]!.GetValue<string>()).ShouldBe(
            ("Leche", "LAC", "A-1")
        );
        (await tenant.Admin.Get("products/QUE")).Json["isActive"]!.GetValue<bool>().ShouldBeFalse();

        ShouldReport(
            await tenant.Admin.Import(
                "products",
                "sku,sellingPrice,category,isActive\nLECHE,1.75,,true\nQUE,,LAC,true\nQUE2,1,,\n".Replace(
                    "QUE2,1,,\n",
                    "",
                    StringComparison.Ordinal
                )
            ),
            2,
            0,
            2,
            0
        );
        milk = (await tenant.Admin.Get("products/LECHE")).Json;
        (
            milk["name"]!.GetValue<string>(),
            milk["category"],
            milk["sellingPrice"]!.GetValue<decimal>(),
            milk["costPrice"]!.GetValue<decimal>()
        ).ShouldBe(("Leche", null, 1.75m, 1.20m));
        (await tenant.Admin.Get("products/QUE")).Json["isActive"]!.GetValue<bool>().ShouldBeTrue();
        ShouldReport(await tenant.Admin.Import("products", "sku,sellingPrice\nLECHE,1.75\n"), 1, 0, 0, 1);
    }

    [Fact]
    public async Task a_spreadsheet_with_decimal_commas_is_imported_as_it_is()
    {
        var tenant = await TestTenant.Create(host);
        var file = "\uFEFFsku;name;costPrice;description\r\nA;\"Jabón; azul\";1234,5;\"dos\r\nlíneas\"\r\nB;'=SUM(1);,5;\r\n";
        ShouldReport(
            await tenant.Admin.Send(HttpMethod.Post, "imports/products?decimals=comma", file, null, null, "text/csv; charset=utf-8"),
            2,
            2,
            0,
            0
        );
        var soap = (await tenant.Admin.Get("products/A")).Json;
        (soap["name"]!.GetValue<string>(), soap["costPrice"]!.GetValue<decimal>(), soap["description"]!.GetValue<string>()).ShouldBe(
            ("Jabón; azul", 1234.5m, "dos\r\nlíneas")
        );
        (await tenant.Admin.Get("products/B")).Json["name"]!.GetValue<string>().ShouldBe("=SUM(1)");
        var point = await tenant.Admin.Send(
            HttpMethod.Post,
            "imports/products?decimals=comma",
            "sku;costPrice\nA;2.50\n",
            null,
            null,
            "text/csv"
        );
        point.ShouldBe(400).Fields.ShouldBe(["line 2: costPrice"]);
        (await tenant.Admin.Send(HttpMethod.Post, "imports/products?decimals=es-VE", "sku\nA\n", null, null, "text/csv"))
            .ShouldBe(400)
            .Fields.ShouldBe(["decimals"]);
    }

    [Fact]
    public async Task an_import_with_bad_rows_names_every_line_and_writes_nothing()
    {
        var tenant = await TestTenant.Create(host);
        await tenant.CreateStore("S-1", "P-1", stock: 5);
        var before = await CountEvents(tenant);
        var products = await tenant.Admin.Import(
            "products",
            "sku,name,unitType,taxRate,category,settings,isActive,minStockLevel\n"
                + "A,Uno,unit,16,,,,\n,Dos,dozen,101,NONE,[1],maybe,x\na,Tres,unit,16,,,,\n"
                + "P-1,x\u0007,unit,,,,,\nB,many,unit,,,,,,y\n\nC,Cuatro,unit,16,,,,\n"
        );
        products
            .ShouldBe(400)
            .Fields.ShouldBe(
                [
                    "line 6",
                    "line 3: isActive",
                    "line 3: settings",
                    "line 3: minStockLevel",
                    "line 3: category",
                    "line 3: unitType",
                    "line 3: taxRate",
                    "line 3: sku",
                    "line 4: sku",
                    "line 5: name",
                ],
                ignoreOrder: true,
                products.Text
            );
        var stock = await tenant.Admin.Import(
            "stock",
            "store,sku,onHand\nS-1,P-1,-1\nS-2,P-1,1\nS-1,P-9,1.5\nS-1,P-1,0.5\nS-1,P-1,\nS-1,,1\n"
        );
        stock
            .ShouldBe(400)
            .Fields.ShouldBe(
                [
                    "line 2: onHand",
                    "line 3: store",
                    "line 4: sku",
                    "line 5: onHand",
                    "line 5: sku",
                    "line 6: onHand",
                    "line 6: sku",
                    "line 7: sku",
                ],
                ignoreOrder: true,
                stock.Text
            );
        (await tenant.Admin.Import("stock", "store,sku,onHand\nS-1,P-1,1\nS-1,p-1,1\nS-1,P-9,1\n"))
            .ShouldBe(400)
            .Fields.ShouldBe(["line 3: sku", "line 4: sku"]);
        var movements = await tenant.Admin.Import(
            "movements",
            "store,sku,referenceType,quantity,reason,occurredAt\n"
                + "S-1,P-1,receipt,-1,,\nS-1,P-1,sale,1,,\nS-1,P-1,issue,-1,bored,\nS-1,P-1,gift,1,,\n"
                + "S-1,P-1,receipt,1,damage,2999-01-01\nS-1,P-1,adjustment,0,found,yesterday\n"
        );
        movements
            .ShouldBe(400)
            .Fields.ShouldBe(
                [
                    "line 2: quantity",
                    "line 3: quantity",
                    "line 4: reason",
                    "line 5: referenceType",
                    "line 6: reason",
                    "line 6: occurredAt",
                    "line 7: quantity",
                    "line 7: occurredAt",
                ],
                ignoreOrder: true,
                movements.Text
            );
        (await CountEvents(tenant)).ShouldBe(before);
    }

    [Fact]
    public async Task a_product_without_settings_is_unchanged_by_its_own_export()
    {
        var tenant = await TestTenant.Create(host);
        (
            await tenant.Admin.Post(
                "products",
                new
                {
                    sku = "P-1",
                    name = "One",
                    costPrice = 2.50,
                }
            )
        ).ShouldBe(201);
        ShouldReport(
            await tenant.Admin.Import("products", (await tenant.Admin.Get("products", "text/csv")).ShouldBe(200).Text),
            1,
            0,
            0,
            1
        );
        (await tenant.Admin.Get("products/P-1")).Json["version"]!.GetValue<long>().ShouldBe(1);
    }

    [Fact]
    public async Task twenty_thousand_errors_are_reported_at_once()
    {
        var tenant = await TestTenant.Create(host);
        var answer = await tenant.Admin.Import(
            "products",
            "sku,name,taxRate\n" + string.Concat(Enumerable.Range(1, 20_000).Select(i => $"P-{i},Name,{100 + i}\n"))
        );
        answer.ShouldBe(400).Fields.Length.ShouldBe(20_000);
        answer.Fields[^1].ShouldBe("line 20001: taxRate");
    }

    public static TheoryData<string, string, string> Unreadable =>
        new()
        {
            { "", "line 1", "must have the column 'sku'" },
            { "sku,name\n", "file", "must have a row" },
            { "name\nx\n", "line 1", "must have the column 'sku'" },
            { "sku,nombre\nA,x\n", "line 1", "must not have the column 'nombre'" },
            { "sku,name,sku\nA,x,B\n", "line 1", "must have the column 'sku' once" },
            { "sku,name\nA,\"x\nB,y\n", "line 2", "must close the quotation" },
            { "sku,name\nA,x\"y\n", "line 2", "must have each quotation mark" },
            { "sku,name\nA,\0\n", "file", "must be text in UTF-8" },
            { "{\"sku\":\"A\"}", "line 1", "must have the column 'sku'" },
        };

    [Theory, MemberData(nameof(Unreadable))]
    public async Task a_malformed_file_is_refused_and_the_position_is_named(string file, string where, string reason)
    {
        var answer = (await (await Client.Demo(host, "manager")).Import("products", file)).ShouldBe(400);
        answer.Fields.ShouldContain(where);
        answer.Json["errors"]![where]!
            .ToJsonString(new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping })
            .ShouldContain(reason);
    }

    [Fact]
    public async Task a_binary_file_answers_400_another_type_415_and_a_file_over_the_limit_413()
    {
        await using var database = await host.NewDatabase();
        await using var served = await HostProcess.Serve(database.Connections);
        using var http = new HttpClient { BaseAddress = served.Address };
        var admin = await Client.SignIn(http, "fluxion-demo", "admin@fluxion.demo", "fluxion-demo");
        async Task<Answer> Post(HttpContent content, string type = "text/csv")
        {
            content.Headers.ContentType = MediaTypeHeaderValue.Parse(type);
            using var request = new HttpRequestMessage(HttpMethod.Post, "/api/fluxion-demo/imports/products") { Content = content };
            request.Headers.ExpectContinue = true; // as curl does: a body that is refused by its length is not sent
            return await admin.Send(request);
        }
        var binary = new byte[1_000_000];
        new Random(7).NextBytes(binary);
        (await Post(new ByteArrayContent(binary))).ShouldBe(400).Fields.ShouldBe(["file"]);
        (await Post(new ByteArrayContent(Encoding.Latin1.GetBytes("sku,name\nA,Jabón\n")))).ShouldBe(400).Fields.ShouldBe(["file"]);
        (await Post(new StringContent("{}"), "application/json")).ShouldBe(415);
        (await Post(new ByteArrayContent(new byte[5_000_000]))).ShouldBe(400); // over the limit of other requests
        (await Post(new ByteArrayContent(new byte[Import.MaxBytes + 1]))).ShouldBe(413);
        using (var overTheLimit = new CommaStream(Import.MaxBytes + 1L)) // small enough to be sent before the answer arrives
            (await Post(new StreamContent(overTheLimit)))
                .ShouldBe(413)
                .Detail.ShouldBe($"A body of this request has at most {Import.MaxBytes} bytes. Split it into several requests.");
        // a stream of a gigabyte without a length: it is cut at the limit and never held in memory as a whole
        using var gigabyte = new CommaStream(1L << 30);
        try
        {
            (await Post(new StreamContent(gigabyte))).ShouldBe(413);
        }
        catch (HttpRequestException e) when (e.InnerException is IOException)
        {
            // the server answered and closed while the client was still sending
        }
        gigabyte.Position.ShouldBeLessThan(4L * Import.MaxBytes);
    }

    [Fact]
    public async Task a_dry_run_reports_the_result_and_writes_nothing()
    {
        var tenant = await TestTenant.Create(host);
        await tenant.CreateStore("S-1", "P-1", stock: 5);
        var before = await CountEvents(tenant);
        ShouldReport(await tenant.Admin.Import("products?dryRun=true", "sku,name\nP-2,Two\nP-1,One\n"), 2, 1, 1, 0);
        ShouldReport(await tenant.Admin.Import("stock?dryRun=true", "store,sku,onHand\nS-1,P-1,4\n"), 1, 0, 1, 0);
        ShouldReport(
            await tenant.Admin.Import("movements?dryRun=true", "store,sku,referenceType,quantity,reason\nS-1,P-1,issue,-5,damage\n"),
            1,
            1,
            0,
            0
        );
        (await tenant.Admin.Import("movements?dryRun=true", "store,sku,referenceType,quantity,reason\nS-1,P-1,issue,-6,damage\n"))
            .ShouldBe(409)
            .Json["shortages"]!
            .AsArray()
            .Single()!["available"]!
            .GetValue<decimal>()
            .ShouldBe(5);
        (await CountEvents(tenant)).ShouldBe(before);
        (await tenant.Admin.Get("products/P-2")).ShouldBe(404);
    }

    [Fact]
    public async Task a_stock_import_opens_new_items_and_counts_existing_ones()
    {
        var tenant = await TestTenant.Create(host);
        var shop = await tenant.CreateStore("S-1", "P-1", stock: 5, unitCost: 2);
        await tenant.Admin.Post(
            "products",
            new
            {
                sku = "P-2",
                name = "Two",
                costPrice = 3,
            }
        );
        var file = "store,sku,onHand,costPerUnit\nS-1,P-1,4,\nS-1,P-2,7,1.25\n";
        var key = Guid.CreateVersion7().ToString();
        var first = await tenant.Admin.Import("stock", file, key: key);
        ShouldReport(first, 2, 1, 1, 0);
        (await tenant.Admin.Import("stock", file, key: key)).ShouldBe(200).Text.ShouldBe(first.Text);
        (await tenant.Admin.Import("stock", file + "S-1,P-9,1,1\n", key: key)).ShouldBe(422);
        (await tenant.Admin.Import("stock", file, key: null)).ShouldBe(400).Fields.ShouldBe([IdempotencyKey.Header]);
        var rows = (await tenant.Admin.Get("inventory?store=S-1")).Json["items"]!
            .AsArray()
            .Select(r => (r!["onHand"]!.GetValue<decimal>(), r["costPerUnit"]!.GetValue<decimal>()));
        rows.ShouldBe([(4, 2), (7, 1.25m)]);
        (await tenant.Admin.Get($"movements?document={first.Json["id"]}")).Json["items"]!
            .AsArray()
            .Select(m => (m!["referenceType"]!.GetValue<string>(), m["reason"]?.GetValue<string>()))
            .ShouldBe([("count", null), ("adjustment", "opening_balance")], ignoreOrder: true);
        ShouldReport(await tenant.Admin.Import("stock", file), 2, 0, 0, 2);

        var reservation = (
            await tenant.Admin.Post(
                "stock/reservations",
                new
                {
                    reference = "web-1",
                    expiresAt = TimeProvider.System.GetUtcNow().AddDays(1),
                    lines = new[]
                    {
                        new
                        {
                            store = "S-1",
                            sku = "P-1",
                            quantity = 3,
                        },
                    },
                }
            )
        ).ShouldBe(201).Json["id"]!.GetValue<string>();
        first.Json["reservationsShort"]!.AsArray().ShouldBeEmpty();
        // a count is a fact, also when it is below the reserved quantity
        var below = await tenant.Admin.Import("stock", "store,sku,onHand\nS-1,P-1,2\n");
        ShouldReport(below, 1, 0, 1, 0);
        var shortened = below.Json["reservationsShort"]!.AsArray().ShouldHaveSingleItem()!;
        string.Join(' ', ((string[])["id", "reference", "store", "sku", "held", "shortBy"]).Select(field => shortened[field]))
            .ShouldBe($"{reservation} web-1 S-1 P-1 3 1");
        (await shop.OnHand()).ShouldBe(2);
    }

    [Fact]
    public async Task an_imported_movement_occurs_at_the_stored_microsecond()
    {
        var tenant = await TestTenant.Create(host);
        await tenant.CreateStore("S-1", "P-1");
        ShouldReport(
            await tenant.Admin.Import(
                "movements",
                "store,sku,referenceType,quantity,occurredAt\nS-1,P-1,receipt,1,2026-10-01T08:00:00.1234567-04:00\n"
            ),
            1,
            1,
            0,
            0
        );
        (await tenant.Admin.Get("movements")).Json["items"]![0]!["occurredAt"]!.GetValue<string>().ShouldBe("2026-10-01T12:00:00.123456Z");
        var item = (await tenant.Admin.Get("events?entityType=inventory")).ShouldBe(200).Json["items"]![0]!["newData"]!;
        item["last_movement_at"]!.GetValue<DateTimeOffset>().ShouldBe(new DateTimeOffset(2026, 10, 1, 12, 0, 0, 123, 456, TimeSpan.Zero));
    }

    [Fact]
    public async Task a_store_without_access_answers_403_with_the_line_and_a_user_cannot_import()
    {
        var tenant = await TestTenant.Create(host);
        await tenant.CreateStore("S-1", "P-1");
        await tenant.Admin.Post("stores", new { code = "S-2", name = "Two" });
        var manager = await tenant.CreateUser(host, "m@company.test", "manager", "S-1");
        (await manager.Import("stock", "store,sku,onHand\nS-1,P-1,1\nS-2,P-1,1\n")).ShouldBe(403).Fields.ShouldBe(["line 3: store"]);
        ShouldReport(await manager.Import("stock", "store,sku,onHand\nS-1,P-1,1\n"), 1, 1, 0, 0);
        var user = await tenant.CreateUser(host, "u@company.test", "user");
        foreach (var kind in (string[])["products", "stock", "movements"])
            (await user.Import(kind, "x")).ShouldBe(403);
    }

    [Fact]
    public async Task an_exported_file_can_be_imported_elsewhere_and_gives_the_same_rows()
    {
        var (from, to, onlyStock) = (await TestTenant.Create(host), await TestTenant.Create(host), await TestTenant.Create(host));
        foreach (var tenant in (TestTenant[])[from, to, onlyStock])
        {
            (await tenant.Admin.Post("categories", new { code = "LAC", name = "Lácteos" })).ShouldBe(201);
            (await tenant.Admin.Post("suppliers", new { code = "SUP", businessName = "Supplier" })).ShouldBe(201);
            foreach (var code in (string[])["S-1", "S-2"])
                (await tenant.Admin.Post("stores", new { code, name = code })).ShouldBe(201);
        }
        var admin = from.Admin;
        foreach (
            var (sku, unitType, name) in ((string, string, string)[])
                [("A", "unit", "=1+1, \"quoted\"\nin two lines"), ("B", "kg", "-dash"), ("C", "unit", "Gone")]
        )
            (
                await admin.Post(
                    "products",
                    new
                    {
                        sku,
                        name = name.Replace("\n", " ", StringComparison.Ordinal),
                        description = name,
                        unitType,
                        category = "LAC",
                        supplier = "SUP",
                        costPrice = 2.5,
                        sellingPrice = 4,
                        taxRate = 16,
                        maxStockLevel = 90,
                        settings = new { allowBackorder = sku == "B", shelf = new[] { 1, 2 } },
                    }
                )
            ).ShouldBe(201);
        var at = TimeProvider.System.GetUtcNow().AddDays(-20);
        object Line(string sku, decimal quantity) => new { sku, quantity };
        async Task Do(string path, object? body)
        {
            var answer = await admin.Post(path, body);
            answer.Status.ShouldBeInRange(200, 201, $"{path}: {answer.Text}");
        }
        await Do(
            "stock/receipts",
            new
            {
                store = "S-1",
                reference = "GRN",
                notes = "note, with \"marks\"",
                occurredAt = at,
                lines = new[]
                {
                    new
                    {
                        sku = "A",
                        quantity = 10m,
                        unitCost = 2m,
                    },
                    new
                    {
                        sku = "B",
                        quantity = 2.5m,
                        unitCost = 6.1234m,
                    },
                    new
                    {
                        sku = "C",
                        quantity = 1m,
                        unitCost = 1m,
                    },
                },
            }
        );
        await Do(
            "stock/issues",
            new
            {
                store = "S-1",
                reason = "damage",
                occurredAt = at.AddDays(1),
                lines = new[] { Line("A", 1), Line("C", 1) },
            }
        );
        await Do(
            "stock/adjustments",
            new
            {
                store = "S-1",
                reason = "found",
                occurredAt = at.AddDays(2),
                lines = new[] { Line("A", 2) },
            }
        );
        await Do(
            "stock/receipts",
            new
            {
                store = "S-1",
                occurredAt = at.AddDays(3),
                lines = new[]
                {
                    new
                    {
                        sku = "A",
                        quantity = 5m,
                        unitCost = 3m,
                    },
                },
            }
        );
        await Do(
            "sales",
            new
            {
                store = "S-1",
                invoiceNumber = "F-1",
                paymentMethod = "cash",
                paymentStatus = "pending",
                occurredAt = at.AddDays(4),
                lines = new[] { Line("A", 3), Line("B", 4) },
            }
        );
        var sale = (await admin.Get("sales")).Json["items"]![0]!;
        await Do($"sales/{sale["id"]}/returns", new { lines = new[] { new { lineNumber = 1, quantity = 1 } } });
        await Do(
            "stock/transfers",
            new
            {
                fromStore = "S-1",
                toStore = "S-2",
                immediate = true,
                lines = new[] { Line("A", 4) },
            }
        );
        await Do("stock/counts", new { store = "S-1", lines = new[] { Line("A", 8), Line("B", 0) } });
        // a late movement, before the count
        await Do(
            "stock/issues",
            new
            {
                store = "S-1",
                reason = "theft",
                occurredAt = at.AddDays(1),
                lines = new[] { Line("A", 1) },
            }
        );
        var order = (
            await admin.Post(
                "purchase-orders",
                new
                {
                    store = "S-2",
                    supplier = "SUP",
                    orderNumber = "OC-1",
                    lines = new[]
                    {
                        new
                        {
                            sku = "A",
                            quantity = 6,
                            unitCost = 2.75,
                        },
                    },
                }
            )
        ).ShouldBe(201).Json["id"];
        await Do($"purchase-orders/{order}/send", null);
        await Do($"purchase-orders/{order}/receipts", new { lines = new[] { Line("A", 6) } });
        (await admin.Post("products/C/deactivate", null)).ShouldBe(200);

        async Task<string> Csv(string path) => (await admin.Get(path, "text/csv")).ShouldBe(200).Text;
        ShouldReport(await to.Admin.Import("products", await Csv("products")), 3, 3, 0, 0);
        var movements = await Csv("movements");
        var rows = (await Export(admin, "movements")).Count;
        rows.ShouldBeGreaterThan(14);
        ShouldReport(await to.Admin.Import("movements", movements), rows, rows, 0, 0);
        ShouldReport(await onlyStock.Admin.Import("products", await Csv("products")), 3, 3, 0, 0);
        (await onlyStock.Admin.Import("stock", await Csv("inventory"))).ShouldBe(200);

        string[] own = ["id", "version", "createdAt", "updatedAt", "referenceId", "createdBy", "recordedAt"];
        (await Export(to.Admin, "products", own)).ShouldBe(await Export(admin, "products", own));
        // rows of one moment are ordered by their ids
        (await Export(to.Admin, "movements", own))
            .Order()
            .ShouldBe((await Export(admin, "movements", own)).Order());
        (await Export(to.Admin, "inventory", "lastMovementAt", "version", "costPerUnit", "value")).ShouldBe(
            await Export(admin, "inventory", "lastMovementAt", "version", "costPerUnit", "value")
        );
        (await Export(onlyStock.Admin, "inventory", "lastMovementAt", "version")).ShouldBe(
            await Export(admin, "inventory", "lastMovementAt", "version")
        );
        ShouldReport(await admin.Import("products", await Csv("products")), 3, 0, 0, 3);
        (await admin.Import("stock", await Csv("inventory"))).ShouldBe(200).Json["unchanged"]!
            .GetValue<int>()
            .ShouldBe((await Export(admin, "inventory")).Count);
        await using var superuser = await host.OpenSuperuser();
        (await Projections.Invariants.Violations(superuser))
            .Where(b => b.Contains(to.Schema, StringComparison.Ordinal) || b.Contains(onlyStock.Schema, StringComparison.Ordinal))
            .ShouldBeEmpty();
    }

    [Fact]
    public async Task an_import_of_20000_rows_reports_its_progress()
    {
        var tenant = await TestTenant.Create(host);
        await tenant.Admin.Post("stores", new { code = "S-1", name = "One" });
        var (n, key) = (20_000, Guid.CreateVersion7().ToString());
        async Task<JsonNode> Import(string kind, string file, string idempotencyKey)
        {
            var started = TimeProvider.System.GetTimestamp();
            var lines = (
                await tenant.Admin.Import(kind, file, key: idempotencyKey, accept: Fluxion.Ledger.Imports.Import.ProgressMediaType)
            )
                .ShouldBe(200)
                .Text.Split('\n', StringSplitOptions.RemoveEmptyEntries)
                .Select(line => JsonNode.Parse(line)!)
                .ToList();
            TestContext.Current.TestOutputHelper!.WriteLine(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{kind}: {TimeProvider.System.GetElapsedTime(started).TotalSeconds:0.0} s, {lines.Count} lines"
                )
            );
            lines[^1]["status"]!.GetValue<int>().ShouldBe(200, lines[^1].ToJsonString());
            lines[..^1]
                .ShouldAllBe(line =>
                    line["of"]!.GetValue<int>() == n
                    && line["rows"]!.GetValue<int>() <= n
                    && (line["phase"]!.GetValue<string>() == "checking" || line["phase"]!.GetValue<string>() == "writing")
                );
            return lines[^1]["receipt"]!;
        }
        await Import(
            "products",
            "sku,name,costPrice\n" + string.Concat(Enumerable.Range(0, n).Select(i => $"P-{i:00000},Product {i},{i % 97 + 1}.5\n")),
            Guid.CreateVersion7().ToString()
        );
        var stock = "store,sku,onHand\n" + string.Concat(Enumerable.Range(0, n).Select(i => $"S-1,P-{i:00000},{i % 50 + 1}\n"));
        var receipt = await Import("stock", stock, key);
        receipt["created"]!.GetValue<int>().ShouldBe(n);
        (await Import("stock", stock, key)).ToJsonString().ShouldBe(receipt.ToJsonString());
        await using var superuser = await host.OpenSuperuser();
        (await superuser.Column<decimal>($"select sum(quantity_on_hand) from {tenant.Schema}.inventory"))
            .Single()
            .ShouldBe(Enumerable.Range(0, n).Sum(i => i % 50 + 1));
    }

    [Fact]
    public async Task an_import_whose_client_disconnects_can_be_sent_again_and_is_applied_once()
    {
        var tenant = await TestTenant.Create(host);
        await tenant.Admin.Post("stores", new { code = "S-1", name = "One" });
        const int n = 5000;
        ShouldReport(
            await tenant.Admin.Import("products", "sku,name\n" + string.Concat(Enumerable.Range(0, n).Select(i => $"P-{i},Product\n"))),
            n,
            n,
            0,
            0
        );
        var (stock, key) = (
            "store,sku,onHand\n" + string.Concat(Enumerable.Range(0, n).Select(i => $"S-1,P-{i},2\n")),
            Guid.CreateVersion7().ToString()
        );

        using var http = host.Http.Server.CreateClient();
        await Client.SignIn(http, tenant.Slug, TestTenant.AdminEmail, TestTenant.Password);
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/api/{tenant.Slug}/imports/stock")
        {
            Content = new StringContent(stock, MediaTypeHeaderValue.Parse("text/csv")),
        };
        request.Headers.Add(IdempotencyKey.Header, key);
        request.Headers.Accept.ParseAdd(Import.ProgressMediaType);
        using (var answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken))
        {
            await using var progress = await answer.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken);
            (await progress.ReadAsync(new byte[1], TestContext.Current.CancellationToken)).ShouldBe(1); // and the client stops reading
        }

        ShouldReport(await tenant.Admin.Import("stock", stock, key: key), n, n, 0, 0);
        await using var superuser = await host.OpenSuperuser();
        (await superuser.Column<long>($"select count(*) from {tenant.Schema}.inventory_movements")).Single().ShouldBe(n);
    }

    /// <summary>A stream of commas, as long as it is read.</summary>
    private sealed class CommaStream(long length) : Stream
    {
        private long _position;
        public override bool CanRead => true;
        public override bool CanSeek => false;
        public override bool CanWrite => false;
        public override long Length => throw new NotSupportedException();
        public override long Position
        {
            get => _position;
            set => throw new NotSupportedException();
        }

        public override int Read(byte[] buffer, int offset, int count)
        {
            var read = (int)Math.Min(count, length - _position);
            buffer.AsSpan(offset, read).Fill((byte)',');
            _position += read;
            return read;
        }

        public override void Flush() { }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
