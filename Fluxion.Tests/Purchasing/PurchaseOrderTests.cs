using System.Text.Json.Nodes;
using Fluxion.Ledger.Decisions;
using Fluxion.Ledger.Purchasing;
using Fluxion.Ledger.Sales;
using Fluxion.Ledger.Session;
using Fluxion.Ledger.Time;
using Fluxion.Tests.Host;
using Fluxion.Tests.Tenancy;

namespace Fluxion.Tests.Purchasing;

/// <summary>A tenant with two stores, a supplier, and products of two tax rates and two kinds of unit.</summary>
public sealed class PurchasingTenant(LedgerHost host) : IAsyncLifetime
{
    private int _orders,
        _deliveries;

    public TestTenant Tenant { get; private set; } = null!;
    public Client Admin => Tenant.Admin;

    public async ValueTask InitializeAsync()
    {
        Tenant = await TestTenant.Create(host);
        foreach (var code in (string[])["S1", "S2"])
            (await Admin.Post("stores", new { code, name = $"Store {code}" })).ShouldBe(201);
        foreach (var code in (string[])["V1", "V2"])
            (await Admin.Post("suppliers", new { code, businessName = $"Supplier {code}" })).ShouldBe(201);
        (
            await Admin.Post(
                "products",
                new
                {
                    sku = "MILK",
                    name = "Milk",
                    costPrice = 2.5,
                    taxRate = 16,
                }
            )
        ).ShouldBe(201);
        (
            await Admin.Post(
                "products",
                new
                {
                    sku = "WINE",
                    name = "Wine",
                    costPrice = 7,
                    taxRate = 16,
                }
            )
        ).ShouldBe(201);
        (
            await Admin.Post(
                "products",
                new
                {
                    sku = "CHEESE",
                    name = "Cheese",
                    unitType = "kg",
                    costPrice = 4.1234,
                }
            )
        ).ShouldBe(201);
    }

    /// <summary>A tenant for one test, which disposes of it.</summary>
    public static async Task<PurchasingTenant> Create(LedgerHost host)
    {
        var tenant = new PurchasingTenant(host);
        await tenant.InitializeAsync();
        return tenant;
    }

    public string NextNumber() => $"OC-{Interlocked.Increment(ref _orders)}";

    public async Task<string> NewSku(decimal costPrice = 2.5m)
    {
        var sku = $"P-{Guid.CreateVersion7().ToString("N")[^10..].ToUpperInvariant()}";
        (
            await Admin.Post(
                "products",
                new
                {
                    sku,
                    name = "A product",
                    costPrice,
                }
            )
        ).ShouldBe(201);
        return sku;
    }

    public async Task<string> Draft(string sku, decimal quantity, string store = "S1", Client? client = null, string? orderDate = null)
    {
        var number = NextNumber();
        (
            await (client ?? Admin).Post(
                "purchase-orders",
                new
                {
                    store,
                    supplier = "V1",
                    orderNumber = number,
                    orderDate,
                    lines = new[] { new { sku, quantity } },
                }
            )
        ).ShouldBe(201);
        return number;
    }

    public async Task<string> CreateSentOrder(string sku, decimal quantity, string store = "S1", string? orderDate = null)
    {
        var number = await Draft(sku, quantity, store, orderDate: orderDate);
        (await Do(number, "send")).ShouldBe(200);
        return number;
    }

    public Task<Answer> Do(string order, string command, Client? client = null) =>
        (client ?? Admin).Post($"purchase-orders/{order}/{command}", null);

    /// <param name="reference">The delivery note; null generates a unique one, which is derived from the key when there is one.</param>
    public Task<Answer> Receive(
        string order,
        string sku,
        decimal quantity,
        decimal? unitCost = null,
        string? key = "new",
        string? occurredAt = null,
        Client? client = null,
        string? reference = null
    )
    {
        reference ??= $"NE-{(key is null or "new" ? $"{Interlocked.Increment(ref _deliveries)}" : key)}";
        return (client ?? Admin).Post(
            $"purchase-orders/{order}/receipts",
            new
            {
                reference,
                occurredAt,
                lines = new[]
                {
                    new
                    {
                        sku,
                        quantity,
                        unitCost,
                    },
                },
            },
            key
        );
    }

