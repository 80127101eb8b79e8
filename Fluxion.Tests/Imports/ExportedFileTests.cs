using System.Globalization;
using System.Text;
using CsvHelper;
using Fluxion.Tests.Host;
using Fluxion.Tests.Tenancy;

namespace Fluxion.Tests.Imports;

/// <summary>
/// An exported file can be imported again: unchanged it changes nothing, also when it is sent a second time. A change made since the export
/// is never overwritten silently.
/// </summary>
public sealed class ExportedFileTests(LedgerHost host)
{
    private static async Task<string> Export(Client client, string list) => (await client.Get(list, "text/csv")).ShouldBe(200).Text;

    private static (int Created, int Changed, int Unchanged) RowCounts(Answer answer)
    {
        var receipt = answer.ShouldBe(200).Json;
        return (receipt["created"]!.GetValue<int>(), receipt["changed"]!.GetValue<int>(), receipt["unchanged"]!.GetValue<int>());
    }

    /// <summary>The list whose export each kind of import accepts.</summary>
    private static readonly Dictionary<string, string> ListOf = new()
    {
        ["products"] = "products",
        ["stock"] = "inventory",
        ["movements"] = "movements",
    };

    public static TheoryData<string> Kinds => [.. ListOf.Keys];

    /// <summary>A file with some fields changed in the row that begins with the text <paramref name="row"/>.</summary>
    private static string Edit(string csv, string row, params (string Column, string Value)[] edits)
    {
        using var reader = CsvReader.Create(Encoding.UTF8.GetBytes(csv));
        var names = reader.Headers.ToList();
        using var text = new StringWriter(CultureInfo.InvariantCulture);
        using (var writer = CsvWriter.Create(text, leaveOpen: true))
        {
            foreach (var name in names)
                writer.WriteField(name);
            writer.EndRecord();
            while (reader.Read())
            {
                var fields = names.Select((_, i) => reader.GetString(i)).ToList();
                if (string.Join(',', fields).StartsWith(row, StringComparison.Ordinal))
                    foreach (var (column, value) in edits)
                        fields[names.IndexOf(column)] = value;
                foreach (var field in fields)
                    writer.WriteField(field);
                writer.EndRecord();
            }
        }
        return text.ToString();
    }

    private async Task<string> CountRecords(TestTenant tenant)
    {
        await using var superuser = await host.OpenSuperuser();
        return (
            await superuser.Column<string>(
                $"""
                select format('%s events, %s streams, %s alerts', (select count(*) from {tenant.Schema}.mt_events),
                              (select count(*) from {tenant.Schema}.mt_streams where type is not null),
                              (select count(*) from {tenant.Schema}.alerts))
                """
            )
        ).Single();
    }

    private static object Line(string sku, decimal quantity) => new { sku, quantity };

    private static object Line(string sku, decimal quantity, decimal unitCost) =>
        new
        {
            sku,
            quantity,
            unitCost,
        };

    private static async Task Do(Client client, string path, object? body) =>
        (await client.Post(path, body)).Status.ShouldBeInRange(200, 201, path);

