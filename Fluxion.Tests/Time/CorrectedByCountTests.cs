using Fluxion.Tests.Host;
using Fluxion.Tests.Tenancy;

namespace Fluxion.Tests.Time;

/// <summary>
/// A late movement, which occurred before a count and is recorded after it, changes the history and not today's stock. The receipt of every
/// command and import reports it to the sender, and a list shows it to everybody.
/// </summary>
public sealed class CorrectedByCountTests(LedgerHost host)
{
    private static readonly DateTimeOffset Morning = new(2026, 3, 2, 8, 0, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset Counted = Morning.AddHours(4);

    /// <summary>A tenant with two stores, in each of which 50 of P1 were counted.</summary>
    private async Task<TestTenant> CreateTenant()
    {
        var tenant = await TestTenant.Create(host);
        await tenant.CreateStore("M1", "P1");
        (await tenant.Admin.Post("stores", new { code = "M2", name = "The other store" })).ShouldBe(201);
        foreach (var store in (string[])["M1", "M2"])
        {
            (
                await tenant.Admin.Post(
                    "stock/receipts",
                    new
                    {
                        store,
                        occurredAt = Morning,
                        lines = Lines(50, unitCost: 2m),
                    }
                )
            ).ShouldBe(200);
            (
                await tenant.Admin.Post(
                    "stock/counts",
                    new
                    {
                        store,
                        reference = $"INV-{store}",
                        occurredAt = Counted,
                        lines = Lines(50),
                    }
                )
            ).ShouldBe(200);
        }
        return tenant;
    }

    private static object[] Lines(decimal quantity, decimal? unitCost = null) =>
        [
            unitCost is null
                ? new { sku = "P1", quantity }
                : new
                {
                    sku = "P1",
                    quantity,
                    unitCost,
                },
        ];

    private static async Task<decimal> OnHand(TestTenant tenant, string store = "M1") =>
        (await tenant.Admin.Get($"inventory?store={store}&sku=P1")).ShouldBe(200).Json["items"]![0]!["onHand"]!.GetValue<decimal>();

    /// <summary>The corrections by count in a receipt: store, movements, quantity and the reference of the count.</summary>
    private static string[] Corrections(Answer answer) =>
        [
            .. answer.Json["correctedByCount"]!
                .AsArray()
                .Select(c => $"{c!["store"]} {c["sku"]} {c["movements"]} {c["quantity"]} {c["count"]!["reference"]}"),
        ];

    [Fact]
    public async Task receipts_of_late_sales_say_that_they_changed_only_the_history()
    {
        var tenant = await CreateTenant();
        for (var i = 0; i < 5; i++)
        {
            var sale = (
                await tenant.Admin.Post(
                    "sales",
                    new
                    {
                        store = "M1",
                        invoiceNumber = $"F-{i}",
                        occurredAt = Counted.AddMinutes(-3),
                        lines = Lines(1),
                    }
                )
            ).ShouldBe(201);
            Corrections(sale).ShouldBe(["M1 P1 1 -1 INV-M1"]);
            sale.Json["correctedByCount"]![0]!["count"]!["occurredAt"]!.GetValue<DateTimeOffset>().ShouldBe(Counted);
            sale.Json["occurredAt"]!.GetValue<DateTimeOffset>().ShouldBe(Counted.AddMinutes(-3));
        }
        (await OnHand(tenant)).ShouldBe(50);
        Corrections(
                (
                    await tenant.Admin.Post(
                        "sales",
                        new
                        {
                            store = "M1",
                            invoiceNumber = "F-now",
                            lines = Lines(1),
                        }
                    )
                ).ShouldBe(201)
            )
            .ShouldBeEmpty();
        (await OnHand(tenant)).ShouldBe(49);
    }

    [Fact]
    public async Task the_receipt_of_every_command_that_moves_stock_lists_corrections_by_count()
    {
        var tenant = await CreateTenant();
        var (admin, early) = (tenant.Admin, Morning.AddHours(1));
        async Task<string[]> Said(string path, object body)
        {
            var answer = await admin.Post(path, body);
            answer.Status.ShouldBeLessThan(300, answer.Text);
            return Corrections(answer);
        }
        (
            await Said(
                "stock/receipts",
                new
                {
                    store = "M1",
                    occurredAt = early,
                    lines = Lines(3),
                }
            )
        ).ShouldBe(["M1 P1 1 3 INV-M1"]);
        (
            await Said(
                "stock/issues",
                new
                {
                    store = "M1",
                    reason = "damage",
                    occurredAt = early,
                    lines = Lines(2),
                }
            )
        ).ShouldBe(["M1 P1 1 -2 INV-M1"]);
        (
            await Said(
                "stock/adjustments",
                new
                {
                    store = "M1",
                    reason = "correction",
                    occurredAt = early,
                    lines = Lines(-1),
                }
            )
        ).ShouldBe(["M1 P1 1 -1 INV-M1"]);
        (
            await Said(
                "stock/counts",
                new
                {
                    store = "M1",
                    reference = "INV-0",
                    occurredAt = early.AddHours(1),
                    lines = Lines(40),
                }
            )
        ).ShouldBe(["M1 P1 1 -10 INV-M1"]);
        (
            await Said(
                "stock/movements",
                new
                {
                    occurredAt = early.AddHours(2),
                    lines = new object[]
                    {
                        new
                        {
                            type = "issue",
                            store = "M1",
                            sku = "P1",
                            quantity = 4,
                            reason = "damage",
                        },
                        new
                        {
                            type = "issue",
                            store = "M1",
                            sku = "P1",
                            quantity = 5,
                            reason = "damage",
                        },
                        new
                        {
                            type = "receipt",
                            store = "M2",
                            sku = "P1",
                            quantity = 6,
                        },
                        new
                        {
                            type = "receipt",
                            store = "M2",
                            sku = "P1",
                            quantity = 7,
                            occurredAt = Counted.AddHours(1),
                        },
                    },
                }
            )
        ).ShouldBe(["M1 P1 2 -9 INV-M1", "M2 P1 1 6 INV-M2"]);

        var transfer = await admin.Post(
            "stock/transfers",
            new
            {
                fromStore = "M1",
                toStore = "M2",
                occurredAt = early.AddHours(2),
                lines = Lines(8),
            }
        );
        Corrections(transfer.ShouldBe(201)).ShouldBe(["M1 P1 1 -8 INV-M1"]);
        (
            await Said(
                $"stock/transfers/{transfer.Json["id"]}/receipts",
                new
                {
                    occurredAt = early.AddHours(2.5),
                    lines = new[]
                    {
                        new
                        {
                            sku = "P1",
                            received = 7,
                            lost = 1,
                        },
                    },
                }
            )
        ).ShouldBe(["M2 P1 2 7 INV-M2"]);
        (
            await Said(
                "stock/transfers",
                new
                {
                    fromStore = "M1",
                    toStore = "M2",
                    immediate = true,
                    occurredAt = early.AddHours(2),
                    lines = Lines(1),
                }
            )
        ).ShouldBe(["M1 P1 1 -1 INV-M1", "M2 P1 1 1 INV-M2"]);

        var sold = await admin.Post(
            "sales",
            new
            {
                store = "M1",
                invoiceNumber = "F-1",
                occurredAt = early.AddHours(2),
                lines = Lines(5),
            }
        );
        Corrections(sold.ShouldBe(201)).ShouldBe(["M1 P1 1 -5 INV-M1"]);
        (
            await Said(
                $"sales/{sold.Json["id"]}/returns",
                new { occurredAt = early.AddHours(2.5), lines = new[] { new { lineNumber = 1, quantity = 2 } } }
            )
        ).ShouldBe(["M1 P1 1 2 INV-M1"]);
        var voided = await admin.Post(
            "sales",
            new
            {
                store = "M1",
                invoiceNumber = "F-2",
                occurredAt = early.AddHours(2),
                lines = Lines(5),
            }
        );
        (await Said($"sales/{voided.Json["id"]}/cancel", new { reason = "A typing error", occurredAt = early.AddHours(2.5) })).ShouldBe([
            "M1 P1 1 5 INV-M1",
        ]);

        (await admin.Post("suppliers", new { code = "V1", businessName = "A supplier" })).ShouldBe(201);
        (
            await admin.Post(
                "purchase-orders",
                new
                {
                    store = "M1",
                    supplier = "V1",
                    orderNumber = "OC-1",
                    orderDate = "2026-03-01",
                    lines = Lines(9),
                }
            )
        ).ShouldBe(201);
        (await admin.Post("purchase-orders/OC-1/send", null)).ShouldBe(200);
        (await Said("purchase-orders/OC-1/receipts", new { occurredAt = early.AddHours(2), lines = Lines(9) })).ShouldBe([
            "M1 P1 1 9 INV-M1",
        ]);

        (await OnHand(tenant)).ShouldBe(50);
        (await OnHand(tenant, "M2")).ShouldBe(57); // only the line that occurred after the count
    }

    [Fact]
    public async Task every_command_with_occurredAt_accepts_sentAt_and_lists_corrections_by_count()
    {
        var api = await OpenApi.Of(await Client.Demo(host, "admin"));
        var dated = api
            .Operations.Where(o => o.Body is { } body && api.Schema(body["schema"]!)["properties"]!["occurredAt"] is not null)
            .ToList();
        dated.Count.ShouldBeGreaterThanOrEqualTo(12);
        foreach (var command in dated)
        {
            api.Schema(command.Body!["schema"]!)["properties"]!["sentAt"].ShouldNotBeNull(command.ToString());
            var reply = api.Schema(
                command.Json["responses"]!.AsObject().First(r => r.Key[0] == '2').Value!["content"]!["application/json"]!["schema"]!
            )["properties"]!;
            reply["occurredAt"].ShouldNotBeNull(command.ToString());
            reply["correctedByCount"].ShouldNotBeNull(command.ToString());
        }
    }

    [Fact]
    public async Task an_import_lists_corrections_by_count()
    {
        var tenant = await CreateTenant();
        const string File =
            "store,sku,referenceType,quantity,reason,occurredAt\n"
            + "M1,P1,receipt,24,,2026-03-02T09:00:00Z\nM1,P1,issue,-4,damage,2026-03-02T10:00:00Z\nM2,P1,receipt,5,,2026-03-02T13:00:00Z\n";
        var import = (
            await tenant.Admin.Send(HttpMethod.Post, "imports/movements", File, Guid.CreateVersion7().ToString(), contentType: "text/csv")
        ).ShouldBe(200);
        Corrections(import).ShouldBe(["M1 P1 2 20 INV-M1"]);
        (await OnHand(tenant)).ShouldBe(50);
        (await OnHand(tenant, "M2")).ShouldBe(55);
    }

    [Fact]
    public async Task a_list_and_a_view_show_the_corrections_by_count_of_a_period()
    {
        var tenant = await CreateTenant();
        var before = TimeProvider.System.GetUtcNow().AddSeconds(-1).ToString("O");
        (
            await tenant.Admin.Post(
                "sales",
                new
                {
                    store = "M1",
                    invoiceNumber = "F-7",
                    occurredAt = Counted.AddMinutes(-3),
                    lines = Lines(2),
                }
            )
        ).ShouldBe(201);
        (
            await tenant.Admin.Post(
                "stock/receipts",
                new
                {
                    store = "M2",
                    reference = "GRN-8",
                    occurredAt = Morning.AddHours(1),
                    lines = Lines(3),
                }
            )
        ).ShouldBe(200);
        async Task<string[]> List(string filter) =>
            [
                .. (await tenant.Admin.Get($"stock/count-corrections?{filter}")).ShouldBe(200).Json["items"]!
                    .AsArray()
                    .Select(r =>
                        $"{r!["store"]} {r["sku"]} {r["document"]} {r["documentReference"]} {r["quantity"]} "
                        + $"{r["countReference"]} {r["user"]}"
                    ),
            ];
        string[] both = [$"M2 P1 receipt GRN-8 3 INV-M2 {TestTenant.AdminEmail}", $"M1 P1 sale F-7 -2 INV-M1 {TestTenant.AdminEmail}"];
        (await List("")).ShouldBe(both);
        (await List($"from={Uri.EscapeDataString(before)}&sku=P1")).ShouldBe(both);
        (await List($"to={Uri.EscapeDataString(before)}")).ShouldBeEmpty();
        (await List("store=M2")).ShouldBe(both[..1]);
        (await List("limit=1")).ShouldBe(both[..1]);

        await using var analyst = await host.OpenSuperuser();
        await analyst.Execute($"set role {tenant.Analyst}; set search_path to {tenant.Schema}, public");
        (
            await analyst.Column<string>(
                """
                select format('%s %s %s %s', store, document_reference, trim_scale(quantity), count_reference)
                from count_corrections order by recorded_at
                """
            )
        ).ShouldBe(["M1 F-7 -2 INV-M1", "M2 GRN-8 3 INV-M2"]);
    }

    [Fact]
    public async Task a_user_of_one_store_sees_only_its_corrections_by_count()
    {
        var tenant = await CreateTenant();
        foreach (var store in (string[])["M1", "M2"])
            (
                await tenant.Admin.Post(
                    "stock/issues",
                    new
                    {
                        store,
                        reason = "damage",
                        occurredAt = Morning.AddHours(1),
                        lines = Lines(1),
                    }
                )
            ).ShouldBe(200);
        var luis = await tenant.CreateUser(host, "luis@company.test", "viewer", "M2");
        (await luis.Get("stock/count-corrections")).ShouldBe(200).Json["items"]!
            .AsArray()
            .Select(r => r!["store"]!.GetValue<string>())
            .ShouldBe(["M2"]);
    }

    [Fact]
    public async Task a_command_without_occurredAt_never_precedes_a_count()
    {
        var tenant = await CreateTenant();
        var answers = await Task.WhenAll(
            Enumerable
                .Range(0, 24)
                .Select(i =>
                    i % 3 == 0
                        ? tenant.Admin.Post("stock/counts", new { store = "M1", lines = Lines(50) })
                        : tenant.Admin.Post(
                            "sales",
                            new
                            {
                                store = "M1",
                                invoiceNumber = $"F-{i}",
                                lines = Lines(1),
                            }
                        )
                )
        );
        answers.ShouldAllBe(answer => answer.Status < 300 && answer.Json["correctedByCount"]!.AsArray().Count == 0);
        var times = (await tenant.Admin.Get("movements?store=M1&limit=1000")).ShouldBe(200).Json["items"]!
            .AsArray()
            .Select(m => m!["occurredAt"]!.GetValue<DateTimeOffset>())
            .ToList();
        times.ShouldBe(times.OrderDescending());
        var facts = await tenant.Admin.Get("audit/explain?store=M1&sku=P1&limit=1000");
        var places = facts.ShouldBe(200).Json["items"]!.AsArray().Select(m => m!["place"]!.GetValue<long>()).ToList();
        places
            .Zip(places.Order())
            .ShouldAllBe(pair => pair.First == pair.Second, "the order in which they happened is the one in which they were recorded");
    }

    [Theory]
    [InlineData(2_000)]
    public async Task a_long_history_is_loaded_once_per_item_and_not_once_per_line(int size)
    {
        var tenant = await CreateTenant();
        var later = Enumerable
            .Range(0, size)
            .Select(i => new
            {
                type = "receipt",
                store = "M1",
                sku = "P1",
                quantity = 1,
                occurredAt = Counted.AddSeconds(i + 1),
            });
        (await tenant.Admin.Post("stock/movements", new { lines = later })).ShouldBe(200);
        var early = Enumerable
            .Range(0, size)
            .Select(i => new
            {
                type = "receipt",
                store = "M1",
                sku = "P1",
                quantity = 1,
                occurredAt = Morning.AddSeconds(i + 1),
            });
        var allocated = GC.GetTotalAllocatedBytes();
        Corrections((await tenant.Admin.Post("stock/movements", new { lines = early })).ShouldBe(200))
            .ShouldBe([$"M1 P1 {size} {size} INV-M1"]);
        (GC.GetTotalAllocatedBytes() - allocated).ShouldBeLessThan(
            size * 150_000L,
            "bytes a line, the client's own and what others do meanwhile included"
        );
        (await OnHand(tenant)).ShouldBe(50 + size);
    }
}