    public Task<Answer> Return(
        string order,
        string sku,
        decimal quantity,
        Guid? delivery = null,
        bool replacement = true,
        decimal? unitCost = null,
        string? key = "new",
        string? occurredAt = null,
        Client? client = null,
        string? reference = null
    ) =>
        (client ?? Admin).Post(
            $"purchase-orders/{order}/returns",
            new
            {
                delivery,
                replacement,
                reference,
                reason = "Damaged",
                occurredAt,
                lines = new[]
                {
                    new
                    {
                        sku,
                        quantity,
                        unitCost,
                    },
                },
            },
            key
        );

    public Task<Answer> SetOverReceiptPercent(decimal percent) => Admin.Put("settings", new { overReceiptPercent = percent });

    public async Task<JsonNode> Order(string order) => (await Admin.Get($"purchase-orders/{order}")).ShouldBe(200).Json;

    public async Task<JsonArray> Lines(string order) =>
        (await Admin.Get($"purchase-orders/{order}")).ShouldBe(200).Json["lines"]!.AsArray();

    public async Task<JsonNode?> Inventory(string sku, string store = "S1") =>
        (await Admin.Get($"inventory?store={store}&sku={sku}")).ShouldBe(200).Json["items"]!.AsArray().SingleOrDefault();

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}

public sealed class PurchaseOrderTests(LedgerHost host, PurchasingTenant purchasing) : IClassFixture<PurchasingTenant>
{
    private static decimal Number(JsonNode? node) => node!.GetValue<decimal>();

    [Fact]
    public async Task an_order_goes_from_draft_to_received_with_the_expected_totals()
    {
        var number = purchasing.NextNumber();
        var drafted = (
            await purchasing.Admin.Post(
                "purchase-orders",
                new
                {
                    store = "s2",
                    supplier = "v1",
                    orderNumber = $" {number.ToLowerInvariant()} ",
                    orderDate = "2026-01-30",
                    expectedDate = "2026-02-06",
                    lines = new object[]
                    {
                        new
                        {
                            sku = "MILK",
                            quantity = 3,
                            unitCost = 1.115,
                        }, // 3.345 → 3.35
                        new
                        {
                            sku = "WINE",
                            quantity = 1,
                            unitCost = 0.07,
                        }, // 0.07
                        new { sku = "CHEESE", quantity = 1.125 }, // 1.125 × 4.1234 = 4.638825 → 4.64
                    },
                }
            )
        ).ShouldBe(201);
        drafted.Headers.Location!.ToString().ShouldBe($"/api/{purchasing.Tenant.Slug}/purchase-orders/{drafted.Json["id"]}");
        drafted.Json["orderNumber"]!.GetValue<string>().ShouldBe(number);
        Number(drafted.Json["subtotal"]).ShouldBe(8.06m);
        Number(drafted.Json["taxAmount"]).ShouldBe(0.55m); // 16 % of 3.42 = 0.5472; the cheese is exempt
        Number(drafted.Json["totalAmount"]).ShouldBe(8.61m);

        (await purchasing.Do(number, "send")).ShouldBe(200).Json["status"]!.GetValue<string>().ShouldBe("sent");
        (await purchasing.Do(number, "confirm")).ShouldBe(200).Json["status"]!.GetValue<string>().ShouldBe("confirmed");
        var first = (await purchasing.Receive(number, "MILK", 2, occurredAt: "2026-02-05T21:00:00-04:00")).ShouldBe(200).Json;
        first["status"]!.GetValue<string>().ShouldBe("partial");
        (Number(first["stock"]![0]!["onHand"]), first["stock"]!.AsArray().Count).ShouldBe((2m, 1));
        (await purchasing.Order(number))["receivedDate"].ShouldBeNull();
        Number((await purchasing.Inventory("MILK", "S2"))!["onOrder"]).ShouldBe(1);

        var rest = (
            await purchasing.Admin.Post(
                $"purchase-orders/{number}/receipts",
                new
                {
                    occurredAt = "2026-02-04T10:00:00-04:00",
                    lines = new object[]
                    {
                        new
                        {
                            sku = "milk",
                            quantity = 1,
                            unitCost = 2.5,
                        },
                        new { sku = "CHEESE", quantity = 1.125 },
                        new { sku = "WINE", quantity = 1 },
                    },
                }
            )
        ).ShouldBe(200).Json;
        rest["status"]!.GetValue<string>().ShouldBe("received");
        Number(rest["totalAmount"]).ShouldBe(8.61m);

        var order = await purchasing.Order(number);
        (
            order["status"]!.GetValue<string>(),
            order["orderDate"]!.GetValue<string>(),
            order["expectedDate"]!.GetValue<string>(),
            order["receivedDate"]!.GetValue<string>()
        ).ShouldBe(("received", "2026-01-30", "2026-02-06", "2026-02-06")); // 21:00 in Caracas is the next day in UTC
        (order["store"]!.GetValue<string>(), order["supplier"]!.GetValue<string>(), order["version"]!.GetValue<long>()).ShouldBe(
            ("S2", "V1", 5)
        );
        (await purchasing.Lines(number))
            .Select(l => $"{l!["sku"]} {l["quantityOrdered"]} {l["quantityReceived"]} {l["unitCost"]} {l["lineTotal"]}")
            .ShouldBe(["CHEESE 1.125 1.125 4.1234 4.64", "MILK 3 3 1.115 3.35", "WINE 1 1 0.07 0.07"]);
        var milk = (await purchasing.Inventory("MILK", "S2"))!;
        (Number(milk["onHand"]), Number(milk["onOrder"]), Number(milk["costPerUnit"])).ShouldBe((3m, 0m, 1.5767m)); // (2 × 1.115 + 2.5) / 3
        var movements = (await purchasing.Admin.Get($"movements?document={order["id"]}")).ShouldBe(200).Json["items"]!.AsArray();
        movements.Count.ShouldBe(4);
        movements.ShouldAllBe(m => m!["referenceType"]!.GetValue<string>() == "purchase" && m["movementType"]!.GetValue<string>() == "in");
    }

