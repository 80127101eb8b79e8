using System.Text.Json.Nodes;
using Fluxion.Ledger.Sales;
using Fluxion.Tests.Host;
using Fluxion.Tests.Replay;
using Fluxion.Tests.Reports;

namespace Fluxion.Tests.Sales;

/// <summary>Refunds: money that was paid can be given back, and openAmount ends at 0.</summary>
public sealed class RefundTests(LedgerHost host)
{
    private static readonly DateTimeOffset Noon = new(2026, 3, 10, 12, 0, 0, TimeSpan.FromHours(-4));

    /// <summary>A store with 100 of a product that costs 2 and sells for 4 plus 16 % tax.</summary>
    private async Task<TestLedger> CreateLedger()
    {
        var ledger = await TestLedger.Create(host, "P1");
        await ledger.Receive("P1", 100, 2m, "2026-03-01T00:00:00Z");
        return ledger;
    }

    /// <summary>Sells a quantity at 4.64 each on credit.</summary>
    private static async Task<Guid> Sell(TestLedger ledger, decimal quantity, DateTimeOffset? at = null) =>
        (await ledger.Sell("P1", quantity, (at ?? Noon).ToString("O"), method: null)).Json["id"]!.GetValue<Guid>();

    private static Task<Answer> Pay(
        TestLedger ledger,
        Guid sale,
        decimal amount,
        string method = "cash",
        DateTimeOffset? occurredAt = null
    ) =>
        ledger.Tenant.Admin.Post(
            $"sales/{sale}/payments",
            new
            {
                amount,
                method,
                occurredAt,
            }
        );

    private static Task<Answer> Refund(
        TestLedger ledger,
        Guid sale,
        decimal amount,
        string method = "cash",
        DateTimeOffset? occurredAt = null,
        string? reason = null
    ) =>
        ledger.Tenant.Admin.Post(
            $"sales/{sale}/refunds",
            new
            {
                amount,
                method,
                occurredAt,
                reason,
            }
        );

    private static Task<Answer> Return(TestLedger ledger, Guid sale, decimal quantity) =>
        ledger.Tenant.Admin.Post($"sales/{sale}/returns", new { lines = new[] { new { lineNumber = 1, quantity } } });

    private static async Task<JsonNode> Page(TestLedger ledger, Guid sale) =>
        (await ledger.Tenant.Admin.Get($"sales/{sale}")).ShouldBe(200).Json;

    private static string Line(JsonNode? node, params string[] fields) =>
        string.Join(' ', fields.Select(field => node![field]?.ToString() ?? "-"));

    private static (string Status, decimal CreateLedger, decimal Paid, decimal Refunded) Money(JsonNode sale) =>
        (
            sale["paymentStatus"]!.GetValue<string>(),
            sale["openAmount"]!.GetValue<decimal>(),
            sale["amountPaid"]!.GetValue<decimal>(),
            sale["amountRefunded"]!.GetValue<decimal>()
        );

    [Fact]
    public async Task the_open_amount_is_0_after_goods_are_returned_and_money_is_refunded()
    {
        var ledger = await CreateLedger();
        var sale = await Sell(ledger, 2); // 9.28
        (await Pay(ledger, sale, 9.28m, "card")).ShouldBe(200);
        Money((await Return(ledger, sale, 2)).ShouldBe(200).Json).ShouldBe((SaleStatus.RefundDue, -9.28m, 9.28m, 0m));
        Money((await Refund(ledger, sale, 5m, "cash", reason: "Damaged")).ShouldBe(200).Json)
            .ShouldBe((SaleStatus.RefundDue, -4.28m, 9.28m, 5m));
        Money((await Refund(ledger, sale, 4.28m, "transfer")).ShouldBe(200).Json).ShouldBe((SaleStatus.Refunded, 0m, 9.28m, 9.28m));

        var page = await Page(ledger, sale);
        Money(page).ShouldBe((SaleStatus.Refunded, 0m, 9.28m, 9.28m));
        page["payments"]!
            .AsArray()
            .Select(p => Line(p, "kind", "method", "amount", "reason"))
            .ShouldBe(["payment card 9.28 -", "refund cash -5 Damaged", "refund transfer -4.28 -"]);
        var row = (await ledger.Tenant.Admin.Get("sales?status=refunded")).ShouldBe(200).Json["items"]!.AsArray().ShouldHaveSingleItem()!;
        Money(row).ShouldBe((SaleStatus.Refunded, 0m, 9.28m, 9.28m));
        (await ledger.Tenant.Admin.Get($"events?entityId={sale}&eventType=payment_refunded")).ShouldBe(200).Json["items"]!
            .AsArray()
            .Select(e => e!["newData"]!["refunded"]!.GetValue<decimal>())
            .ShouldBe([9.28m, 5m], ignoreOrder: true);
    }

