using System.Text;
using System.Text.Json.Nodes;
using Fluxion.Ledger.Catalog;
using Fluxion.Ledger.Tenancy;
using Fluxion.Tests.Host;
using Fluxion.Tests.Tenancy;
using Microsoft.Extensions.DependencyInjection;

namespace Fluxion.Tests.Catalog;

/// <summary>Tests of barcodes: which codes are accepted, and which quantity a scan stands for.</summary>
public sealed class BarcodeTests(LedgerHost host)
{
    private const string PieceBarcode = "7591234567894";
    private const string CaseBarcode = "17591234567891";

    private static Task<Answer> Create(
        Client client,
        string sku,
        object? barcodes = null,
        string? barcode = null,
        string unitType = "unit"
    ) =>
        client.Post(
            "products",
            new
            {
                sku,
                name = sku,
                unitType,
                barcode,
                barcodes,
                costPrice = 2,
                sellingPrice = 3,
                settings = new { },
            }
        );

    private static async Task<JsonNode> Read(Client client, string sku) => (await client.Get($"products/{sku}")).ShouldBe(200).Json;

    [Theory]
    [InlineData("96385074", BarcodeKinds.Gtin)]
    [InlineData("036000291452", BarcodeKinds.Gtin)]
    [InlineData("4006381333931", BarcodeKinds.Gtin)]
    [InlineData("10614141000415", BarcodeKinds.Gtin)]
    [InlineData("96385075", BarcodeKinds.Internal)]
    [InlineData("036000291453", BarcodeKinds.Internal)]
    [InlineData("4006381333932", BarcodeKinds.Internal)]
    [InlineData("10614141000416", BarcodeKinds.Internal)]
    [InlineData("759", BarcodeKinds.Internal)]
    [InlineData("ABC-1", BarcodeKinds.Internal)]
    public void a_gtin_is_recognized_by_its_check_digit(string code, string kind)
    {
        ProductBarcode.KindOf(code).ShouldBe(kind);
        // the check digit is validated only for codes with as many digits as a GTIN
        ProductBarcode
            .ValidationError(code, null)
            .ShouldBe(kind == BarcodeKinds.Gtin || code.Length < 8 ? null : ProductBarcode.ValidationError(code, BarcodeKinds.Gtin));
        ProductBarcode.ValidationError(code, BarcodeKinds.Internal).ShouldBeNull();
    }