    [Fact]
    public void the_tax_is_rounded_once_per_rate() =>
        // 16 %: 0.03 + 0.03 + 0.03 = 0.09 → 0.0144; a line alone would be 0.0048 → 0; 8 %: 0.0625 → 0.005 → 0.01
        Taxes.Total([(0.03m, 16), (0.0625m, 8), (0.03m, 16), (0.03m, 16), (100, 0)]).ShouldBe(0.02m);

    // Every command in every state

    private static readonly string[] Commands = ["change", "send", "confirm", "receive", "return", "close", "reopen", "cancel"];

    private const string Matrix = """
                   change send confirm receive return close reopen cancel
        draft      yes    yes  no      no      no     no    no     yes
        sent       no     no   yes     yes     no     no    no     yes
        confirmed  no     no   no      yes     no     no    no     yes
        partial    no     no   no      yes     yes    yes   no     no
        received   no     no   no      no      yes    no    yes    no
        cancelled  no     no   no      no      no     no    yes    no
        """;

    private static Dictionary<(string State, string Command), bool> Allowed() =>
        Matrix
            .Split('\n')
            .Skip(1)
            .Select(row => row.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
            .SelectMany(row => Commands.Select((command, i) => (Key: (row[0], command), Yes: row[i + 1] == "yes")))
            .ToDictionary(c => c.Key, c => c.Yes);

    public static TheoryData<string, string> Cases() =>
        [.. PurchaseOrderStatus.All.SelectMany(_ => Commands, (state, command) => (state, command))];

    [Fact]
    public void the_transitions_in_the_code_match_the_table_in_this_test()
    {
        PurchaseOrder.Allowed.Keys.ShouldBe(Commands, ignoreOrder: true);
        foreach (var ((state, command), yes) in Allowed())
            PurchaseOrder.Allowed[command].Contains(state).ShouldBe(yes, $"{command} in {state}");
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task a_command_is_accepted_in_its_states_and_refused_in_others_with_the_allowed_ones(string state, string command)
    {
        var sku = await purchasing.NewSku();
        var number = await purchasing.Draft(sku, 5);
        string[] way = state switch
        {
            "draft" => [],
            "cancelled" => ["cancel"],
            "sent" => ["send"],
            _ => ["send", "confirm"],
        };
        foreach (var step in way)
            (await purchasing.Do(number, step)).ShouldBe(200);
        if (state is "partial" or "received")
            (await purchasing.Receive(number, sku, state == "partial" || command == "reopen" ? 2 : 5)).ShouldBe(200);
        if (state == "received" && command == "reopen")
            (await purchasing.Do(number, "close")).ShouldBe(200);
        (await purchasing.Order(number))["status"]!.GetValue<string>().ShouldBe(state);

        var answer = command switch
        {
            "change" => await purchasing.Admin.Put(
                $"purchase-orders/{number}",
                new { supplier = "V2", lines = new[] { new { sku, quantity = 6 } } }
            ),
            "receive" => await purchasing.Receive(number, sku, 1),
            "return" => await purchasing.Return(number, sku, 1),
            _ => await purchasing.Do(number, command),
        };
        if (Allowed()[(state, command)])
        {
            answer.ShouldBe(200);
            return;
        }
        answer
            .ShouldBe(409)
            .Detail!.ShouldBe(
                $"The purchase order is {state}: {command} is allowed when it is {string.Join(" or ", PurchaseOrder.Allowed[command])}."
            );
        (await purchasing.Order(number))["status"]!.GetValue<string>().ShouldBe(state);
    }

    [Fact]
    public async Task a_closed_order_has_the_day_of_its_last_delivery_and_nothing_on_order()
    {
        var sku = await purchasing.NewSku();
        var number = await purchasing.CreateSentOrder(sku, 24, orderDate: "2026-02-20");
        (await purchasing.Receive(number, sku, 20, occurredAt: "2026-02-19T12:00:00Z")).ShouldBe(400).Fields.ShouldBe(["occurredAt"]);
        (await purchasing.Receive(number, sku, 20, occurredAt: "2026-03-01T12:00:00Z")).ShouldBe(200);
        Number((await purchasing.Inventory(sku))!["onOrder"]).ShouldBe(4);
        (await purchasing.Do(number, "close")).ShouldBe(200).Json["status"]!.GetValue<string>().ShouldBe("received");
        (await purchasing.Order(number))["receivedDate"]!.GetValue<string>().ShouldBe("2026-03-01");
        Number((await purchasing.Inventory(sku))!["onOrder"]).ShouldBe(0);
    }

    [Fact]
    public async Task a_first_order_of_a_product_shows_as_on_order_and_its_draft_does_not()
    {
        var sku = await purchasing.NewSku();
        var number = await purchasing.Draft(sku, 24);
        (await purchasing.Inventory(sku)).ShouldBeNull();
        (await purchasing.Do(number, "send")).ShouldBe(200);
        var row = (await purchasing.Inventory(sku))!;
        (Number(row["onHand"]), Number(row["available"]), Number(row["onOrder"]), Number(row["value"])).ShouldBe((0m, 0m, 24m, 0m));
        row["lastMovementAt"].ShouldBeNull();
        (await purchasing.Inventory(sku, "S2")).ShouldBeNull();
        (await purchasing.Receive(number, sku, 4)).ShouldBe(200);
        row = (await purchasing.Inventory(sku))!;
        (Number(row["onHand"]), Number(row["onOrder"])).ShouldBe((4m, 20m));
        var cancelled = await purchasing.CreateSentOrder(await purchasing.NewSku(), 1);
        (await purchasing.Do(cancelled, "cancel")).ShouldBe(200);
        (await purchasing.Inventory((await purchasing.Lines(cancelled))[0]!["sku"]!.GetValue<string>())).ShouldBeNull();
    }

    [Fact]
    public async Task a_changed_draft_loses_the_lines_that_it_no_longer_names()
    {
        var (kept, dropped, added) = (await purchasing.NewSku(), await purchasing.NewSku(), await purchasing.NewSku(3));
        var number = purchasing.NextNumber();
        (
            await purchasing.Admin.Post(
                "purchase-orders",
                new
                {
                    store = "S1",
                    supplier = "V1",
                    orderNumber = number,
                    lines = new[] { new { sku = kept, quantity = 1 }, new { sku = dropped, quantity = 2 } },
                }
            )
        ).ShouldBe(201);
        var id = (await purchasing.Lines(number)).Single(l => l!["sku"]!.GetValue<string>() == kept)!["id"]!.GetValue<string>();
        var body = new
        {
            supplier = "V2",
            notes = "n",
            version = 1,
            lines = new[] { new { sku = added, quantity = 4 }, new { sku = kept, quantity = 3 } },
        };
        (await purchasing.Admin.Put($"purchase-orders/{number}", body)).ShouldBe(200).Json["totalAmount"]!
            .GetValue<decimal>()
            .ShouldBe(19.5m); // 4 × 3 + 3 × 2.50
        (await purchasing.Admin.Put($"purchase-orders/{number}", body)).ShouldBe(409).Detail!.ShouldContain("version 2");
        (
            await purchasing.Admin.Put(
                $"purchase-orders/{number}",
                new
                {
                    body.supplier,
                    body.notes,
                    body.lines,
                }
            )
        ).ShouldBe(200);
        var order = await purchasing.Order(number);
        // the second, identical change had no effect
        (order["supplier"]!.GetValue<string>(), order["version"]!.GetValue<long>()).ShouldBe(("V2", 2));
        var lines = (await purchasing.Lines(number)).ToDictionary(l => l!["sku"]!.GetValue<string>(), l => l!);
        lines.Keys.ShouldBe([kept, added], ignoreOrder: true);
        (lines[kept]["id"]!.GetValue<string>(), Number(lines[kept]["quantityOrdered"])).ShouldBe((id, 3m));
        // a line that was dropped can be added again
        (
            await purchasing.Admin.Put(
                $"purchase-orders/{number}",
                new { supplier = "V2", lines = new[] { new { sku = dropped, quantity = 7 } } }
            )
        ).ShouldBe(200);
        (await purchasing.Lines(number)).ShouldHaveSingleItem()!["sku"]!.GetValue<string>().ShouldBe(dropped);
    }

    // Never more than ordered

    [Fact]
    public async Task twenty_of_24_concurrent_deliveries_of_20_ordered_units_are_accepted()
    {
        var sku = await purchasing.NewSku();
        var number = await purchasing.CreateSentOrder(sku, 20);
        var answers = await Task.WhenAll(Enumerable.Range(0, 24).Select(_ => purchasing.Receive(number, sku, 1)));
        answers.Count(a => a.Status == 200).ShouldBe(20);
        answers.Count(a => a.Status == 409).ShouldBe(4);
        Number((await purchasing.Inventory(sku))!["onHand"]).ShouldBe(20);
        (await purchasing.Order(number))["status"]!.GetValue<string>().ShouldBe("received");
    }

    [Fact]
    public async Task concurrent_deliveries_of_a_complete_line_are_accepted_once()
    {
        var sku = await purchasing.NewSku();
        var number = await purchasing.CreateSentOrder(sku, 24);
        var answers = await Task.WhenAll(Enumerable.Range(0, 24).Select(_ => purchasing.Receive(number, sku, 24)));
        answers.Count(a => a.Status == 200).ShouldBe(1);
        Number((await purchasing.Inventory(sku))!["onHand"]).ShouldBe(24);
    }

    [Fact]
    public async Task a_delivery_repeated_under_its_key_is_received_once()
    {
        var sku = await purchasing.NewSku();
        var number = await purchasing.CreateSentOrder(sku, 24);
        var key = Guid.CreateVersion7().ToString();
        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => purchasing.Receive(number, sku, 5, key: key)));
        answers.Select(a => a.ShouldBe(200).Text).Distinct().Count().ShouldBe(1);
        Number((await purchasing.Inventory(sku))!["onHand"]).ShouldBe(5);
        (await purchasing.Receive(number, sku, 6, key: key)).ShouldBe(422);
    }

