using System.Text.Json.Nodes;
using Fluxion.Ledger.Sales;
using Fluxion.Tests.Host;
using Fluxion.Tests.Stock;

namespace Fluxion.Tests.Sales;

public sealed class SaleTests(LedgerHost host)
{
    /// <summary>A store with units that cost 2.50 and sell for 4.00 plus 16 % tax; 100 by default.</summary>
    private async Task<TestStore> CreateStore(decimal stock = 100)
    {
        var shop = await TestStore.Create(host, stock, unitCost: 2.50m);
        (
            await shop.Manager.Put(
                $"products/{shop.Sku}",
                new
                {
                    name = "A product",
                    unitType = "unit",
                    costPrice = 2.50m,
                    sellingPrice = 4m,
                    taxRate = 16m,
                }
            )
        ).ShouldBe(200);
        return shop;
    }

    private static string NewInvoice() => "F-" + Guid.CreateVersion7().ToString("N")[^12..];

    private static Task<Answer> Sell(
        TestStore shop,
        decimal quantity,
        string? invoice = null,
        string? status = "paid",
        decimal? unitPrice = null,
        decimal discount = 0,
        Client? by = null,
        string? key = "new"
    ) =>
        (by ?? shop.Manager).Post(
            "sales",
            new
            {
                store = shop.Store,
                invoiceNumber = invoice ?? NewInvoice(),
                paymentMethod = status == "paid" ? "cash" : null,
                paymentStatus = status,
                lines = new[]
                {
                    new
                    {
                        sku = shop.Sku,
                        quantity,
                        unitPrice,
                        discount,
                    },
                },
            },
            key
        );

    private static Guid Id(Answer answer) => answer.Json["id"]!.GetValue<Guid>();

    private static decimal Money(Answer answer, string field) => answer.Json[field]!.GetValue<decimal>();

    private static string Status(Answer answer) => answer.Json["paymentStatus"]!.GetValue<string>();

    private static Task<Answer> Pay(TestStore shop, Guid sale, decimal amount) =>
        shop.Manager.Post($"sales/{sale}/payments", new { amount, method = "card" });

    private static Task<Answer> Refund(TestStore shop, Guid sale, decimal amount, string method = "cash") =>
        shop.Manager.Post($"sales/{sale}/refunds", new { amount, method });

    private static Task<Answer> Cancel(TestStore shop, Guid sale) =>
        shop.Manager.Post($"sales/{sale}/cancel", new { reason = "a mistake" });

    private static Task<Answer> Return(TestStore shop, Guid sale, decimal quantity, int lineNumber = 1) =>
        shop.Manager.Post($"sales/{sale}/returns", new { lines = new[] { new { lineNumber, quantity } } });

    [Fact]
    public async Task a_sale_issues_stock_and_its_receipt_has_totals_and_cost()
    {
        var shop = await CreateStore();
        var sold = (await Sell(shop, 3)).ShouldBe(201);
        (Money(sold, "subtotal"), Money(sold, "taxAmount"), Money(sold, "totalAmount")).ShouldBe((12m, 1.92m, 13.92m));
        (Status(sold), Money(sold, "openAmount"), Money(sold, "costOfGoodsSold")).ShouldBe(("paid", 0m, 7.50m));
        (await shop.OnHand()).ShouldBe(97);

        var row = (await shop.Manager.Get($"sales/{Id(sold)}")).ShouldBe(200).Json;
        row["amountPaid"]!.GetValue<decimal>().ShouldBe(13.92m);
        row["lines"]!.AsArray().Single()!["costPerUnit"]!.GetValue<decimal>().ShouldBe(2.50m);
        row["lines"]![0]!["lineTotal"]!.GetValue<decimal>().ShouldBe(12m);
        (await shop.Manager.Get($"sales?store={shop.Store}")).ShouldBe(200).Json["items"]!.AsArray().Single()!["id"]!
            .GetValue<Guid>()
            .ShouldBe(Id(sold));
        (await shop.Manager.Get($"movements?store={shop.Store}&document={Id(sold)}")).ShouldBe(200).Json["items"]![0]!["referenceType"]!
            .GetValue<string>()
            .ShouldBe("sale");
        var trail = (await shop.Manager.Get($"events?entityId={Id(sold)}")).ShouldBe(200).Json["items"]!.AsArray();
        trail.Select(e => e!["eventType"]!.GetValue<string>()).ShouldBe(["sale_recorded", "payment_received"], ignoreOrder: true);
    }