    [Theory]
    [InlineData("""{"barcode":"7591234567891"}""", "barcode", "must end with 4")]
    [InlineData("""{"barcode":"12345678"}""", "barcode", "check digit")]
    [InlineData("""{"barcode":"7.59123E+12"}""", "barcode", "spreadsheet")]
    [InlineData("""{"barcode":"7,59123E+12"}""", "barcode", "spreadsheet")]
    [InlineData("""{"barcode":"7E+12"}""", "barcode", "spreadsheet")]
    [InlineData("""{"barcode":"7591234567894.0"}""", "barcode", "spreadsheet")]
    [InlineData("""{"barcode":"a\nb"}""", "barcode", "ASCII")]
    [InlineData("""{"barcode":"código"}""", "barcode", "ASCII")]
    [InlineData("""{"barcode":"{x51}"}""", "barcode", "50")]
    [InlineData("""{"barcodes":[{"code":"7591234567891"}]}""", "barcodes[0].code", "internal")]
    [InlineData("""{"barcodes":[{"code":"759","kind":"gtin"}]}""", "barcodes[0].code", "8, 12, 13 or 14")]
    [InlineData("""{"barcodes":[{"code":"759","kind":"ean"}]}""", "barcodes[0].kind", "gtin")]
    [InlineData("""{"barcodes":[{"code":"759","unit":"pallet"}]}""", "barcodes[0].unit", "case")]
    [InlineData("""{"barcodes":[{"code":"759","packQuantity":0}]}""", "barcodes[0].packQuantity", "greater than 0")]
    [InlineData("""{"barcodes":[{"code":"759","packQuantity":-12}]}""", "barcodes[0].packQuantity", "greater than 0")]
    [InlineData("""{"barcodes":[{"code":"759","packQuantity":1.5}]}""", "barcodes[0].packQuantity", "whole")]
    [InlineData("""{"barcodes":[{"code":"759"},{"code":" 759\u200b"}]}""", "barcodes[1].code", "more than once")]
    [InlineData("""{"barcodes":[{"code":"036000291452"},{"code":"0036000291452"}]}""", "barcodes[1].code", "more than once")]
    [InlineData("""{"barcodes":[{"code":""}]}""", "barcodes[0].code", "required")]
    [InlineData("""{"barcodes":[{}]}""", "barcodes[0].code", "required")]
    [InlineData("""{"barcodes":[null]}""", "barcodes[0]", "object")]
    [InlineData("""{"barcode":"759","barcodes":[{"code":"760"}]}""", "barcode", "first")]
    [InlineData("""{"barcode":"759","barcodes":[]}""", "barcode", "first")]
    [InlineData("21", "barcodes", "at most 20")]
    public async Task an_invalid_barcode_is_refused_with_the_reason_in_commands_and_files(string fields, string field, string reason)
    {
        var tenant = await TestTenant.Create(host);
        (await Create(tenant.Admin, "P1")).ShouldBe(201);
        fields =
            fields == "21"
                ? $$"""{"barcodes":[{{string.Join(',', Enumerable.Range(0, 21).Select(i => $$"""{"code":"{{i}}"}"""))}}]}"""
                : fields.Replace("{x51}", new string('x', 51), StringComparison.Ordinal);
        foreach (
            var (method, path, start) in ((HttpMethod, string, string)[])
                [(HttpMethod.Post, "products", """{"sku":"P2","name":"x","""), (HttpMethod.Put, "products/P1", """{"name":"x",""")]
        )
        {
            var answer = (await tenant.Admin.Send(method, path, $"{start}{fields[1..]}", null)).ShouldBe(400);
            answer.Fields.ShouldBe([field], answer.Text);
            answer.Text.ShouldContain(reason);
        }
        var body = JsonNode.Parse(fields)!.AsObject();
        static string Cell(JsonNode value)
        {
            var text = value is JsonValue v ? v.GetValue<string>() : value.ToJsonString();
            return $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
        }
        foreach (var sku in (string[])["P1", "P3"])
        {
            var answer = (
                await tenant.Admin.Import(
                    "products",
                    $"sku,name,{string.Join(',', body.Select(m => m.Key))}\n{sku},x,{string.Join(',', body.Select(m => Cell(m.Value!)))}\n"
                )
            ).ShouldBe(400);
            answer.Fields.ShouldBe([$"line 2: {field}"], answer.Text);
            answer.Text.ShouldContain(reason);
        }
    }