    [Theory]
    [InlineData(0, 24, 200)]
    [InlineData(0, 25, 409)]
    [InlineData(5, 105, 200)]
    [InlineData(5, 106, 409)]
    [InlineData(12.5, 112.5, 200)]
    [InlineData(12.5, 112.501, 409)]
    public void a_delivery_may_exceed_the_order_up_to_the_tolerance(decimal percent, decimal quantity, int status)
    {
        var line = new PurchaseOrderLine(Guid.CreateVersion7(), Guid.CreateVersion7(), "CHEESE", percent == 0 ? 24 : 100, 2, 0, 0);
        var order = new PurchaseOrder(Guid.CreateVersion7(), "OC", "sent", Guid.Empty, Guid.Empty, default, null, null, null, null, [line]);
        // two lines of one product are checked together
        var command = new ReceivePurchaseOrder([new("CHEESE", quantity - 1), new(line.ProductId.ToString(), 1)]);
        var (received, problem) = ReceivePurchaseOrderEndpoint.Receive(
            order,
            command,
            percent,
            Guid.CreateVersion7(),
            DateTimeOffset.UnixEpoch,
            Zone.Utc
        );
        (problem?.Kind).ShouldBe(status == 200 ? null : RefusalKind.Conflict);
        if (received is not null)
            PurchaseOrder.Fold(order.Id, order, received).Status.ShouldBe("received");
    }