    [Theory]
    [InlineData("v123456781", 201, "V-12345678-1")]
    [InlineData("V-12345678-2", 400, null)]
    [InlineData("DE 811 907 980", 201, "DE 811 907 980")]
    [InlineData("V-12345678", 201, "V-12345678")] // a cédula: the number of an identity card
    public async Task a_venezuelan_tax_id_of_the_customer_is_checked_and_others_are_stored_as_given(string taxId, int status, string? kept)
    {
        var shop = await CreateStore(stock: 1);
        var answer = (
            await shop.Manager.Post(
                "sales",
                new
                {
                    store = shop.Store,
                    invoiceNumber = NewInvoice(),
                    clientTaxId = taxId,
                    lines = new[] { new { sku = shop.Sku, quantity = 1 } },
                }
            )
        ).ShouldBe(status);
        if (kept is null)
            answer.Fields.ShouldBe(["clientTaxId"]);
        else
            (await shop.Manager.Get($"sales/{Id(answer)}")).ShouldBe(200).Json["clientTaxId"]!.GetValue<string>().ShouldBe(kept);
    }

    [Fact]
    public void tax_is_summed_and_rounded_once_per_rate()
    {
        // 0.09 × 16 % = 0.0144; rounded by line it would be 0
        Taxes.Total([(0.03m, 16), (0.03m, 16), (0.03m, 16), (10m, 8), (5m, 0)]).ShouldBe(0.01m + 0.80m);
        Taxes.Total([(0.03125m, 16)]).ShouldBe(0.01m); // 0.005: a half is rounded away from zero
        Taxes.Total([]).ShouldBe(0);
    }

    [Fact]
    public async Task a_discount_or_a_price_override_requires_a_manager()
    {
        var shop = await CreateStore();
        var user = await Client.Demo(host, "user");
        (await Sell(shop, 1, unitPrice: 3.9999m, by: user)).ShouldBe(403);
        (await Sell(shop, 1, discount: 0.01m, by: user)).ShouldBe(403);
        (await Sell(shop, 1, by: user)).ShouldBe(201);
        Money((await Sell(shop, 2, unitPrice: 3.5555m, discount: 0.11m)).ShouldBe(201), "subtotal").ShouldBe(7.00m); // 7.111 → 7.11 − 0.11
        (await Sell(shop, 1, discount: 4.01m)).ShouldBe(400).Fields.ShouldBe(["lines[0].discount"]);
        (await shop.OnHand()).ShouldBe(97);
    }

    [Fact]
    public async Task a_sale_with_one_short_line_sells_nothing()
    {
        var (one, other) = (await CreateStore(), await CreateStore(stock: 1));
        (
            await one.Manager.Post(
                "products",
                new
                {
                    sku = other.Sku + "-B",
                    name = "None of it",
                    sellingPrice = 1,
                }
            )
        ).ShouldBe(201);
        var refused = (
            await one.Manager.Post(
                "sales",
                new
                {
                    store = one.Store,
                    invoiceNumber = "F-1",
                    lines = new[] { new { sku = one.Sku, quantity = 1 }, new { sku = other.Sku + "-B", quantity = 1 } },
                }
            )
        ).ShouldBe(409);
        refused.Json["shortages"]!.AsArray().Single()!["sku"]!.GetValue<string>().ShouldBe(other.Sku + "-B");
        (await one.OnHand()).ShouldBe(100);
        (await one.Manager.Get($"sales?store={one.Store}")).ShouldBe(200).Json["items"]!.AsArray().ShouldBeEmpty();
    }