    [Fact]
    public async Task a_product_keeps_several_barcodes_with_unit_and_pack_quantity_as_sent()
    {
        var tenant = await TestTenant.Create(host);
        var admin = tenant.Admin;
        object[] barcodes =
        [
            new { code = $" {PieceBarcode}\u200B" },
            new
            {
                code = CaseBarcode,
                unit = "case",
                packQuantity = 12,
            },
            new { code = "7591234567891", kind = "internal" },
            new { code = "own-1" },
        ];
        (await Create(admin, "P1", barcodes)).ShouldBe(201);
        var row = await Read(admin, "P1");
        row["barcode"]!.GetValue<string>().ShouldBe(PieceBarcode);
        row["barcodes"]!
            .ToJsonString()
            .ShouldBe(
                """[{"code":"7591234567894","kind":"gtin","unit":"unit","packQuantity":1},"""
                    + """{"code":"17591234567891","kind":"gtin","unit":"case","packQuantity":12},"""
                    + """{"code":"7591234567891","kind":"internal","unit":"unit","packQuantity":1},"""
                    + """{"code":"own-1","kind":"internal","unit":"unit","packQuantity":1}]"""
            );
        // a row that was read can be sent back over HTTP and in a file, and changes nothing
        var back = row.DeepClone().AsObject();
        foreach (var field in (string[])["id", "sku", "isActive", "createdAt", "updatedAt"])
            back.Remove(field);
        (await admin.Put("products/P1", back.ToJsonString())).ShouldBe(200).Json["version"]!.GetValue<long>().ShouldBe(1);
        var csv = (await admin.Get("products", "text/csv")).ShouldBe(200).Text;
        csv.ShouldNotContain("scanned");
        (await admin.Import("products", csv)).ShouldBe(200).Json["unchanged"]!.GetValue<int>().ShouldBe(1);
        // the short form sets a list of one barcode
        (await admin.Put("products/P1", new { name = "P1", barcode = CaseBarcode })).ShouldBe(200);
        (await Read(admin, "P1"))["barcodes"]!
            .ToJsonString()
            .ShouldBe("""[{"code":"17591234567891","kind":"gtin","unit":"unit","packQuantity":1}]""");
        (await admin.Put("products/P1", new { name = "P1" })).ShouldBe(200);
        (await Read(admin, "P1"))["barcodes"]!.AsArray().ShouldBeEmpty();

        await using var superuser = await host.OpenSuperuser();
        await superuser.Execute($"set role {tenant.Analyst}; set search_path to {tenant.Schema}, public");
        (
            await superuser.Rows(
                "select code, code_key, kind, unit_type, pack_quantity, position, is_removed from product_barcodes order by position"
            )
        )
            .Select(r => string.Join(' ', r))
            .ShouldBe(
                [
                    "7591234567894 07591234567894 gtin  1.000 1 True",
                    "17591234567891 17591234567891 gtin  1.000 1 True",
                    "7591234567891 07591234567891 internal  1.000 3 True",
                    "own-1 OWN-1 internal  1.000 4 True",
                ],
                ignoreOrder: true
            );
        (await superuser.Failure("delete from product_barcodes")).ShouldBe(Sql.Refused);
    }

    [Fact]
    public async Task an_import_with_one_barcode_column_keeps_the_other_barcodes()
    {
        var admin = (await TestTenant.Create(host)).Admin;
        (
            await Create(
                admin,
                "P1",
                (object[])
                    [
                        new { code = PieceBarcode },
                        new
                        {
                            code = CaseBarcode,
                            unit = "case",
                            packQuantity = 12,
                        },
                    ]
            )
        ).ShouldBe(201);
        async Task<string> Codes() =>
            string.Join(' ', (await Read(admin, "P1"))["barcodes"]!.AsArray().Select(b => $"{b!["code"]}×{b["packQuantity"]}"));
        (await admin.Import("products", $"sku,barcode\nP1,{PieceBarcode}\n")).ShouldBe(200).Json["unchanged"]!.GetValue<int>().ShouldBe(1);
        (await admin.Import("products", "sku,name\nP1,Renamed\n")).ShouldBe(200);
        (await Codes()).ShouldBe($"{PieceBarcode}×1 {CaseBarcode}×12");
        (await admin.Import("products", "sku,barcode\nP1,96385074\n")).ShouldBe(200);
        (await Codes()).ShouldBe($"96385074×1 {CaseBarcode}×12");
        // the correct check digit is 4
        (await admin.Import("products", "sku,barcode\nP1,96385075\n"))
            .ShouldBe(400)
            .Fields.ShouldBe(["line 2: barcode"]);
        (await admin.Import("products", "sku,barcode\nP1,\n")).ShouldBe(200);
        (await Codes()).ShouldBe($"{CaseBarcode}×12");
        (await admin.Import("products", "sku,barcodes\nP1,\"[{\"\"code\"\":\"\"759\"\"}]\"\n")).ShouldBe(200);
        (await Codes()).ShouldBe("759×1");
    }