    [Fact]
    public async Task the_over_receipt_tolerance_is_a_setting_of_the_tenant()
    {
        var tenant = await TestTenant.Create(host);
        var admin = tenant.Admin;
        await tenant.CreateStore("S1", "P1");
        (await admin.Post("suppliers", new { code = "V1", businessName = "A supplier" })).ShouldBe(201);
        (
            await admin.Post(
                "purchase-orders",
                new
                {
                    store = "S1",
                    supplier = "V1",
                    orderNumber = "OC-1",
                    lines = new[] { new { sku = "P1", quantity = 100 } },
                }
            )
        ).ShouldBe(201);
        (await admin.Post("purchase-orders/OC-1/send", null)).ShouldBe(200);
        Task<Answer> Receive(decimal quantity) =>
            admin.Post("purchase-orders/OC-1/receipts", new { lines = new[] { new { sku = "P1", quantity } } });

        (await admin.Get("settings"))
            .ShouldBe(200)
            .Text.ShouldBe(
                """{"overReceiptPercent":0,"alerts":{"rateDays":28,"leadTimeDays":7,"reopenHours":24,"slowMovingDays":90},"""
                    + "\"timezone\":\"UTC\",\"pricesIncludeTax\":false,\"uniqueReferences\":true}"
            );
        (await Receive(101)).ShouldBe(409).Detail!.ShouldContain("100 of P1 were ordered");
        (await admin.Put("settings", new { overReceiptPercent = 100.5 })).ShouldBe(400).Fields.ShouldBe(["overReceiptPercent"]);
        for (var i = 0; i < 2; i++)
            (await admin.Put("settings", new { overReceiptPercent = 10 })).ShouldBe(200);
        (await admin.Get("settings"))
            .ShouldBe(200)
            .Text.ShouldBe(
                """{"overReceiptPercent":10,"alerts":{"rateDays":28,"leadTimeDays":7,"reopenHours":24,"slowMovingDays":90},"""
                    + "\"timezone\":\"UTC\",\"pricesIncludeTax\":false,\"uniqueReferences\":true}"
            );
        (await Receive(111)).ShouldBe(409);
        (await Receive(110)).ShouldBe(200).Json["status"]!.GetValue<string>().ShouldBe("received");
        (await admin.Get("inventory?sku=P1")).Json["items"]![0]!["onOrder"]!.GetValue<decimal>().ShouldBe(0);
        (await admin.Get("events?entityType=settings")).ShouldBe(200).Json["items"]!.AsArray().Count.ShouldBe(1);
        (await (await Client.Demo(host, "manager")).Get("settings")).ShouldBe(403);
    }