    /// <summary>A tenant with products, stock and movements in every possible state.</summary>
    private async Task<TestTenant> CreateTenantInEveryState()
    {
        var tenant = await TestTenant.Create(host);
        var admin = tenant.Admin;
        foreach (var code in (string[])["S-1", "S-2", "S-OUT"])
            await Do(admin, "stores", new { code, name = $"Store {code}" });
        await Do(admin, "suppliers", new { code = "SUP", businessName = "Supplier" });
        await Do(admin, "suppliers", new { code = "GONE", businessName = "Supplier that is gone" });
        await Do(admin, "categories", new { code = "CAT", name = "Category" });
        await Do(
            admin,
            "products",
            new
            {
                sku = "A",
                name = "'=1+1, \"quoted\"",
                description = "two\r\nlines; and, more",
                costPrice = 2,
                sellingPrice = 3.1234,
                reorderPoint = 5,
                minStockLevel = 5,
                maxStockLevel = 60,
                barcodes = new object[]
                {
                    new { code = "007" },
                    new
                    {
                        code = "17591234567891",
                        unit = "case",
                        packQuantity = 12,
                    },
                    new { code = "12345678", kind = "internal" },
                },
                category = "CAT",
                supplier = "SUP",
                leadTimeDays = 3,
                packSize = 12,
            }
        );
        await Do(
            admin,
            "products",
            new
            {
                sku = "B",
                name = "-5 'dash",
                unitType = "kg",
                costPrice = 6,
                settings = new { allowBackorder = true, shelf = "+A" },
            }
        );
        await Do(
            admin,
            "products",
            new
            {
                sku = "C",
                name = "''Gone",
                costPrice = 1,
                supplier = "GONE",
            }
        );
        await Do(
            admin,
            "products",
            new
            {
                sku = "D",
                name = "Only on order",
                costPrice = 4,
            }
        );
        await Do(
            admin,
            "products",
            new
            {
                sku = "E",
                name = "Only reserved",
                costPrice = 4,
                settings = new { allowBackorder = true },
            }
        );
        await Do(
            admin,
            "products",
            new
            {
                sku = "F",
                name = "Ñandú ; x",
                costPrice = 0,
            }
        );
        var at = TimeProvider.System.GetUtcNow().AddDays(-20);
        await Do(
            admin,
            "stock/receipts",
            new
            {
                store = "S-1",
                reference = "GRN",
                notes = "note, with \"marks\"\nand lines",
                occurredAt = at,
                lines = new object[] { Line("A", 10, 2), Line("B", 2.5m, 6.1234m), Line("C", 3, 1), Line("F", 4, 0) },
            }
        );
        await Do(
            admin,
            "stock/receipts",
            new
            {
                store = "S-OUT",
                occurredAt = at,
                lines = new object[] { Line("A", 7, 2) },
            }
        );
        await Do(
            admin,
            "stock/issues",
            new
            {
                store = "S-1",
                reason = "damage",
                occurredAt = at.AddDays(1),
                lines = new object[] { Line("A", 1), Line("F", 4) },
            }
        );
        await Do(
            admin,
            "sales",
            new
            {
                store = "S-1",
                invoiceNumber = "F-1",
                paymentMethod = "cash",
                paymentStatus = "paid",
                occurredAt = at.AddDays(2),
                lines = new object[] { Line("A", 2), Line("B", 5.5m) },
            }
        );
        await Do(
            admin,
            "stock/transfers",
            new
            {
                fromStore = "S-1",
                toStore = "S-2",
                immediate = true,
                lines = new object[] { Line("A", 2) },
            }
        );
        await Do(
            admin,
            "stock/adjustments",
            new
            {
                store = "S-2",
                reason = "found",
                lines = new object[] { Line("A", 1) },
            }
        );
        await Do(admin, "stock/counts", new { store = "S-1", lines = new object[] { Line("A", 4) } });
        await Do(
            admin,
            "stock/issues",
            new
            {
                store = "S-1",
                reason = "theft",
                occurredAt = at.AddDays(3),
                lines = new object[] { Line("A", 1) },
            }
        ); // late, before the count
        await Do(
            admin,
            "stock/reservations",
            new
            {
                reference = "R-1",
                expiresAt = TimeProvider.System.GetUtcNow().AddDays(9),
                lines = new[]
                {
                    new
                    {
                        store = "S-1",
                        sku = "A",
                        quantity = 1,
                    },
                    new
                    {
                        store = "S-1",
                        sku = "E",
                        quantity = 2,
                    },
                },
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
                    lines = new object[] { Line("A", 6, 2.75m), Line("D", 6, 4.5m) },
                }
            )
        ).ShouldBe(201).Json["id"];
        await Do(admin, $"purchase-orders/{order}/send", null);
        await Do(admin, $"purchase-orders/{order}/receipts", new { reference = "NE-1", lines = new object[] { Line("A", 4) } });
        await Do(
            admin,
            $"purchase-orders/{order}/returns",
            new
            {
                reason = "Damaged",
                reference = "ND-1",
                lines = new object[] { Line("A", 1) },
            }
        );
        var receipt = (await admin.Post("stock/receipts", new { store = "S-2", lines = new object[] { Line("A", 3, 2.5m) } }))
            .ShouldBe(200)
            .Json["id"];
        await Do(admin, $"stock/receipts/{receipt}/returns", new { lines = new object[] { Line("A", 1) } });
        var transfer = (
            await admin.Post(
                "stock/transfers",
                new
                {
                    fromStore = "S-2",
                    toStore = "S-1",
                    lines = new object[] { Line("A", 2) },
                }
            )
        ).ShouldBe(201).Json["id"];
        await Do(admin, $"stock/transfers/{transfer}/cancel", new { reason = "The van broke down" });
        foreach (
            var (invoice, path, body) in ((string, string, object)[])
                [
                    ("F-2", "returns", new { lines = new[] { new { lineNumber = 1, quantity = 1 } } }),
                    ("F-3", "cancel", new { reason = "Void" }),
                ]
        )
        {
            var sale = (
                await admin.Post(
                    "sales",
                    new
                    {
                        store = "S-2",
                        invoiceNumber = invoice,
                        lines = new object[] { Line("A", 1) },
                    }
                )
            ).ShouldBe(201).Json["id"];
            await Do(admin, $"sales/{sale}/{path}", body);
        }
        foreach (var gone in (string[])["products/C/deactivate", "stores/S-OUT/deactivate", "suppliers/GONE/deactivate"])
            await Do(admin, gone, null);
        return tenant;
    }

    [Fact]
    public async Task these_tests_cover_every_import_of_the_api() =>
        (await OpenApi.Of(await Client.Demo(host, "manager")))
            .Operations.Where(o => o.CsvExample is not null)
            .Select(o => o.Path.Split('/')[^1])
            .Order()
            .ShouldBe(ListOf.Keys.Order());

    [Theory, MemberData(nameof(Kinds))]
    public async Task an_exported_file_changes_nothing_in_any_form_that_a_spreadsheet_gives_it(string kind)
    {
        var tenant = await CreateTenantInEveryState();
        var csv = await Export(tenant.Admin, ListOf[kind]);
        var (before, rows) = (await CountRecords(tenant), Rows(csv));
        var forms = new Dictionary<string, (string File, string Query)>
        {
            ["as it is"] = (csv, ""),
            ["once more"] = (csv, ""),
            ["tried first"] = (csv, "?dryRun=true"),
            ["with a byte order mark"] = ($"\uFEFF{csv}", ""),
            ["with the hint of its separator"] = ($"\uFEFFsep=,\r\n{csv}", ""),
            ["with rows of separators alone"] = ($"{csv}{new string(',', 30)}\r\n{new string(',', 5)}\r\n\r\n \u200B,\r\n", ""),
            ["with names in another case and invisible characters"] = (InvisibleNames(csv), ""),
            ["with a decimal comma"] = (
                (await tenant.Admin.Get($"{ListOf[kind]}?decimals=comma", "text/csv")).ShouldBe(200).Text,
                "?decimals=comma"
            ),
            ["without the empty fields at the end of rows"] = (WithoutTrailingFields(csv), ""),
            ["without a version"] = (Without(csv, "version"), ""),
            ["without what the ledger finds itself"] = (
                Without(
                    csv,
                    "version",
                    "lastMovementAt",
                    "reserved",
                    "available",
                    "value",
                    "createdAt",
                    "updatedAt",
                    "totalCost",
                    "movementType"
                ),
                ""
            ),
        };
        foreach (var (form, (file, query)) in forms)
            RowCounts(await tenant.Admin.Import(kind, file, query)).ShouldBe((0, 0, rows), $"{kind} {form}");
        (await CountRecords(tenant)).ShouldBe(before);
        (await Export(tenant.Admin, ListOf[kind])).ShouldBe(csv);
    }

    private static int Rows(string csv)
    {
        using var reader = CsvReader.Create(Encoding.UTF8.GetBytes(csv));
        var rows = 0;
        while (reader.Read())
            rows++;
        return rows;
    }

    private static string InvisibleNames(string csv)
    {
        var header = csv[..csv.IndexOf('\r', StringComparison.Ordinal)];
        return string.Join(',', header.Split(',').Select(name => $"\u200B {name.ToUpperInvariant()}\u00A0")) + csv[header.Length..];
    }

    /// <summary>The file as Excel saves it: empty fields at the end of a row are omitted.</summary>
    private static string WithoutTrailingFields(string csv) =>
        Rewrite(csv, (_, fields) => fields.Reverse().SkipWhile(field => field.Length == 0).Reverse());

    private static string Without(string csv, params string[] columns) =>
        Rewrite(csv, (names, fields) => fields.Where((_, i) => !columns.Contains(names[i])));

    private static string Rewrite(string csv, Func<IReadOnlyList<string>, IEnumerable<string>, IEnumerable<string>> rewrite)
    {
        using var reader = CsvReader.Create(Encoding.UTF8.GetBytes(csv));
        var names = reader.Headers.ToList();
        using var text = new StringWriter(CultureInfo.InvariantCulture);
        using (var writer = CsvWriter.Create(text, CsvWriterOptions.Default with { ValidateFieldCount = false }, leaveOpen: true))
        {
            Write(rewrite(names, names));
            while (reader.Read())
                Write(rewrite(names, names.Select((_, i) => reader.GetString(i))));

            void Write(IEnumerable<string> fields)
            {
                foreach (var field in fields)
                    writer.WriteField(field);
                writer.EndRecord();
            }
        }
        return text.ToString();
    }

    [Fact]
    public async Task a_sale_after_the_export_is_not_overwritten()
    {
        var tenant = await TestTenant.Create(host);
        var shop = await tenant.CreateStore("S-1", "P-1", stock: 48);
        await Do(tenant.Admin, "products", new { sku = "P-2", name = "Another" });
        var csv = await Export(tenant.Admin, "inventory");
        await Do(
            tenant.Admin,
            "sales",
            new
            {
                store = "S-1",
                invoiceNumber = "F-1",
                lines = new object[] { Line("P-1", 3) },
            }
        );
        RowCounts(await tenant.Admin.Import("stock", csv)).ShouldBe((0, 0, 1));
        (await shop.OnHand()).ShouldBe(45);

        // an edit in the file refers to the stock at the time of the export
        var edited = Edit(csv, "S-1,P-1", ("onHand", "50"));
        foreach (var query in (string[])["", "?dryRun=true"])
        {
            var refused = (await tenant.Admin.Import("stock", edited, query)).ShouldBe(400);
            refused.Fields.ShouldBe(["line 2: onHand"]);
            refused.Text.ShouldContain("45 are on hand now");
        }
        // lastMovementAt shows the same conflict
        (await tenant.Admin.Import("stock", Without(edited, "version")))
            .ShouldBe(400)
            .Fields.ShouldBe(["line 2: onHand"]);
        (await shop.OnHand()).ShouldBe(45);
        RowCounts(await tenant.Admin.Import("stock", "store,sku,onHand\nS-1,P-1,44\n")).ShouldBe((0, 1, 0)); // a count as of now
        RowCounts(await tenant.Admin.Import("stock", Edit(csv, "S-1,P-1", ("onHand", "44")))).ShouldBe((0, 0, 1));
        (await shop.OnHand()).ShouldBe(44);
    }

    [Fact]
    public async Task a_late_issue_is_not_overwritten_by_a_file_without_versions()
    {
        var tenant = await TestTenant.Create(host);
        var shop = await tenant.CreateStore("S-1", "P-1", stock: 48);
        await Do(
            tenant.Admin,
            "stock/issues",
            new
            {
                store = "S-1",
                reason = "sample",
                lines = new object[] { Line("P-1", 3) },
            }
        );
        var csv = Without(await Export(tenant.Admin, "inventory"), "version");
        await Do(
            tenant.Admin,
            "stock/issues",
            new
            {
                store = "S-1",
                reason = "damage",
                occurredAt = TimeProvider.System.GetUtcNow().AddHours(-1),
                lines = new object[] { Line("P-1", 5) },
            }
        );
        RowCounts(await tenant.Admin.Import("stock", csv)).ShouldBe((0, 0, 1));
        (await tenant.Admin.Import("stock", Edit(csv, "S-1,P-1", ("onHand", "50")))).ShouldBe(400).Fields.ShouldBe(["line 2: onHand"]);
        (await shop.OnHand()).ShouldBe(40);
    }

    [Theory]
    [InlineData("sku,name,unitType,costPrice,sellingPrice\nP-9,x,unit\n")]
    [InlineData("sku,name,unitType,costPrice,sellingPrice\nP-9,x,unit,,\n")]
    public async Task a_new_product_requires_a_price_when_the_file_has_a_price_column(string file)
    {
        var tenant = await TestTenant.Create(host);
        (await tenant.Admin.Import("products", file)).ShouldBe(400).Fields.ShouldBe(["line 2: costPrice", "line 2: sellingPrice"]);
    }

    [Fact]
    public async Task a_product_whose_sku_lost_leading_zeros_is_found_by_its_id()
    {
        var tenant = await TestTenant.Create(host);
        await Do(tenant.Admin, "products", new { sku = "0042", name = "Forty-two" });
        var csv = await Export(tenant.Admin, "products");
        (await tenant.Admin.Import("products", csv.Replace("0042", "42", StringComparison.Ordinal)))
            .ShouldBe(400)
            .Text.ShouldContain("must be 0042");
    }

    [Fact]
    public async Task movements_without_ids_are_recognized_by_their_content()
    {
        var tenant = await CreateTenantInEveryState();
        var csv = await Export(tenant.Admin, "movements");
        var (before, rows) = (await CountRecords(tenant), Rows(csv));
        RowCounts(await tenant.Admin.Import("movements", Without(csv, "id", "recordedAt"))).ShouldBe((0, 0, rows));
        RowCounts(await tenant.Admin.Import("movements", Without(csv, "id"))).ShouldBe((0, 0, rows));
        (await tenant.Admin.Import("movements", Without(Edit(csv, "", ("quantity", "1000")), "id"))).ShouldBe(400);
        (await CountRecords(tenant)).ShouldBe(before);
    }

    [Fact]
    public async Task a_corrected_clock_neither_duplicates_recorded_movements_nor_shifts_dates()
    {
        var tenant = await TestTenant.Create(host);
        await tenant.CreateStore("S-1", "P-1", stock: 1);
        var now = TimeProvider.System.GetUtcNow();
        static string At(DateTimeOffset at) => Uri.EscapeDataString(at.ToString("O", CultureInfo.InvariantCulture));
        var file = string.Create(
            CultureInfo.InvariantCulture,
            $"id,store,sku,referenceType,quantity,occurredAt\n"
                + $"A-1,S-1,P-1,receipt,1,{now.AddHours(-2):O}\nA-2,S-1,P-1,receipt,1,2026-10-01\n"
        );
        RowCounts(await tenant.Admin.Import("movements", file, $"?sentAt={At(now.AddMinutes(10))}")).ShouldBe((2, 0, 0));
        foreach (var query in (string[])["", $"?sentAt={At(now)}", $"?sentAt={At(now.AddMinutes(-3))}"])
            RowCounts(await tenant.Admin.Import("movements", file, query)).ShouldBe((0, 0, 2), query);
        (await tenant.Admin.Get("movements?to=2026-10-02")).ShouldBe(200).Json["items"]![0]!["occurredAt"]!
            .GetValue<DateTimeOffset>()
            .ShouldBe(new DateTimeOffset(2026, 10, 1, 0, 0, 0, TimeSpan.Zero));
    }

    [Fact]
    public async Task an_imported_count_is_accepted_when_only_reservations_followed_the_export()
    {
        var tenant = await TestTenant.Create(host);
        var shop = await tenant.CreateStore("S-1", "P-1", stock: 48);
        var csv = await Export(tenant.Admin, "inventory");
        await Do(
            tenant.Admin,
            "stock/reservations",
            new
            {
                reference = "R-1",
                expiresAt = TimeProvider.System.GetUtcNow().AddDays(1),
                lines = new[]
                {
                    new
                    {
                        store = "S-1",
                        sku = "P-1",
                        quantity = 2,
                    },
                },
            }
        );
        RowCounts(await tenant.Admin.Import("stock", Edit(csv, "S-1,P-1", ("onHand", "47")))).ShouldBe((0, 1, 0));
        (await shop.OnHand()).ShouldBe(47);
    }

    [Fact]
    public async Task a_file_of_past_stock_is_not_accepted_as_current_stock()
    {
        var tenant = await TestTenant.Create(host);
        var shop = await tenant.CreateStore("S-1", "P-1", stock: 48);
        var past = await Export(tenant.Admin, $"inventory?asOf={TimeProvider.System.GetUtcNow().UtcDateTime:O}");
        await Do(
            tenant.Admin,
            "sales",
            new
            {
                store = "S-1",
                invoiceNumber = "F-1",
                lines = new object[] { Line("P-1", 3) },
            }
        );
        (await tenant.Admin.Import("stock", Edit(past, "S-1,P-1", ("onHand", "47")))).ShouldBe(400).Fields.ShouldBe(["line 2: onHand"]);
        RowCounts(await tenant.Admin.Import("stock", past)).ShouldBe((0, 0, 1));
        (await shop.OnHand()).ShouldBe(45);
    }

    public static TheoryData<string, string> StockColumns =>
        new()
        {
            { "costPerUnit", "9.99" },
            { "reserved", "7" },
            { "available", "1" },
            { "value", "1" },
            { "lastMovementAt", "2026-01-01T00:00:00Z" },
            { "product", "Other" },
            { "unitType", "kg" },
            { "reorderPoint", "77" },
            { "version", "77" },
            { "onOrder", "7" },
        };

    [Theory, MemberData(nameof(StockColumns))]
    public async Task a_stock_column_that_cannot_be_imported_is_refused_and_not_ignored(string column, string value)
    {
        var tenant = await TestTenant.Create(host);
        await tenant.CreateStore("S-1", "P-1", stock: 48);
        var csv = await Export(tenant.Admin, "inventory");
        if (column == "version")
            csv = Edit(csv, "S-1,P-1", ("onHand", "47"));
        (await tenant.Admin.Import("stock", Edit(csv, "S-1,P-1", (column, value))))
            .ShouldBe(400)
            .Fields.ShouldBe([column == "version" ? "line 2: onHand" : $"line 2: {column}"]);
    }

    [Fact]
    public async Task product_columns_of_a_stock_file_may_be_outdated()
    {
        var tenant = await TestTenant.Create(host);
        var shop = await tenant.CreateStore("S-1", "P-1", stock: 48);
        var csv = await Export(tenant.Admin, "inventory");
        (await tenant.Admin.Put("products/P-1", new { name = "Renamed", reorderPoint = 9 })).ShouldBe(200);
        RowCounts(await tenant.Admin.Import("stock", Edit(csv, "S-1,P-1", ("onHand", "47")))).ShouldBe((0, 1, 0));
        (await shop.OnHand()).ShouldBe(47);
        (await tenant.Admin.Import("stock", Edit(csv, "S-1,P-1", ("onHand", "46"), ("product", "Never"), ("version", "")))).ShouldBe(400);
    }

    [Theory]
    [InlineData("reserved", "1")]
    [InlineData("available", "47")]
    [InlineData("value", "1")]
    public async Task computed_columns_are_also_compared_by_the_last_movement(string column, string value)
    {
        var tenant = await TestTenant.Create(host);
        await tenant.CreateStore("S-1", "P-1", stock: 48);
        var csv = Without(await Export(tenant.Admin, "inventory"), "version");
        (await tenant.Admin.Import("stock", Edit(csv, "S-1,P-1", (column, value)))).ShouldBe(400).Fields.ShouldBe([$"line 2: {column}"]);
    }

    [Fact]
    public async Task a_quantity_on_order_at_the_export_may_be_in_transit_or_received_by_now()
    {
        var tenant = await TestTenant.Create(host);
        var admin = tenant.Admin;
        var shop = await tenant.CreateStore("S-1", "P-1", stock: 48);
        await Do(admin, "suppliers", new { code = "SUP", businessName = "Supplier" });
        var files = new Dictionary<decimal, string>();
        async Task Keep() =>
            files[(await admin.Get("inventory")).ShouldBe(200).Json["items"]![0]!["onOrder"]!.GetValue<decimal>()] = await Export(
                admin,
                "inventory"
            );
        await Keep();
        foreach (var number in (string[])["OC-1", "OC-2"])
        {
            await Do(
                admin,
                "purchase-orders",
                new
                {
                    store = "S-1",
                    supplier = "SUP",
                    orderNumber = number,
                    lines = new object[] { Line("P-1", 5) },
                }
            );
            await Do(admin, $"purchase-orders/{number}/send", null);
            await Keep();
        }
        await Do(admin, "purchase-orders/OC-1/receipts", new { lines = new object[] { Line("P-1", 2) } });
        await Keep();
        await Do(admin, "purchase-orders/OC-2/cancel", null);
        await Keep();
        files.Keys.Order().ShouldBe([0, 3, 5, 8, 10]);
        foreach (var (onOrder, csv) in files)
        {
            RowCounts(await admin.Import("stock", csv)).ShouldBe((0, 0, 1), $"{onOrder}");
            (await admin.Import("stock", Edit(csv, "S-1,P-1", ("onOrder", "4"))))
                .ShouldBe(400)
                .Fields.ShouldBe(["line 2: onOrder"], $"{onOrder}");
        }
        (await shop.OnHand()).ShouldBe(50);
    }

    [Theory]
    [InlineData("createdAt")]
    [InlineData("updatedAt")]
    public async Task the_change_times_of_a_product_cannot_be_imported(string column)
    {
        var tenant = await TestTenant.Create(host);
        await tenant.CreateStore("S-1", "P-1");
        var csv = await Export(tenant.Admin, "products");
        (await tenant.Admin.Put("products/P-1", new { name = "Renamed" })).ShouldBe(200);
        foreach (var file in (string[])[csv, await Export(tenant.Admin, "products")])
        {
            RowCounts(await tenant.Admin.Import("products", file)).ShouldBe((0, 0, 1));
            (await tenant.Admin.Import("products", Edit(file, "", (column, "2026-01-01T00:00:00Z"))))
                .ShouldBe(400)
                .Fields.ShouldBe([$"line 2: {column}"]);
        }
    }

    [Fact]
    public async Task a_counted_item_that_was_only_on_order_opens_at_the_products_cost()
    {
        var tenant = await CreateTenantInEveryState();
        var csv = await Export(tenant.Admin, "inventory?sku=D");
        RowCounts(await tenant.Admin.Import("stock", Edit(csv, "S-2,D", ("onHand", "3")))).ShouldBe((1, 0, 0));
        var item = (await tenant.Admin.Get("inventory?sku=D")).ShouldBe(200).Json["items"]!.AsArray().Single()!;
        (item["onHand"]!.GetValue<decimal>(), item["costPerUnit"]!.GetValue<decimal>()).ShouldBe((3, 4));
    }

    [Fact]
    public async Task a_changed_row_of_a_deactivated_store_is_refused()
    {
        var tenant = await CreateTenantInEveryState();
        foreach (var (kind, row, column) in new[] { ("stock", "S-OUT,A", "onHand"), ("movements", "", "quantity") })
        {
            var csv =
                kind == "stock"
                    ? Edit(await Export(tenant.Admin, "inventory?store=S-OUT"), row, (column, "6"))
                    : "store,sku,referenceType,quantity\nS-OUT,A,receipt,1\n";
            (await tenant.Admin.Import(kind, csv)).ShouldBe(400).Fields.ShouldBe(["line 2: store"]);
        }
    }

    public static TheoryData<string> PastMovements =>
        [
            "store,sku,referenceType,quantity,id\nS-1,P-1,receipt,5,M-1\nS-1,P-1,receipt,5,M-2\n",
            "store,sku,referenceType,quantity,id\n"
                + "S-1,P-1,receipt,5,0a8f0c0e-1111-4222-8333-444455556666\nS-1,P-1,receipt,5,0a8f0c0e-1111-4222-8333-444455556667\n",
            "store,sku,referenceType,quantity,reference,line\nS-1,P-1,receipt,5,GRN-1,1\nS-1,P-1,receipt,5,GRN-1,2\n",
            "store,sku,referenceType,quantity,occurredAt\nS-1,P-1,receipt,5,2026-10-01\nS-1,P-1,receipt,5,2026-10-01\n",
            "store,sku,referenceType,quantity,reason,costPerUnit,notes\n"
                + "S-1,P-1,adjustment,5,found,2.5,n\nS-1,P-1,adjustment,5,found,2.5,n\n",
        ];

    [Theory, MemberData(nameof(PastMovements))]
    public async Task a_file_sent_twice_is_recorded_once_and_equal_rows_are_separate_movements(string csv)
    {
        var tenant = await TestTenant.Create(host);
        var shop = await tenant.CreateStore("S-1", "P-1");
        RowCounts(await tenant.Admin.Import("movements", csv)).ShouldBe((2, 0, 0));
        foreach (var query in (string[])["", "?dryRun=true", $"?sentAt={TimeProvider.System.GetUtcNow().UtcDateTime.AddMinutes(2):O}"])
            RowCounts(await tenant.Admin.Import("movements", csv, query)).ShouldBe((0, 0, 2), query);
        (await shop.OnHand()).ShouldBe(10);
        // concurrently from two clients
        var both = await Task.WhenAll(tenant.Admin.Import("movements", csv + "\n"), tenant.Admin.Import("movements", csv + "\n"));
        // rows without an identifier in another file are new movements
        both.Sum(answer => RowCounts(answer).Created).ShouldBe(csv.Contains("notes", StringComparison.Ordinal) ? 2 : 0);
        // a longer file
        var line = csv.Split('\n')[1]
            .Replace("M-1", "M-3", StringComparison.Ordinal)
            .Replace("6666", "6668", StringComparison.Ordinal)
            .Replace("GRN-1,1", "GRN-1,3", StringComparison.Ordinal);
        RowCounts(await tenant.Admin.Import("movements", csv + line + "\n"))
            .Created.ShouldBe(csv.Contains("notes", StringComparison.Ordinal) ? 3 : 1);
    }

    [Fact]
    public async Task another_ledger_records_an_exported_file_of_movements_once()
    {
        var (from, to) = (await CreateTenantInEveryState(), await TestTenant.Create(host));
        foreach (var code in (string[])["S-1", "S-2", "S-OUT"])
            await Do(to.Admin, "stores", new { code, name = "Store" });
        foreach (var (kind, code) in new[] { ("suppliers", "SUP"), ("suppliers", "GONE") })
            await Do(to.Admin, kind, new { code, businessName = "Supplier" });
        await Do(to.Admin, "categories", new { code = "CAT", name = "Category" });
        foreach (
            var (kind, columns) in new[]
            {
                ("products", "id createdAt updatedAt"),
                ("movements", "referenceId createdBy recordedAt"),
                ("stock", ""),
            }
        )
        {
            var csv = await Export(from.Admin, ListOf[kind]);
            if (kind == "stock")
            {
                // nothing is on order in this tenant
                (await to.Admin.Import(kind, csv))
                    .ShouldBe(400)
                    .Fields.ShouldAllBe(field => field.EndsWith(": onOrder"));
                csv = Without(csv, "onOrder");
            }
            var first = await to.Admin.Import(kind, csv);
            RowCounts(first).Created.ShouldBe(kind == "stock" ? 0 : Rows(csv), kind);
            if (columns.Length > 0)
                NotTaken(first).ShouldBe(columns, kind);
            var again = await to.Admin.Import(kind, csv);
            RowCounts(again).ShouldBe((0, 0, Rows(csv)), kind);
            NotTaken(again).ShouldBe(NotTaken(first), kind);
        }
        NotTaken(await from.Admin.Import("products", await Export(from.Admin, "products"))).ShouldBe("");
        static string NotTaken(Answer answer) =>
            string.Join(' ', answer.Json["columnsNotTaken"]!.AsArray().Select(column => column!.GetValue<string>()));
        string[] ours = ["id", "referenceId", "createdBy", "recordedAt"];
        Without(await Export(to.Admin, "movements"), ours)
            .Split("\r\n")
            .Order()
            .ShouldBe(Without(await Export(from.Admin, "movements"), ours).Split("\r\n").Order());
    }

    public static TheoryData<string, string> MovementColumns =>
        new()
        {
            { "quantity", "11" },
            { "costPerUnit", "9" },
            { "reference", "other" },
            { "notes", "other" },
            { "occurredAt", "2026-01-01T00:00:00Z" },
            { "sku", "P-2" },
            { "store", "S-2" },
            { "referenceType", "purchase" },
            { "totalCost", "1" },
            { "movementType", "out" },
            { "referenceId", "0a8f0c0e-1111-4222-8333-444455556666" },
            { "createdBy", "Ana" },
            { "recordedAt", "2026-01-01T00:00:00Z" },
        };

    [Theory, MemberData(nameof(MovementColumns))]
    public async Task a_recorded_movement_cannot_be_changed_by_a_file(string column, string value)
    {
        var tenant = await TestTenant.Create(host);
        var shop = await tenant.CreateStore("S-1", "P-1", stock: 10);
        await tenant.CreateStore("S-2", "P-2");
        var refused = await tenant.Admin.Import("movements", Edit(await Export(tenant.Admin, "movements"), "", (column, value)));
        refused
            .ShouldBe(400)
            .Fields.ShouldContain(
                column switch
                {
                    "sku" or "store" => "line 2: id",
                    _ => $"line 2: {column}",
                }
            );
        (await shop.OnHand()).ShouldBe(10);
    }

    [Fact]
    public async Task two_rows_of_a_file_cannot_name_one_movement()
    {
        var tenant = await TestTenant.Create(host);
        await tenant.CreateStore("S-1", "P-1");
        (await tenant.Admin.Import("movements", "store,sku,referenceType,quantity,id\nS-1,P-1,receipt,5,M-1\nS-1,P-1,receipt,6,M-1\n"))
            .ShouldBe(400)
            .Fields.ShouldBe(["line 3: id"]);
        (
            await tenant.Admin.Import(
                "movements",
                "store,sku,referenceType,quantity,reference,line\nS-1,P-1,receipt,5,G,1\nS-1,P-1,receipt,6,G,1\nS-1,P-1,receipt,6,,1\n"
            )
        )
            .ShouldBe(400)
            .Fields.ShouldBe(["line 3: line", "line 4: reference"], ignoreOrder: true);
        (
            await tenant.Admin.Import(
                "movements",
                "store,sku,referenceType,quantity,reference,line\nS-1,P-1,receipt,5,G,1\nS-1,P-1,receipt,6,G,1\n"
            )
        )
            .ShouldBe(400)
            .Fields.ShouldBe(["line 3: line"]);
    }

    [Fact]
    public async Task concurrent_edits_of_a_product_are_merged_by_field()
    {
        var tenant = await CreateTenantInEveryState();
        var csv = await Export(tenant.Admin, "products");
        (
            await tenant.Admin.Put(
                "products/A",
                new
                {
                    name = "By somebody else",
                    costPrice = 2,
                    sellingPrice = 3.1234,
                    reorderPoint = 5,
                    minStockLevel = 5,
                    maxStockLevel = 60,
                    barcodes = new object[]
                    {
                        new { code = "007" },
                        new
                        {
                            code = "17591234567891",
                            unit = "case",
                            packQuantity = 12,
                        },
                        new { code = "12345678", kind = "internal" },
                    },
                    category = "CAT",
                    supplier = "SUP",
                    leadTimeDays = 4,
                    packSize = 12,
                }
            )
        ).ShouldBe(200);
        (await tenant.Admin.Post("products/A/deactivate", null)).ShouldBe(409); // refused: the product has open documents
        await Do(tenant.Admin, "products/F/deactivate", null);
        RowCounts(await tenant.Admin.Import("products", csv)).ShouldBe((0, 0, 6));
        RowCounts(await tenant.Admin.Import("products", Edit(csv, "", ("sellingPrice", "3.5")))).Changed.ShouldBe(6);
        var product = (await tenant.Admin.Get("products/A")).ShouldBe(200).Json;
        (
            product["name"]!.GetValue<string>(),
            product["sellingPrice"]!.GetValue<decimal>(),
            product["isActive"]!.GetValue<bool>(),
            product["leadTimeDays"]!.GetValue<int>(),
            product["category"]!.GetValue<string>()
        ).ShouldBe(("By somebody else", 3.5m, true, 4, "CAT"));
        product = (await tenant.Admin.Get("products/F")).ShouldBe(200).Json;
        (product["sellingPrice"]!.GetValue<decimal>(), product["isActive"]!.GetValue<bool>()).ShouldBe((3.5m, false));

        var both = Edit(csv, "", ("sellingPrice", "3.6"), ("leadTimeDays", "5"));
        var refused = (await tenant.Admin.Import("products", both)).ShouldBe(400);
        refused.Fields.ShouldContain("line 2: sellingPrice");
        refused.Fields.ShouldContain("line 2: leadTimeDays");
        refused.Fields.ShouldNotContain("line 2: name");
        (await tenant.Admin.Import("products", Edit(csv, "", ("version", "99")))).ShouldBe(400).Fields.ShouldContain("line 2: version");
    }

    [Fact]
    public async Task an_empty_field_never_sets_a_price_to_zero()
    {
        var tenant = await TestTenant.Create(host);
        await Do(
            tenant.Admin,
            "products",
            new
            {
                sku = "P-1",
                name = "One",
                unitType = "kg",
                costPrice = 2,
                sellingPrice = 3,
                taxRate = 16,
                reorderPoint = 5,
                minStockLevel = 4,
            }
        );
        RowCounts(
                await tenant.Admin.Import(
                    "products",
                    "sku,name,unitType,costPrice,sellingPrice,taxRate,reorderPoint,minStockLevel,isActive\nP-1,,,,,,,,\n"
                )
            )
            .ShouldBe((0, 0, 1));
        var refused = (await tenant.Admin.Import("products", "sku,name,costPrice,sellingPrice\nP-2,Two,,\nP-3,Three,0,0\n")).ShouldBe(400);
        refused.Fields.ShouldBe(["line 2: costPrice", "line 2: sellingPrice"]);
        RowCounts(await tenant.Admin.Import("products", "sku,name,costPrice,sellingPrice\nP-3,Three,0,0\n")).ShouldBe((1, 0, 0));
    }

    [Theory]
    [InlineData("products", "sku,name,barcode\nP-9,Nine,7.59123E+12\n", "line 2: barcode")]
    [InlineData("products", "sku,name\n7.59123E+12,Nine\n", "line 2: sku")]
    [InlineData("products", "sku;name;barcode\nP-9;Nine;7,59123E+12\n", "line 2: barcode")]
    [InlineData("stock", "store,sku,onHand\nS-1,7.59123E+12,1\n", "line 2: sku")]
    [InlineData("movements", "store,sku,referenceType,quantity,id\nS-1,P-1,receipt,1,7.59123E+12\n", "line 2: id")]
    public async Task a_number_that_a_spreadsheet_has_rounded_is_refused_with_the_reason(string kind, string csv, string where)
    {
        var tenant = await TestTenant.Create(host);
        await tenant.CreateStore("S-1", "P-1");
        var refused = (await tenant.Admin.Import(kind, csv)).ShouldBe(400);
        refused.Fields.ShouldBe([where]);
        refused.Text.ShouldContain("Format the column as text");
    }

    public static TheoryData<string, string> Tried =>
        new()
        {
            { "products", "sku,name\nP-7,Seven\nP-1,One\n" },
            { "products", "sku,name,category\nP-7,Seven,NONE\n" },
            { "stock", "store,sku,onHand\nS-1,P-1,4\n" },
            { "stock", "store,sku,onHand\nS-1,P-1,1\n" }, // less than is reserved
            { "stock", "store,sku,onHand,costPerUnit\nS-1,P-2,1000000000,1000000000\n" }, // more than the value of an item can hold
            { "movements", "store,sku,referenceType,quantity,reason\nS-1,P-1,issue,-6,damage\n" },
            { "movements", "store,sku,referenceType,quantity,costPerUnit\nS-1,P-1,receipt,1000000000,1000000000\n" },
            { "movements", "store,sku,referenceType,quantity,occurredAt\nS-1,P-1,receipt,1,2026-10-01\n" },
        };

    [Theory, MemberData(nameof(Tried))]
    public async Task a_dry_run_gives_the_same_answer_as_the_import(string kind, string csv)
    {
        var tenant = await TestTenant.Create(host);
        await tenant.CreateStore("S-1", "P-1", stock: 5);
        await Do(tenant.Admin, "products", new { sku = "P-2", name = "Two" });
        await Do(
            tenant.Admin,
            "stock/reservations",
            new
            {
                reference = "R-1",
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
        );
        var before = await CountRecords(tenant);
        var tried = await tenant.Admin.Import(kind, csv, "?dryRun=true");
        (await CountRecords(tenant)).ShouldBe(before);
        var done = await tenant.Admin.Import(kind, csv);
        (tried.Status, What(tried)).ShouldBe((done.Status, What(done)));

        static string What(Answer answer)
        {
            var json = answer.Json.AsObject();
            foreach (var own in (string[])["id", "dryRun", "traceId"])
                json.Remove(own);
            return json.ToJsonString();
        }
    }
}