    [Fact]
    public async Task a_barcode_belongs_to_one_active_product()
    {
        var admin = (await TestTenant.Create(host)).Admin;
        var first = (await Create(admin, "P1", (object[])[new { code = "036000291452" }, new { code = "box-9", packQuantity = 6 }]))
            .ShouldBe(201)
            .Id();
        void ShouldName(Answer answer, string sku, string id)
        {
            var conflict = answer.ShouldBe(409).Json["conflicts"]!.AsArray().ShouldHaveSingleItem()!;
            (conflict["sku"]!.GetValue<string>(), conflict["id"]!.GetValue<string>()).ShouldBe((sku, id));
            answer.Detail!.ShouldContain(sku);
        }
        // a UPC-A and the EAN-13 of the same number are one barcode; case and invisible characters are ignored
        foreach (
            var same in (string[])
                ["036000291452", "0036000291452", "00036000291452", " 036000291452 ", "０３６０００２９１４５２", "BOX-9", "box-\u200B9"]
        )
            ShouldName(await Create(admin, "P2", barcode: same), "P1", first);
        (await Create(admin, "P2", barcode: PieceBarcode)).ShouldBe(201);
        ShouldName(
            await admin.Put(
                "products/P2",
                new { name = "P2", barcodes = new object[] { new { code = PieceBarcode }, new { code = "Box-9" } } }
            ),
            "P1",
            first
        );
        (await admin.Import("products", "sku,name,barcode\nP2,P2,036000291452\n")).ShouldBe(400).Fields.ShouldBe(["line 2: barcode"]);
        (await admin.Import("products", "sku,name,barcode\nP3,P3,96385074\nP4,P4,96385074\n"))
            .ShouldBe(400)
            .Fields.ShouldBe(["line 3: barcode"]);
        // two rows of one file may exchange their barcodes
        (
            await admin.Import(
                "products",
                $"sku,barcodes\nP1,\"[{{\"\"code\"\":\"\"{PieceBarcode}\"\"}}]\"\n"
                    + "P2,\"[{\"\"code\"\":\"\"036000291452\"\"},{\"\"code\"\":\"\"box-9\"\",\"\"packQuantity\"\":6}]\"\n"
            )
        ).ShouldBe(200).Json["changed"]!.GetValue<int>().ShouldBe(2);

        // the barcode of a deactivated product is free; the product that takes it then keeps it
        (await admin.Post("products/P1/deactivate", null)).ShouldBe(200);
        var third = (await Create(admin, "P3", barcode: PieceBarcode)).ShouldBe(201).Id();
        ShouldName(await admin.Post("products/P1/activate", null), "P3", third);
        (await admin.Import("products", "sku,isActive\nP1,true\n")).ShouldBe(400).Fields.ShouldBe(["line 2: barcode"]);
        (await admin.Put("products/P1", new { name = "P1", barcode = PieceBarcode })).ShouldBe(200); // the product stays deactivated
        (await admin.Put("products/P1", new { name = "P1" })).ShouldBe(200);
        (await admin.Post("products/P1/activate", null)).ShouldBe(200);
        (await admin.Get($"products?barcode={PieceBarcode}")).Json["items"]!.AsArray().Single()!["sku"]!.GetValue<string>().ShouldBe("P3");
    }

    [Fact]
    public async Task one_of_24_concurrent_creations_or_activations_with_one_barcode_succeeds()
    {
        var admin = (await TestTenant.Create(host)).Admin;
        var answers = await Task.WhenAll(
            Enumerable.Range(0, 24).Select(i => Create(admin, $"P{i}", barcode: i % 2 == 0 ? "036000291452" : "0036000291452"))
        );
        answers.Count(a => a.Status == 201).ShouldBe(1);
        answers.Count(a => a.Status == 409).ShouldBe(23);
        for (var i = 0; i < 24; i++)
        {
            if (answers[i].Status == 409)
                (await Create(admin, $"P{i}")).ShouldBe(201);
            (await admin.Post($"products/P{i}/deactivate", null)).ShouldBe(200);
            (await admin.Put($"products/P{i}", new { name = "x", barcode = "036000291452" })).ShouldBe(200);
        }
        answers = await Task.WhenAll(Enumerable.Range(0, 24).Select(i => admin.Post($"products/P{i}/activate", null)));
        answers.Count(a => a.Status == 200).ShouldBe(1);
        answers.Count(a => a.Status == 409).ShouldBe(23);
    }