    [Fact]
    public async Task an_invoice_number_is_unique_in_its_store_also_under_24_concurrent_sales()
    {
        var (shop, other) = (await CreateStore(), await CreateStore());
        var answers = await Task.WhenAll(Enumerable.Range(0, 24).Select(_ => Sell(shop, 1, "F-7")));
        answers.Count(a => a.Status == 201).ShouldBe(1);
        answers.Count(a => a.Status == 409 && a.Detail!.Contains("F-7", StringComparison.Ordinal)).ShouldBe(23);
        (await shop.OnHand()).ShouldBe(99);
        (await Sell(other, 1, "F-7")).ShouldBe(201);
    }

    [Fact]
    public async Task the_last_unit_is_sold_only_once()
    {
        var shop = await CreateStore(stock: 1);
        var answers = await Task.WhenAll(Enumerable.Range(0, 24).Select(_ => Sell(shop, 1)));
        answers.Count(a => a.Status == 201).ShouldBe(1);
        answers.Count(a => a.Status == 409).ShouldBe(23);
        (await shop.OnHand()).ShouldBe(0);
    }

    [Fact]
    public async Task partial_payments_cannot_exceed_the_open_amount()
    {
        var shop = await CreateStore();
        var sale = Id((await Sell(shop, 3, status: "pending")).ShouldBe(201)); // 13.92
        Status((await Pay(shop, sale, 10)).ShouldBe(200)).ShouldBe("partial");
        (await Pay(shop, sale, 3.93m)).ShouldBe(409).Detail!.ShouldContain("3.92");
        Status((await Pay(shop, sale, 3.92m)).ShouldBe(200)).ShouldBe("paid");
        (await Pay(shop, sale, 1)).ShouldBe(409).Detail!.ShouldContain("pending or partial");
        (await Pay(shop, Guid.CreateVersion7(), 1)).ShouldBe(404);
        (await Pay(shop, sale, 0.001m)).ShouldBe(400).Fields.ShouldBe(["amount"]);
    }

    [Fact]
    public async Task cancelling_a_sale_restocks_at_the_cost_of_the_sale()
    {
        var shop = await CreateStore(stock: 10);
        var sale = Id((await Sell(shop, 10)).ShouldBe(201));
        (await shop.Receive(10, unitCost: 4.50m)).ShouldBe(200);
        Status((await Cancel(shop, sale)).ShouldBe(200)).ShouldBe("cancelled");
        var row = (await shop.Manager.Get($"inventory?store={shop.Store}")).ShouldBe(200).Json["items"]!.AsArray().Single()!;
        // (10 × 4.50 + 10 × 2.50) / 20
        (row["onHand"]!.GetValue<decimal>(), row["costPerUnit"]!.GetValue<decimal>()).ShouldBe((20m, 3.50m));
    }

    [Fact]
    public async Task partial_returns_of_a_line_together_credit_the_complete_line()
    {
        var shop = await CreateStore();
        var sale = Id((await Sell(shop, 3, unitPrice: 3.3333m)).ShouldBe(201)); // 10.00 + 1.60
        Money((await Return(shop, sale, 1)).ShouldBe(200), "openAmount").ShouldBe(-3.86m); // 3.33 plus its tax, 1.60 − 1.07 = 0.53
        Money((await Return(shop, sale, 1)).ShouldBe(200), "openAmount").ShouldBe(-7.74m);
        (await Return(shop, sale, 2)).ShouldBe(409);
        (await Cancel(shop, sale)).ShouldBe(409);
        Money((await Return(shop, sale, 1)).ShouldBe(200), "openAmount").ShouldBe(-11.60m);
        (await shop.OnHand()).ShouldBe(100);
        (await Return(shop, sale, 1, lineNumber: 2)).ShouldBe(400).Fields.ShouldBe(["lines[0].lineNumber"]);
        (await shop.Manager.Get($"sales/{sale}")).ShouldBe(200).Json["lines"]![0]!["quantityReturned"]!.GetValue<decimal>().ShouldBe(3);
    }