    // Permissions and invalid input

    [Fact]
    public async Task one_of_24_concurrent_orders_with_one_number_is_accepted()
    {
        var number = purchasing.NextNumber();
        var answers = await Task.WhenAll(
            Enumerable
                .Range(0, 24)
                .Select(_ =>
                    purchasing.Admin.Post(
                        "purchase-orders",
                        new
                        {
                            store = "S1",
                            supplier = "V1",
                            orderNumber = number,
                            lines = new[] { new { sku = "MILK", quantity = 1 } },
                        }
                    )
                )
        );
        answers.Count(a => a.Status == 201).ShouldBe(1);
        answers.Count(a => a.Status == 409).ShouldBe(23);
    }

    [Fact]
    public async Task a_user_of_one_store_cannot_order_receive_or_read_for_another()
    {
        var storeUser = await purchasing.Tenant.CreateUser(host, "keeper@company.test", "manager", "S2");
        var (sku, his) = (await purchasing.NewSku(), await purchasing.NewSku());
        var others = await purchasing.CreateSentOrder(sku, 5);
        (
            await storeUser.Post(
                "purchase-orders",
                new
                {
                    store = "S1",
                    supplier = "V1",
                    orderNumber = purchasing.NextNumber(),
                    lines = new[] { new { sku, quantity = 1 } },
                }
            )
        ).ShouldBe(403).Detail!.ShouldContain("S1");
        foreach (var command in (string[])["send", "confirm", "cancel", "close"])
            (await purchasing.Do(others, command, storeUser)).ShouldBe(403);
        (await purchasing.Receive(others, sku, 1, client: storeUser)).ShouldBe(403);
        (await storeUser.Put($"purchase-orders/{others}", new { supplier = "V1", lines = new[] { new { sku, quantity = 1 } } })).ShouldBe(
            403
        );
        (await storeUser.Get($"purchase-orders/{others}")).ShouldBe(404);
        var own = await purchasing.Draft(his, 2, "S2", storeUser);
        (await purchasing.Do(own, "send", storeUser)).ShouldBe(200);
        (await purchasing.Receive(own, his, 2, client: storeUser)).ShouldBe(200);
        (await storeUser.Get("purchase-orders?limit=1000")).Json["items"]!
            .AsArray()
            .Select(o => o!["store"]!.GetValue<string>())
            .Distinct()
            .ShouldBe(["S2"]);
    }