    [Fact]
    public async Task a_scanned_code_is_looked_up_with_its_product_and_pack_quantity()
    {
        var tenant = await TestTenant.Create(host);
        var viewer = tenant.Admin;
        (
            await Create(
                viewer,
                "P1",
                (object[])
                    [
                        new { code = "036000291452" },
                        new
                        {
                            code = "10036000291459",
                            unit = "case",
                            packQuantity = 12,
                        },
                    ]
            )
        ).ShouldBe(201);
        (await Create(viewer, "P2", barcode: "own-1")).ShouldBe(201);
        async Task<string> Look(string code) =>
            string.Join(
                ' ',
                (await viewer.Get($"products?barcode={Uri.EscapeDataString(code)}")).ShouldBe(200).Json["items"]!
                    .AsArray()
                    .Select(p => $"{p!["sku"]} {p["scanned"]!["code"]} {p["scanned"]!["unit"]} {p["scanned"]!["packQuantity"]}")
            );
        (await Look("036000291452")).ShouldBe("P1 036000291452 unit 1");
        (await Look("0036000291452")).ShouldBe("P1 036000291452 unit 1");
        (await Look(" 10036000291459\n")).ShouldBe("P1 10036000291459 case 12");
        (await Look("OWN-1")).ShouldBe("P2 own-1 unit 1");
        (await Look("999")).ShouldBe("");
        (await viewer.Get("products")).Json["items"]!.AsArray().ShouldAllBe(p => p!["scanned"] == null);
        (await viewer.Get("products?search=36000291459")).Json["items"]!.AsArray().Single()!["sku"]!.GetValue<string>().ShouldBe("P1");
    }

    [Fact]
    public async Task every_command_with_sku_lines_accepts_a_barcode_in_place_of_the_sku()
    {
        var (document, admin) = (await OpenApi.Of(Client.Anonymous(host)), await Client.Demo(host, "admin"));
        var commands = document.Operations.Where(o => o.Body?["example"]?["lines"]?[0]?["sku"] is not null).ToList();
        commands.Count.ShouldBe(15);
        foreach (var command in commands)
        {
            var line = document.Schema(document.Schema(document.Schema(command.Body!["schema"]!)["properties"]!["lines"]!)["items"]!);
            line["properties"]!["barcode"]!["description"]!.GetValue<string>().ShouldContain("12");
            foreach (
                var (change, status, field) in ((Action<JsonObject>, int, string)[])
                    [
                        (l => l["barcode"] = PieceBarcode, 400, "lines[0].barcode"),
                        (
                            l =>
                            {
                                l.Remove("sku");
                                l["barcode"] = "no such code";
                            },
                            404,
                            "lines[0].barcode"
                        ),
                        (
                            l =>
                            {
                                l.Remove("sku");
                                l["barcode"] = " ";
                            },
                            400,
                            "lines[0].barcode"
                        ),
                        (l => l.Remove("sku"), 400, "lines[0].sku"),
                    ]
            )
            {
                var body = command.Body!["example"]!.DeepClone();
                change(body["lines"]![0]!.AsObject());
                (await admin.Send(HttpMethod.Parse(command.Method), command.Address, body, Guid.CreateVersion7().ToString()))
                    .ShouldBe(status)
                    .Fields.ShouldBe([field], command.ToString());
            }
        }
    }