    [Fact]
    public async Task a_return_dated_before_its_sale_is_refused()
    {
        var shop = await CreateStore();
        var soldAt = new DateTimeOffset(2026, 2, 1, 9, 30, 0, TimeSpan.FromHours(-4));
        async Task<Guid> SellThen() =>
            Id(
                (
                    await shop.Manager.Post(
                        "sales",
                        new
                        {
                            store = shop.Store,
                            invoiceNumber = NewInvoice(),
                            occurredAt = soldAt,
                            lines = new[] { new { sku = shop.Sku, quantity = 2 } },
                        }
                    )
                ).ShouldBe(201)
            );
        Task<Answer> ReturnAt(Guid sale, DateTimeOffset at) =>
            shop.Manager.Post($"sales/{sale}/returns", new { occurredAt = at, lines = new[] { new { lineNumber = 1, quantity = 1 } } });
        Task<Answer> CancelAt(Guid sale, DateTimeOffset at) =>
            shop.Manager.Post($"sales/{sale}/cancel", new { occurredAt = at, reason = "a mistake" });
        foreach (var command in (Func<Guid, DateTimeOffset, Task<Answer>>[])[ReturnAt, CancelAt])
        {
            var (sale, before) = (await SellThen(), await shop.OnHand());
            (await command(sale, soldAt.AddSeconds(-1))).ShouldBe(400).Fields.ShouldBe(["occurredAt"]);
            (await shop.OnHand()).ShouldBe(before);
            (await command(sale, soldAt)).ShouldBe(200);
        }
        // a seller whose clock is ahead sells now; a return without a time of its own occurs after that sale
        var ahead = Id(
            (
                await shop.Manager.Post(
                    "sales",
                    new
                    {
                        store = shop.Store,
                        invoiceNumber = NewInvoice(),
                        occurredAt = TimeProvider.System.GetUtcNow().AddMinutes(4),
                        lines = new[] { new { sku = shop.Sku, quantity = 1 } },
                    }
                )
            ).ShouldBe(201)
        );
        (await Return(shop, ahead, 1)).ShouldBe(200);
        var moved = (await shop.Manager.Get($"movements?document={ahead}")).ShouldBe(200).Json["items"]!.AsArray();
        moved.Select(m => m!["referenceType"]!.GetValue<string>()).ShouldBe(["return", "sale"]);
        moved.ShouldAllBe(m => m!["occurredAt"]!.GetValue<DateTimeOffset>() <= m!["recordedAt"]!.GetValue<DateTimeOffset>());
    }