    [Fact]
    public async Task users_draft_and_receive_and_managers_send_confirm_cancel_and_close()
    {
        var (user, viewer) = (await Client.Demo(host, "user"), await Client.Demo(host, "viewer"));
        foreach (var command in (string[])["send", "confirm", "cancel", "close"])
            (await user.Post($"purchase-orders/OC-1002/{command}", null)).ShouldBe(403);
        (await viewer.Post("purchase-orders", new { })).ShouldBe(403);
        (await viewer.Get("purchase-orders/OC-1002")).ShouldBe(200).Json["lines"]!.AsArray().Count.ShouldBe(3);
    }

    [Fact]
    public async Task orders_are_filtered_by_store_supplier_status_and_date_and_paged()
    {
        var tenant = await TestTenant.Create(host);
        var admin = tenant.Admin;
        await tenant.CreateStore("S1", "P1");
        foreach (var code in (string[])["V1", "V2"])
            (await admin.Post("suppliers", new { code, businessName = code })).ShouldBe(201);
        for (var i = 1; i <= 5; i++)
            (
                await admin.Post(
                    "purchase-orders",
                    new
                    {
                        store = "S1",
                        supplier = i == 3 ? "V2" : "V1",
                        orderNumber = $"OC-{i}",
                        orderDate = $"2026-02-0{i}",
                        lines = new[] { new { sku = "P1", quantity = i } },
                    }
                )
            ).ShouldBe(201);
        (await admin.Post("purchase-orders/OC-2/send", null)).ShouldBe(200);
        async Task<string> Numbers(string query) =>
            string.Join(
                ' ',
                (await admin.Get($"purchase-orders?{query}")).ShouldBe(200).Json["items"]!.AsArray().Select(o => o!["orderNumber"])
            );
        (await Numbers("")).ShouldBe("OC-5 OC-4 OC-3 OC-2 OC-1");
        (await Numbers("supplier=v2")).ShouldBe("OC-3");
        (await Numbers("store=S1&status=sent")).ShouldBe("OC-2");
        (await Numbers("store=S2")).ShouldBe("");
        (await Numbers("from=2026-02-02&to=2026-02-04")).ShouldBe("OC-3 OC-2");
        (await admin.Get("purchase-orders?status=lost")).ShouldBe(400).Fields.ShouldBe(["status"]);
        var page = (await admin.Get("purchase-orders?limit=2")).ShouldBe(200).Json;
        (await Numbers($"limit=2&after={page["next"]}")).ShouldBe("OC-3 OC-2");
        // a header row, five rows, and the empty end
        (await admin.Get("purchase-orders", accept: "text/csv"))
            .ShouldBe(200)
            .Text.Split('\n')
            .Length.ShouldBe(7);
    }

    [Theory]
    [InlineData("""{"store":"S1","supplier":"V1","orderNumber":"","lines":[{"sku":"MILK","quantity":1}]}""", 400, "orderNumber")]
    [InlineData("""{"store":"S1","supplier":"V1","orderNumber":"A/B","lines":[{"sku":"MILK","quantity":1}]}""", 400, "orderNumber")]
    [InlineData("""{"store":"S1","supplier":"V1","orderNumber":"B1","lines":[]}""", 400, "lines")]
    [InlineData("""{"store":"S1","supplier":"V1","orderNumber":"B1","lines":[null]}""", 400, "lines[0]")]
    [InlineData("""{"store":"S1","supplier":"V1","orderNumber":"B1","lines":[{"sku":"MILK","quantity":0}]}""", 400, "lines[0].quantity")]
    [InlineData("""{"store":"S1","supplier":"V1","orderNumber":"B1","lines":[{"sku":"MILK","quantity":1.5}]}""", 400, "lines[0].quantity")]
    [InlineData(
        """{"store":"S1","supplier":"V1","orderNumber":"B1","lines":[{"sku":"MILK","quantity":1,"unitCost":-1}]}""",
        400,
        "lines[0].unitCost"
    )]
    [InlineData(
        """{"store":"S1","supplier":"V1","orderNumber":"B1","lines":[{"sku":"MILK","quantity":1000000000,"unitCost":1000000000}]}""",
        400,
        "lines"
    )]
    [InlineData(
        """{"store":"S1","supplier":"V1","orderNumber":"B1","lines":[{"sku":"MILK","quantity":1},{"sku":"milk","quantity":1}]}""",
        400,
        "lines[1].sku"
    )]
    [InlineData("""{"store":"S1","supplier":"V1","orderNumber":"B1","lines":[{"sku":"NONE","quantity":1}]}""", 404, "lines[0].sku")]
    [InlineData("""{"store":"S9","supplier":"V1","orderNumber":"B1","lines":[{"sku":"MILK","quantity":1}]}""", 404, "store")]
    [InlineData("""{"store":"S1","supplier":"V9","orderNumber":"B1","lines":[{"sku":"MILK","quantity":1}]}""", 404, "supplier")]
    [InlineData(
        """{"store":"S1","supplier":"V1","orderNumber":"B1","orderDate":"2026-02-30","lines":[{"sku":"MILK","quantity":1}]}""",
        400,
        "orderDate"
    )]
    [InlineData(
        """{"store":"S1","supplier":"V1","orderNumber":"B1","orderDate":"1999-12-31","lines":[{"sku":"MILK","quantity":1}]}""",
        400,
        "orderDate"
    )]
    [InlineData(
        """{"store":"S1","supplier":"V1","orderNumber":"B1","orderDate":"2026-02-03","expectedDate":"2026-02-02","""
            + """ "lines":[{"sku":"MILK","quantity":1}]}""",
        400,
        "expectedDate"
    )]
    public async Task an_order_with_one_invalid_field_is_refused_by_that_field_and_not_written(string body, int status, string field)
    {
        (await purchasing.Admin.Post("purchase-orders", body)).ShouldBe(status).Fields.ShouldBe([field]);
        (await purchasing.Admin.Get("purchase-orders/B1")).ShouldBe(404);
    }