    [Fact]
    public async Task refunds_cannot_exceed_the_payments()
    {
        var ledger = await CreateLedger();
        var sale = await Sell(ledger, 2);
        (await Refund(ledger, sale, 1)).ShouldBe(409).Detail!.ShouldContain("pending");
        (await Pay(ledger, sale, 5)).ShouldBe(200);
        (await Refund(ledger, sale, 5.01m)).ShouldBe(409).Detail!.ShouldContain("At most 5.00 can be given back");
        (await Refund(ledger, sale, 2m)).ShouldBe(200);
        (await Refund(ledger, sale, 3.01m)).ShouldBe(409).Detail!.ShouldContain("At most 3.00 can be given back");
        foreach (var amount in (decimal[])[0, -1, 0.001m])
            (await Refund(ledger, sale, amount)).ShouldBe(400).Fields.ShouldBe(["amount"]);
        (await Refund(ledger, sale, 1, "barter")).ShouldBe(400).Fields.ShouldBe(["method"]);
        (await Refund(ledger, Guid.CreateVersion7(), 1)).ShouldBe(404);
        Money(await Page(ledger, sale)).ShouldBe((SaleStatus.Partial, 6.28m, 5m, 2m));
    }

    [Fact]
    public async Task a_refund_without_a_return_reopens_the_amount_for_payment()
    {
        var ledger = await CreateLedger();
        var sale = await Sell(ledger, 1);
        (await Pay(ledger, sale, 4.64m, "card")).ShouldBe(200);
        Money((await Refund(ledger, sale, 4.64m, "card")).ShouldBe(200).Json).ShouldBe((SaleStatus.Pending, 4.64m, 4.64m, 4.64m));
        Money((await Pay(ledger, sale, 4.64m, "cash")).ShouldBe(200).Json).ShouldBe((SaleStatus.Paid, 0m, 9.28m, 4.64m));
    }

    [Fact]
    public async Task an_unpaid_sale_is_returned_and_not_paid_after_all_goods_come_back()
    {
        var ledger = await CreateLedger();
        var sale = await Sell(ledger, 3);
        Money((await Return(ledger, sale, 1)).ShouldBe(200).Json).ShouldBe((SaleStatus.Pending, 9.28m, 0m, 0m));
        Money((await Return(ledger, sale, 2)).ShouldBe(200).Json).ShouldBe((SaleStatus.Returned, 0m, 0m, 0m));
        (await Pay(ledger, sale, 1)).ShouldBe(409);
        (await Refund(ledger, sale, 1)).ShouldBe(409);
        (await Return(ledger, sale, 1)).ShouldBe(409).Detail!.ShouldContain("has not come back yet");
    }

    [Fact]
    public async Task a_refund_before_the_payment_is_refused()
    {
        var ledger = await CreateLedger();
        var sale = await Sell(ledger, 3); // 13.92 at noon
        (await Pay(ledger, sale, 10, occurredAt: Noon.AddHours(3))).ShouldBe(200);
        (await Pay(ledger, sale, 2, occurredAt: Noon.AddHours(1))).ShouldBe(200);
        (await Refund(ledger, sale, 1, occurredAt: Noon.AddMinutes(59))).ShouldBe(400).Fields.ShouldBe(["occurredAt"]);
        (await Refund(ledger, sale, 2.01m, occurredAt: Noon.AddHours(2))).ShouldBe(400).Fields.ShouldBe(["occurredAt"]);
        (await Refund(ledger, sale, 1.5m, occurredAt: Noon.AddHours(2))).ShouldBe(200);
        (await Refund(ledger, sale, 1, occurredAt: Noon.AddHours(2))).ShouldBe(400).Fields.ShouldBe(["occurredAt"]);
        (await Refund(ledger, sale, 1, occurredAt: Noon.AddHours(3))).ShouldBe(200);

        async Task<Answer> Cancel(DateTimeOffset occurredAt) =>
            await ledger.Tenant.Admin.Post($"sales/{sale}/cancel", new { reason = "a mistake", occurredAt });
        (await Cancel(Noon.AddHours(2))).ShouldBe(400).Fields.ShouldBe(["occurredAt"]);
        (await Cancel(Noon.AddHours(3))).ShouldBe(200);
    }