    [Fact]
    public async Task every_command_changes_the_state_or_is_refused_with_the_allowed_states()
    {
        var shop = await CreateStore();
        // two at 4.64, and one for nothing; the free one is all that is left to return where the others came back
        async Task<Guid> Made(string status, params Func<Guid, Task<Answer>>[] then)
        {
            var sale = Id(
                (
                    await shop.Manager.Post(
                        "sales",
                        new
                        {
                            store = shop.Store,
                            invoiceNumber = NewInvoice(),
                            paymentMethod = "cash",
                            paymentStatus = status,
                            lines = new[]
                            {
                                new
                                {
                                    sku = shop.Sku,
                                    quantity = 2,
                                    unitPrice = 4,
                                },
                                new
                                {
                                    sku = shop.Sku,
                                    quantity = 1,
                                    unitPrice = 0,
                                },
                            },
                        }
                    )
                ).ShouldBe(201)
            );
            foreach (var step in then)
                (await step(sale)).ShouldBe(200);
            return sale;
        }
        var reach = new Dictionary<string, Func<Task<Guid>>>
        {
            [SaleStatus.Pending] = () => Made("pending"),
            [SaleStatus.Partial] = () => Made("pending", sale => Pay(shop, sale, 1)),
            [SaleStatus.Paid] = () => Made("paid"),
            [SaleStatus.RefundDue] = () => Made("paid", sale => Return(shop, sale, 1)),
            [SaleStatus.Returned] = () => Made("pending", sale => Return(shop, sale, 2)),
            [SaleStatus.Refunded] = () => Made("paid", sale => Return(shop, sale, 2), sale => Refund(shop, sale, 9.28m)),
            [SaleStatus.Cancelled] = () => Made("paid", sale => Cancel(shop, sale)),
        };
        var commands = new Dictionary<string, Func<Guid, Task<Answer>>>
        {
            ["pay"] = sale => Pay(shop, sale, 0.5m),
            ["refund"] = sale => Refund(shop, sale, 0.5m),
            ["cancel"] = sale => Cancel(shop, sale),
            ["return"] = sale => Return(shop, sale, 1, lineNumber: 2),
        };
        reach.Keys.ShouldBe(SaleStatus.All, ignoreOrder: true);
        commands.Keys.ShouldBe(Sale.Allowed.Keys, ignoreOrder: true);
        foreach (var (state, make) in reach)
        {
            foreach (var (command, run) in commands)
            {
                var sale = await make();
                (await shop.Manager.Get($"sales/{sale}")).ShouldBe(200).Json["paymentStatus"]!.GetValue<string>().ShouldBe(state);
                (await shop.Manager.Get($"sales?store={shop.Store}&status={state}&limit=1000")).ShouldBe(200).Json["items"]!
                    .AsArray()
                    .Select(row => row!["id"]!.GetValue<Guid>())
                    .ShouldContain(sale);
                var before = await shop.OnHand();
                var answer = await run(sale);
                if (Sale.Allowed[command].Contains(state))
                {
                    answer.ShouldBe(200);
                    continue;
                }
                answer.ShouldBe(409).Detail!.ShouldContain(string.Join(" or ", Sale.Allowed[command]));
                (await shop.OnHand()).ShouldBe(before, $"{command} when {state}");
            }
        }
    }

    [Fact]
    public async Task a_sale_cancelled_during_payments_ends_cancelled_with_the_accepted_payments()
    {
        var shop = await CreateStore();
        var sale = Id(await Sell(shop, 1, status: "pending"));
        var answers = await Task.WhenAll(Enumerable.Range(0, 24).Select(i => i % 2 == 0 ? Pay(shop, sale, 0.10m) : Cancel(shop, sale)));
        answers.Select(a => a.Status).Distinct().ShouldBeSubsetOf([200, 409]);
        answers.Where((_, i) => i % 2 == 1).Count(a => a.Status == 200).ShouldBe(1);
        var row = (await shop.Manager.Get($"sales/{sale}")).ShouldBe(200).Json;
        row["paymentStatus"]!.GetValue<string>().ShouldBe("cancelled");
        row["amountPaid"]!.GetValue<decimal>().ShouldBe(0.10m * answers.Where((_, i) => i % 2 == 0).Count(a => a.Status == 200));
        (await shop.OnHand()).ShouldBe(100);
    }

    [Fact]
    public async Task a_sale_repeated_with_its_key_is_recorded_once()
    {
        var shop = await CreateStore();
        var (invoice, key) = (NewInvoice(), Guid.CreateVersion7().ToString());
        var answers = await Task.WhenAll(Enumerable.Range(0, 24).Select(_ => Sell(shop, 1, invoice, key: key)));
        answers.Select(Id).Distinct().Count().ShouldBe(1);
        foreach (var answer in answers)
            answer.ShouldBe(201);
        (await shop.OnHand()).ShouldBe(99);
    }