    [Fact]
    public async Task a_scanned_case_of_twelve_counts_as_twelve_in_every_command()
    {
        var tenant = await TestTenant.Create(host);
        var admin = tenant.Admin;
        foreach (var code in (string[])["S1", "S2"])
            (await admin.Post("stores", new { code, name = code })).ShouldBe(201);
        (await admin.Post("suppliers", new { code = "V1", businessName = "V1" })).ShouldBe(201);
        (
            await Create(
                admin,
                "P1",
                (object[])
                    [
                        new { code = PieceBarcode },
                        new
                        {
                            code = CaseBarcode,
                            unit = "case",
                            packQuantity = 12,
                        },
                    ]
            )
        ).ShouldBe(201);
        async Task<string> Stock(string store) =>
            (await admin.Get($"inventory?store={store}")).ShouldBe(200).Json["items"]!.AsArray() is [{ } row]
                ? $"{row["onHand"]} {row["reserved"]} {row["onOrder"]} at {row["costPerUnit"]}"
                : "";
        object[] Lines(decimal quantity, string barcode = CaseBarcode) => [new { barcode, quantity }];

        // a cost is per unit, not per pack
        (
            await admin.Post(
                "stock/receipts",
                new
                {
                    store = "S1",
                    lines = new[]
                    {
                        new
                        {
                            barcode = CaseBarcode,
                            quantity = 10,
                            unitCost = 2.5,
                        },
                    },
                }
            )
        ).ShouldBe(200).Json["stock"]![0]!["onHand"]!.GetValue<decimal>().ShouldBe(120);
        (
            await admin.Post(
                "stock/issues",
                new
                {
                    store = "S1",
                    reason = "damage",
                    lines = Lines(1),
                }
            )
        ).ShouldBe(200);
        (
            await admin.Post(
                "stock/adjustments",
                new
                {
                    store = "S1",
                    reason = "correction",
                    lines = Lines(-1),
                }
            )
        ).ShouldBe(200);
        (
            await admin.Post(
                "stock/movements",
                new
                {
                    lines = new[]
                    {
                        new
                        {
                            type = "receipt",
                            store = "S1",
                            barcode = CaseBarcode,
                            quantity = 1,
                            unitCost = 2.5,
                        },
                    },
                }
            )
        ).ShouldBe(200);
        (await Stock("S1")).ShouldBe("108 0 0 at 2.5");
        var count = (await admin.Post("stock/counts", new { store = "S1", lines = Lines(8) })).ShouldBe(200).Json["variances"]![0]!;
        (count["sku"]!.GetValue<string>(), count["counted"]!.GetValue<decimal>(), count["variance"]!.GetValue<decimal>()).ShouldBe(
            ("P1", 96, -12)
        );

        var transfer = (
            await admin.Post(
                "stock/transfers",
                new
                {
                    fromStore = "S1",
                    toStore = "S2",
                    lines = Lines(2),
                }
            )
        ).ShouldBe(201).Id();
        (
            await admin.Post(
                $"stock/transfers/{transfer}/receipts",
                new
                {
                    lines = new[]
                    {
                        new
                        {
                            barcode = CaseBarcode,
                            received = 1,
                            damaged = 0.5,
                        },
                    },
                }
            )
        ).ShouldBe(200).Json["lines"]![0]!["inTransit"]!.GetValue<decimal>().ShouldBe(6);
        (await Stock("S2")).ShouldBe("12 0 0 at 2.5");

        (
            await admin.Post(
                "stock/reservations",
                new
                {
                    reference = "web",
                    lines = new[]
                    {
                        new
                        {
                            store = "S1",
                            barcode = CaseBarcode,
                            quantity = 1,
                        },
                    },
                }
            )
        ).ShouldBe(201);
        (await Stock("S1")).ShouldBe("72 12 0 at 2.5");
        // so is a price: two cases at 3.25 a unit
        var sale = (
            await admin.Post(
                "sales",
                new
                {
                    store = "S1",
                    invoiceNumber = "F-1",
                    lines = new object[]
                    {
                        new
                        {
                            barcode = CaseBarcode,
                            quantity = 2,
                            unitPrice = 3.25,
                        },
                        new { barcode = PieceBarcode, quantity = 1 },
                    },
                }
            )
        ).ShouldBe(201).Json;
        sale["totalAmount"]!.GetValue<decimal>().ShouldBe((24 * 3.25m) + 3);
        (await admin.Get($"sales/{sale["id"]}")).Json["lines"]!
            .AsArray()
            .Select(l => $"{l!["sku"]} {l["quantity"]} {l["unitPrice"]}")
            .ShouldBe(["P1 24 3.25", "P1 1 3"]);
        (await Stock("S1")).ShouldBe("47 12 0 at 2.5");

        var order = (
            await admin.Post(
                "purchase-orders",
                new
                {
                    store = "S1",
                    supplier = "V1",
                    orderNumber = "O1",
                    lines = new[]
                    {
                        new
                        {
                            barcode = CaseBarcode,
                            quantity = 3,
                            unitCost = 2,
                        },
                    },
                }
            )
        ).ShouldBe(201).Json;
        order["totalAmount"]!.GetValue<decimal>().ShouldBe(72);
        (await admin.Put("purchase-orders/O1", new { supplier = "V1", lines = Lines(2) })).ShouldBe(200);
        (await admin.Post("purchase-orders/O1/send", null)).ShouldBe(200);
        (await admin.Post("purchase-orders/O1/receipts", new { lines = Lines(1) })).ShouldBe(200).Json["status"]!
            .GetValue<string>()
            .ShouldBe("partial");
        (await Stock("S1")).ShouldStartWith("59 12 12 ");

        // a fraction of a pack is accepted when it comes to whole units
        (
            await admin.Post(
                "stock/issues",
                new
                {
                    store = "S1",
                    reason = "damage",
                    lines = Lines(0.25m),
                }
            )
        ).ShouldBe(200).Json["stock"]![0]!["onHand"]!.GetValue<decimal>().ShouldBe(56);
        (
            await admin.Post(
                "stock/issues",
                new
                {
                    store = "S1",
                    reason = "damage",
                    lines = Lines(0.1m),
                }
            )
        ).ShouldBe(400).Fields.ShouldBe(["lines[0].quantity"]);
        (
            await admin.Post(
                "stock/issues",
                new
                {
                    store = "S1",
                    reason = "damage",
                    lines = Lines(900_000_000),
                }
            )
        ).ShouldBe(400).Fields.ShouldBe(["lines[0].quantity"]);
        (
            await admin.Post(
                "stock/counts",
                new { store = "S1", lines = new object[] { new { barcode = CaseBarcode, quantity = 1 }, new { sku = "P1", quantity = 1 } } }
            )
        )
            .ShouldBe(400)
            .Fields.ShouldBe(["lines[1].sku"]);
    }