    [Fact]
    public async Task a_cancelled_sale_refunds_its_payments_by_the_same_methods()
    {
        var ledger = await CreateLedger();
        var sale = await Sell(ledger, 4); // 18.56
        (await Pay(ledger, sale, 5, "card")).ShouldBe(200);
        (await Pay(ledger, sale, 6, "cash")).ShouldBe(200);
        (await Pay(ledger, sale, 1, "card")).ShouldBe(200);
        (await Refund(ledger, sale, 2, "transfer")).ShouldBe(200);
        var cancelled = (await ledger.Do($"sales/{sale}/cancel", new { reason = "a mistake" })).Json;
        Money(cancelled).ShouldBe((SaleStatus.Cancelled, 0m, 12m, 12m));
        cancelled["refunds"]!.AsArray().Select(r => Line(r, "method", "amount")).ShouldBe(["card 6", "cash 4"]);
        var page = await Page(ledger, sale);
        page["payments"]!.AsArray().Sum(p => p!["amount"]!.GetValue<decimal>()).ShouldBe(0);
        page["payments"]!
            .AsArray()
            .Where(p => p!["reason"]?.ToString() == "a mistake")
            .Select(p => Line(p, "kind", "method", "amount"))
            .ShouldBe(["refund card -6", "refund cash -4"], ignoreOrder: true);
        (await Refund(ledger, sale, 1)).ShouldBe(409).Detail!.ShouldContain("cancelled");

        var another = await Sell(ledger, 1);
        (await Pay(ledger, another, 4.64m, "card")).ShouldBe(200);
        (await ledger.Tenant.Admin.Post($"sales/{another}/cancel", new { reason = "x", refundMethod = "barter" }))
            .ShouldBe(400)
            .Fields.ShouldBe(["refundMethod"]);
        (await ledger.Do($"sales/{another}/cancel", new { reason = "x", refundMethod = "cash" })).Json["refunds"]!
            .AsArray()
            .Select(r => Line(r, "method", "amount"))
            .ShouldBe(["cash 4.64"]);
        (await ledger.Do($"sales/{await Sell(ledger, 1)}/cancel", new { reason = "x" })).Json["refunds"]!.AsArray().ShouldBeEmpty();
    }

    [Fact]
    public async Task payments_and_refunds_are_reported_by_method_on_their_own_day()
    {
        var ledger = await CreateLedger();
        await ledger.SetTimeZone("America/Caracas");
        var sale = await Sell(ledger, 2);
        (await Pay(ledger, sale, 9.28m, "cash", Noon)).ShouldBe(200);
        (await Return(ledger, sale, 1)).ShouldBe(200);
        (await Refund(ledger, sale, 4.64m, "card", Noon.AddDays(1).AddHours(11))).ShouldBe(200);
        const string Columns = "store, payment_method, payments, paid, refunds, refunded, net";
        (await ledger.Query($"select {Columns} from payments_by_method('2026-03-10', '2026-03-11')")).ShouldBe(["M1 cash 1 9.28 0 0 9.28"]);
        (await ledger.Query($"select {Columns} from payments_by_method('2026-03-11', '2026-03-12')")).ShouldBe([
            "M1 card 0 0 1 4.64 -4.64",
        ]);
        (await ledger.Query("select * from payments_by_method('2026-03-10', '2026-03-12', 'm2')")).ShouldBeEmpty();

        async Task<string[]> List(string query) =>
            [
                .. (await ledger.Tenant.Admin.Get($"payments?{query}")).ShouldBe(200).Json["items"]!
                    .AsArray()
                    .Select(p => Line(p, "store", "kind", "method", "amount")),
            ];
        (await List("")).ShouldBe(["M1 refund card -4.64", "M1 payment cash 9.28"]);
        (await List("from=2026-03-11&to=2026-03-12")).ShouldBe(["M1 refund card -4.64"]);
        (await List("kind=payment")).ShouldBe(await List("method=cash"));
        (await List("store=M2")).ShouldBeEmpty();
        (await ledger.Tenant.Admin.Get("payments?kind=x")).ShouldBe(400).Fields.ShouldBe(["kind"]);
        await host.ReplayShouldBeEqual(ledger.Tenant);
    }