    [Fact]
    public async Task a_late_sale_is_accepted_and_invalid_sales_change_nothing()
    {
        var shop = await CreateStore();
        var at = new DateTimeOffset(2026, 2, 1, 9, 30, 0, TimeSpan.FromHours(-4));
        object Body(object change) =>
            Merge(
                new
                {
                    store = shop.Store,
                    invoiceNumber = NewInvoice(),
                    lines = new[] { new { sku = shop.Sku, quantity = 1 } },
                },
                change
            );
        var late = (await shop.Manager.Post("sales", Body(new { occurredAt = at }))).ShouldBe(201);
        (await shop.Manager.Get($"sales/{Id(late)}")).Json["occurredAt"]!.GetValue<DateTimeOffset>().ShouldBe(at);

        (await shop.Manager.Post("sales", Body(new { paymentStatus = "paid" }))).ShouldBe(400).Fields.ShouldBe(["paymentMethod"]);
        (
            await shop.Manager.Post(
                "sales",
                Body(
                    new
                    {
                        paymentMethod = "barter",
                        invoiceNumber = "",
                        clientName = new string('x', 201),
                    }
                )
            )
        ).ShouldBe(400).Fields.ShouldBe(["paymentMethod", "invoiceNumber", "clientName"], ignoreOrder: true);
        (await shop.Manager.Post("sales", Body(new { store = "NO-SUCH" }))).ShouldBe(404).Fields.ShouldBe(["store"]);
        (await shop.Manager.Post("sales", Body(new { }), key: null)).ShouldBe(400);
        (await (await Client.Demo(host, "viewer")).Post("sales", Body(new { }))).ShouldBe(403);
        (await shop.OnHand()).ShouldBe(99);
    }

    [Fact]
    public async Task a_return_cannot_precede_its_sale_across_a_count()
    {
        var (shop, noon) = (await CreateStore(stock: 0), new DateTimeOffset(2026, 2, 1, 12, 0, 0, TimeSpan.Zero));
        object[] Lines(decimal quantity) => [new { sku = shop.Sku, quantity }];
        (
            await shop.Manager.Post(
                "stock/receipts",
                new
                {
                    store = shop.Store,
                    occurredAt = noon.AddDays(-2),
                    lines = Lines(10),
                }
            )
        ).ShouldBe(200);
        var sale = Id(
            (
                await shop.Manager.Post(
                    "sales",
                    new
                    {
                        store = shop.Store,
                        invoiceNumber = NewInvoice(),
                        occurredAt = noon,
                        lines = Lines(4),
                    }
                )
            ).ShouldBe(201)
        );
        (
            await shop.Manager.Post(
                "stock/counts",
                new
                {
                    store = shop.Store,
                    occurredAt = noon.AddHours(-1),
                    lines = Lines(10),
                }
            )
        ).ShouldBe(200);
        async Task<Answer> Return(DateTimeOffset? occurredAt) =>
            await shop.Manager.Post($"sales/{sale}/returns", new { occurredAt, lines = new[] { new { lineNumber = 1, quantity = 1 } } });
        (await Return(noon.AddHours(-2))).ShouldBe(400).Fields.ShouldBe(["occurredAt"]);
        (await shop.Manager.Post($"sales/{sale}/cancel", new { reason = "x", occurredAt = noon.AddHours(-2) }))
            .ShouldBe(400)
            .Fields.ShouldBe(["occurredAt"]);
        (await shop.OnHand()).ShouldBe(6);
        (await Return(noon)).ShouldBe(200);
        (await Return(null)).ShouldBe(200);
        (await shop.OnHand()).ShouldBe(8);
    }

    private static JsonObject Merge(object body, object change)
    {
        var merged = System.Text.Json.JsonSerializer.SerializeToNode(body)!.AsObject();
        foreach (var (name, value) in System.Text.Json.JsonSerializer.SerializeToNode(change)!.AsObject())
            merged[name] = value?.DeepClone();
        return merged;
    }
}