    [Fact]
    public async Task fractions_of_a_pack_keep_three_decimals_or_are_refused()
    {
        var admin = (await TestTenant.Create(host)).Admin;
        (await admin.Post("stores", new { code = "S1", name = "S1" })).ShouldBe(201);
        (await Create(admin, "P1", (object[])[new { code = "roll", packQuantity = 0.125 }], unitType: "meter")).ShouldBe(201);
        Task<Answer> Receive(decimal quantity) =>
            admin.Post("stock/receipts", new { store = "S1", lines = new[] { new { barcode = "ROLL", quantity } } });
        (await Receive(3)).ShouldBe(200).Json["stock"]![0]!["onHand"]!.GetValue<decimal>().ShouldBe(0.375m);
        (await Receive(0.5m)).ShouldBe(400).Fields.ShouldBe(["lines[0].quantity"]);
    }

    [Fact]
    public async Task barcodes_from_before_the_rules_are_kept()
    {
        var tenant = await TestTenant.Create(host);
        var admin = tenant.Admin;
        (await admin.Post("stores", new { code = "S1", name = "S1" })).ShouldBe(201);
        foreach (
            var (sku, barcode) in ((string, string)[])
                [("P1", "7591234567891"), ("P2", "7591234567891"), ("P3", "código\t1"), ("P4", " 036000291452")]
        )
            await tenant.Append<Product>(host, new ProductCreated(sku, new ProductDetails(sku, "unit", barcode)));
        foreach (var sku in (string[])["P1", "P2", "P3", "P4"])
        {
            var row = await Read(admin, sku);
            (await admin.Put($"products/{sku}", new { name = "Renamed", barcode = row["barcode"]!.GetValue<string>() })).ShouldBe(200);
            (await Read(admin, sku))["name"]!.GetValue<string>().ShouldBe("Renamed");
        }
        (await admin.Import("products", (await admin.Get("products", "text/csv")).ShouldBe(200).Text)).ShouldBe(200).Json["unchanged"]!
            .GetValue<int>()
            .ShouldBe(4);
        (await Read(admin, "P4"))["barcode"]!.GetValue<string>().ShouldBe("036000291452");
        (await Read(admin, "P1"))["barcodes"]![0]!["kind"]!.GetValue<string>().ShouldBe("internal");

        // a client that scans an ambiguous barcode must say which product is meant
        (await admin.Post("stock/receipts", new { store = "S1", lines = new[] { new { barcode = "7591234567891", quantity = 1 } } }))
            .ShouldBe(409)
            .Detail!.ShouldContain("P1 and P2");
        (await admin.Get("products?barcode=7591234567891")).Json["items"]!.AsArray().Count.ShouldBe(2);
        (await Create(admin, "P5", (object[])[new { code = "7591234567891", kind = "internal" }])).ShouldBe(409);
        (await admin.Post("products/P2/deactivate", null)).ShouldBe(200);
        (await admin.Post("stock/receipts", new { store = "S1", lines = new[] { new { barcode = "7591234567891", quantity = 1 } } }))
            .ShouldBe(200)
            .Json["stock"]![0]!["sku"]!
            .GetValue<string>()
            .ShouldBe("P1");
        (await admin.Post("products/P2/activate", null)).ShouldBe(409);
        (await admin.Put("products/P1", new { name = "P1", barcode = PieceBarcode })).ShouldBe(200);
        (await admin.Post("products/P2/activate", null)).ShouldBe(200);
    }