    [Fact]
    public async Task only_a_manager_of_the_store_can_refund()
    {
        var ledger = await CreateLedger();
        var sale = await Sell(ledger, 1);
        (await Pay(ledger, sale, 4.64m)).ShouldBe(200);
        foreach (
            var (email, role, store, status) in ((string, string, string, int)[])
                [
                    ("u@company.test", "user", "M1", 403),
                    ("m2@company.test", "manager", "M2", 403),
                    ("m1@company.test", "manager", "M1", 200),
                ]
        )
        {
            var client = await ledger.Tenant.CreateUser(host, email, role, store);
            (await client.Post($"sales/{sale}/refunds", new { amount = 1, method = "cash" })).ShouldBe(status);
            (await client.Get("payments")).ShouldBe(200).Json["items"]!
                .AsArray()
                .Count.ShouldBe(
                    store == "M1"
                        ? status == 200
                            ? 2
                            : 1
                        : 0,
                    email
                );
        }
    }

    [Fact]
    public async Task twenty_four_concurrent_refunds_cannot_exceed_the_payments()
    {
        var ledger = await CreateLedger();
        var sale = await Sell(ledger, 2);
        (await Pay(ledger, sale, 9)).ShouldBe(200);
        var answers = await Task.WhenAll(Enumerable.Range(0, 24).Select(_ => Refund(ledger, sale, 2)));
        answers.Count(a => a.Status == 200).ShouldBe(4);
        answers.Count(a => a.Status == 409).ShouldBe(20);
        Money(await Page(ledger, sale)).ShouldBe((SaleStatus.Partial, 8.28m, 9m, 8m));
    }

    [Fact]
    public async Task a_refund_repeated_with_its_key_is_recorded_once()
    {
        var ledger = await CreateLedger();
        var sale = await Sell(ledger, 2);
        (await Pay(ledger, sale, 9)).ShouldBe(200);
        var key = Guid.CreateVersion7().ToString();
        var answers = await Task.WhenAll(
            Enumerable.Range(0, 8).Select(_ => ledger.Tenant.Admin.Post($"sales/{sale}/refunds", new { amount = 2, method = "cash" }, key))
        );
        answers.Select(a => a.ShouldBe(200).Text).Distinct().ShouldHaveSingleItem();
        (await ledger.Tenant.Admin.Post($"sales/{sale}/refunds", new { amount = 2, method = "cash" }, null)).ShouldBe(400);
        Money(await Page(ledger, sale)).Refunded.ShouldBe(2);
    }

    [Fact]
    public async Task the_sale_lists_its_returns_with_day_and_amounts()
    {
        var ledger = await CreateLedger();
        var sale = await Sell(ledger, 3);
        await ledger.Do(
            $"sales/{sale}/returns",
            new
            {
                occurredAt = Noon.AddDays(2),
                reason = "Damaged",
                lines = new[] { new { lineNumber = 1, quantity = 1 }, new { lineNumber = 1, quantity = 1 } },
            }
        );
        await ledger.Do(
            $"sales/{sale}/returns",
            new { occurredAt = Noon.AddDays(1), lines = new[] { new { lineNumber = 1, quantity = 1 } } }
        );
        var returns = (await Page(ledger, sale))["returns"]!.AsArray();
        returns
            .Select(r => Line(r, "kind", "reason", "subtotal", "taxAmount", "totalAmount"))
            .ShouldBe(["return - 4 0.64 4.64", "return Damaged 8 1.28 9.28"]);
        returns.Select(r => r!["occurredAt"]!.GetValue<DateTimeOffset>()).ShouldBe([Noon.AddDays(1), Noon.AddDays(2)]);
        returns
            .Select(r => Line(r!["lines"]!.AsArray().Single(), "lineNumber", "sku", "quantity", "netAmount", "taxAmount", "costOfGoods"))
            .ShouldBe(["1 P1 1 4 0.64 2", "1 P1 2 8 1.28 4"]);

        var cancelled = await Sell(ledger, 2);
        await ledger.Do($"sales/{cancelled}/cancel", new { reason = "a mistake" });
        (await Page(ledger, cancelled))["returns"]!
            .AsArray()
            .Select(r => Line(r, "kind", "reason", "totalAmount"))
            .ShouldBe(["cancellation a mistake 9.28"]);
        (await Page(ledger, await Sell(ledger, 1)))["returns"]!.AsArray().ShouldBeEmpty();
    }
}