    [Theory]
    [InlineData("""{"lines":[]}""", 400, "lines")]
    [InlineData("""{"lines":[{"sku":"MILK","quantity":-1}]}""", 400, "lines[0].quantity")]
    [InlineData("""{"lines":[{"sku":"MILK","quantity":0.5}]}""", 400, "lines[0].quantity")]
    [InlineData("""{"lines":[{"sku":"WINE","quantity":1}]}""", 404, "lines[0].sku")]
    [InlineData("""{"occurredAt":"2999-01-01T00:00:00Z","lines":[{"sku":"MILK","quantity":1}]}""", 400, "occurredAt")]
    public async Task a_delivery_with_one_invalid_field_is_refused_by_that_field_and_moves_nothing(string body, int status, string field)
    {
        var number = await purchasing.CreateSentOrder("MILK", 5);
        (await purchasing.Admin.Post($"purchase-orders/{number}/receipts", body)).ShouldBe(status).Fields.ShouldBe([field]);
        (await purchasing.Order(number))["status"]!.GetValue<string>().ShouldBe("sent");
    }

    [Fact]
    public async Task an_order_command_requires_a_key_and_an_existing_order()
    {
        (
            await purchasing.Admin.Post(
                "purchase-orders",
                new
                {
                    store = "S1",
                    supplier = "V1",
                    orderNumber = "K1",
                    lines = new[] { new { sku = "MILK", quantity = 1 } },
                },
                key: null
            )
        ).ShouldBe(400).Fields.ShouldBe([IdempotencyKey.Header]);
        (await purchasing.Do("NONE", "send")).ShouldBe(404).Fields.ShouldBe(["id"]);
        var parameters = (await Client.Anonymous(host).Get("/openapi/v1.json")).Json["paths"]![
            "/api/{tenant}/purchase-orders/{id}/receipts"
        ]!["post"]!["parameters"]!.AsArray();
        parameters.Single(p => p!["name"]!.GetValue<string>() == IdempotencyKey.Header)!["required"]!.GetValue<bool>().ShouldBeTrue();
    }

    [Fact]
    public async Task the_audit_trail_lists_an_order_under_its_store()
    {
        var sku = await purchasing.NewSku();
        var number = await purchasing.CreateSentOrder(sku, 1);
        var id = (await purchasing.Order(number))["id"]!.GetValue<string>();
        var rows = (await purchasing.Admin.Get($"events?entityType=purchase_order&entityId={id}")).ShouldBe(200).Json["items"]!.AsArray();
        rows.Select(r => r!["eventType"]!.GetValue<string>()).ShouldBe(["purchase_order_sent", "purchase_order_drafted"]);
        rows.ShouldAllBe(r => r!["metadata"]!["store_ids"]!.AsArray().Count == 1);
    }

    [Fact]
    public async Task the_demo_tenant_has_orders_for_the_documented_examples()
    {
        var orders = (await (await Client.Demo(host, "viewer")).Get("purchase-orders?supplier=POLAR")).ShouldBe(200).Json[
            "items"
        ]!.AsArray();
        foreach (var number in (string[])["OC-1001", "OC-1002"])
            orders.ShouldContain(o => o!["orderNumber"]!.GetValue<string>() == number);
    }
}