    [Fact]
    public async Task a_migration_fills_the_barcode_table_from_the_events()
    {
        var tenant = await TestTenant.Create(host);
        var admin = tenant.Admin;
        foreach (
            var (sku, barcode) in ((string, string?)[])
                [
                    ("P1", "7591234567891"),
                    ("P2", PieceBarcode),
                    ("P3", "código"),
                    ("P4", "abc"),
                    ("P5", null),
                    ("P6", ""),
                    ("P7", "036000291452"),
                    ("P8", "10614141000415"),
                    ("P9", "96385074"),
                ]
        )
            await tenant.Append<Product>(
                host,
                new ProductCreated(sku, new ProductDetails(sku, "unit", barcode)),
                new ProductDeactivated(),
                new ProductActivated()
            );
        foreach (var barcode in (string?[])["4006381333931", null, PieceBarcode, "abc-2", PieceBarcode])
            (await admin.Put("products/P2", new { name = "P2", barcode })).ShouldBe(200);
        (await admin.Put("products/P9", new { name = "P9" })).ShouldBe(200);
        var rows = $"""
            select product_id, code, code_key, kind, unit_type, pack_quantity, position, is_removed, created_at, updated_at,
                tenant_id from {tenant.Schema}.product_barcodes order by 1, 2
            """;
        await using var superuser = await host.OpenSuperuser();
        var live = await superuser.Rows(rows);
        live.Count.ShouldBe(9);

        var script = host
            .Services.GetRequiredService<SchemaScripts>()
            .All()
            .Single(s => s.Path.EndsWith("history/0090_product_barcodes.sql", StringComparison.Ordinal));
        await using var transaction = await superuser.BeginTransactionAsync(TestContext.Current.CancellationToken);
        await superuser.Execute($"drop table {tenant.Schema}.product_barcodes; set local role fluxion_owner");
        await superuser.Execute(
            Encoding.UTF8.GetString(script.Sql).Replace("$schema$", tenant.Schema).Replace("$tenant_id$", tenant.Id.ToString())
        );
        (await superuser.Rows(rows)).ShouldBe(live);
    }
}
