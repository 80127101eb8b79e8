using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Fluxion.Tests.Host;
using Fluxion.Tests.Replay;
using Fluxion.Tests.Reports;

namespace Fluxion.Tests.Sales;

/// <summary>A unique number of an outside system is accepted once. The refusal of a repeated one names the existing document.</summary>
public sealed partial class OutsideReferenceTests(LedgerHost host)
{
    private async Task<TestLedger> CreateLedger()
    {
        var ledger = await TestLedger.Create(host, "P1", "P2");
        foreach (var store in (string[])["M1", "M2"])
        foreach (var sku in (string[])["P1", "P2"])
            await ledger.Receive(sku, 100, 2m, "2026-03-01T00:00:00Z", store);
        return ledger;
    }

    private static Task<Answer> Sell(
        TestLedger ledger,
        string? posTransactionId,
        string store = "M1",
        string? invoice = null,
        string sku = "P1",
        string? key = "new"
    ) =>
        ledger.Tenant.Admin.Post(
            "sales",
            new
            {
                store,
                invoiceNumber = invoice ?? $"F-{Guid.CreateVersion7():N}",
                posTransactionId,
                paymentMethod = "cash",
                paymentStatus = "paid",
                lines = new[] { new { sku, quantity = 1 } },
            },
            key
        );

    private static string Id(Answer answer) => answer.Json["id"]!.GetValue<string>();

    private static string? Existing(Answer answer) => answer.ShouldBe(409).Json["existing"]?["id"]?.GetValue<string>();

    private static async Task AllowRepeatedReferences(TestLedger ledger, bool repeated) =>
        (await ledger.Tenant.Admin.Put("settings", new { overReceiptPercent = 0, uniqueReferences = !repeated })).ShouldBe(200);

    [Fact]
    public async Task a_pos_transaction_id_is_unique_in_its_store()
    {
        var ledger = await CreateLedger();
        var first = (await Sell(ledger, "T-1")).ShouldBe(201);
        var repeat = await Sell(ledger, "T-1");
        Existing(repeat).ShouldBe(Id(first));
        repeat.Detail!.ShouldContain("'T-1'");
        (await ledger.Tenant.Admin.Get(repeat.Json["existing"]!["url"]!.GetValue<string>())).ShouldBe(200).Json["id"]!
            .GetValue<string>()
            .ShouldBe(Id(first));
        Existing(await Sell(ledger, "  T-1 ")).ShouldBe(Id(first));
        (await Sell(ledger, "T-1", store: "M2")).ShouldBe(201);
        (await Sell(ledger, "t-1")).ShouldBe(201);
        foreach (var none in (string?[])[null, null, "", "  "])
            (await Sell(ledger, none)).ShouldBe(201);
        (
            await ledger.Query("select sum(quantity_on_hand) from inventory where product_id = (select id from products where sku = 'P1')")
        ).ShouldBe(["193"]);
    }

    [Fact]
    public async Task a_pos_transaction_sent_24_times_concurrently_is_one_sale()
    {
        var ledger = await CreateLedger();
        // of two products, so that the sales do not wait for the same lock
        var answers = await Task.WhenAll(Enumerable.Range(0, 24).Select(i => Sell(ledger, "T-1", sku: i % 2 == 0 ? "P1" : "P2")));
        var sold = answers.Where(a => a.Status == 201).ShouldHaveSingleItem();
        answers.Where(a => a != sold).ShouldAllBe(a => Existing(a) == Id(sold));
        (await ledger.Query("select sum(quantity_on_hand) from inventory")).ShouldBe(["399"]);
    }

    [Fact]
    public async Task a_cancelled_sale_releases_its_pos_transaction_id_and_keeps_its_invoice_number()
    {
        var ledger = await CreateLedger();
        var first = (await Sell(ledger, "T-1", invoice: "F-1")).ShouldBe(201);
        await ledger.Do($"sales/{Id(first)}/cancel", new { reason = "rung up wrongly" });
        Existing(await Sell(ledger, "T-1", invoice: "F-1")).ShouldBe(Id(first), "by its invoice number");
        var again = (await Sell(ledger, "T-1", invoice: "F-2")).ShouldBe(201);
        Existing(await Sell(ledger, "T-1")).ShouldBe(Id(again));
        await host.ReplayShouldBeEqual(ledger.Tenant);
    }

    [Fact]
    public async Task a_request_sent_again_with_its_key_is_no_duplicate_reference()
    {
        var ledger = await CreateLedger();
        var (key, invoice) = (Guid.CreateVersion7().ToString(), "F-1");
        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Sell(ledger, "T-1", invoice: invoice, key: key)));
        answers.Select(a => a.ShouldBe(201).Text).Distinct().ShouldHaveSingleItem();
        (await Sell(ledger, "T-1", invoice: invoice, key: key)).ShouldBe(201).Text.ShouldBe(answers[0].Text);
    }

    [Fact]
    public async Task a_setting_allows_repeated_references_and_existing_ones_count_when_it_is_off_again()
    {
        var ledger = await CreateLedger();
        (await ledger.Tenant.Admin.Get("settings")).ShouldBe(200).Json["uniqueReferences"]!.GetValue<bool>().ShouldBeTrue();
        await AllowRepeatedReferences(ledger, repeated: true);
        (await ledger.Tenant.Admin.Put("settings", new { overReceiptPercent = 1 })).ShouldBe(200).Json["uniqueReferences"]!
            .GetValue<bool>()
            .ShouldBeFalse("it is kept as it is when left out");
        (await ledger.Query("select unique_references from settings")).ShouldBe(["False"]);
        string[] sales = [Id((await Sell(ledger, "T-1")).ShouldBe(201)), Id((await Sell(ledger, "T-1")).ShouldBe(201))];
        var sale = Id(await Sell(ledger, null));
        foreach (var command in (string[])["refunds", "refunds"])
            await ledger.Do(
                $"sales/{sale}/{command}",
                new
                {
                    amount = 1,
                    method = "cash",
                    reference = "NC-1",
                }
            );
        foreach (var command in (string[])["payments", "payments"])
            await ledger.Do(
                $"sales/{sale}/{command}",
                new
                {
                    amount = 1,
                    method = "transfer",
                    reference = "TR-1",
                }
            );
        Existing(
                await Sell(
                    ledger,
                    "T-2",
                    invoice: (await ledger.Tenant.Admin.Get($"sales/{sale}")).Json["invoiceNumber"]!.GetValue<string>()
                )
            )
            .ShouldBe(sale, "an invoice number is always unique");

        await AllowRepeatedReferences(ledger, repeated: false);
        Existing(await Sell(ledger, "T-1")).ShouldBeOneOf(sales);
        await ledger.Do($"sales/{sales[0]}/cancel", new { reason = "x" });
        Existing(await Sell(ledger, "T-1")).ShouldBe(sales[1]);
        await ledger.Do($"sales/{sales[1]}/cancel", new { reason = "x" });
        (await Sell(ledger, "T-1")).ShouldBe(201);
        await host.ReplayShouldBeEqual(ledger.Tenant);
    }

    [Fact]
    public async Task a_payment_or_refund_reference_is_unique_by_method_in_its_sale()
    {
        var ledger = await CreateLedger();
        var (sale, another) = (
            Id(await ledger.Sell("P1", 2, "2026-03-10T12:00:00Z", method: null)),
            Id(await ledger.Sell("P1", 2, "2026-03-10T12:00:00Z", method: null))
        );
        foreach (var (command, other) in ((string, string)[])[("payments", "refunds"), ("refunds", "payments")])
        {
            Task<Answer> Move(string id, string method, string? reference) =>
                ledger.Tenant.Admin.Post(
                    $"sales/{id}/{command}",
                    new
                    {
                        amount = 0.5m,
                        method,
                        reference,
                    }
                );
            (await Move(sale, "transfer", "TR-1")).ShouldBe(200);
            var first = (await ledger.Tenant.Admin.Get($"sales/{sale}")).Json["payments"]!
                .AsArray()
                .Single(p => p!["reference"]?.ToString() == "TR-1" && p["kind"]!.ToString() == command[..^1])!["id"]!.GetValue<string>();
            Existing(await Move(sale, "transfer", " TR-1 ")).ShouldBe(first);
            (await Move(sale, "check", "TR-1")).ShouldBe(200); // a check with the same number is not a duplicate
            (await Move(another, "transfer", "TR-1")).ShouldBe(200); // one bank transfer may pay several invoices
            foreach (var none in (string?[])[null, null, " ", " "])
                (await Move(sale, "cash", none)).ShouldBe(200);
            if (command == "payments")
                (await ledger.Tenant.Admin.Post($"sales/{another}/payments", new { amount = 8, method = "cash" })).ShouldBe(200);
        }
        var answers = await Task.WhenAll(
            Enumerable
                .Range(0, 12)
                .Select(_ =>
                    ledger.Tenant.Admin.Post(
                        $"sales/{sale}/payments",
                        new
                        {
                            amount = 0.01m,
                            method = "transfer",
                            reference = "TR-2",
                        }
                    )
                )
        );
        answers.Count(a => a.Status == 200).ShouldBe(1);
        answers.Count(a => a.Status == 409).ShouldBe(11);
    }

    [Fact]
    public async Task a_delivery_note_is_unique_in_its_order()
    {
        var ledger = await CreateLedger();
        await ledger.Do("suppliers", new { code = "V1", businessName = "A supplier" });
        foreach (var number in (string[])["OC-1", "OC-2"])
        {
            await ledger.Do(
                "purchase-orders",
                new
                {
                    store = "M1",
                    supplier = "V1",
                    orderNumber = number,
                    lines = new[] { new { sku = "P1", quantity = 10 } },
                }
            );
            await ledger.Do($"purchase-orders/{number}/send", null);
        }
        Task<Answer> Receive(string number, string? reference) =>
            ledger.Tenant.Admin.Post(
                $"purchase-orders/{number}/receipts",
                new { reference, lines = new[] { new { sku = "P1", quantity = 1 } } }
            );
        var first = (await Receive("OC-1", "NE-1")).ShouldBe(200).Json["deliveryId"]!.GetValue<string>();
        Existing(await Receive("OC-1", "NE-1 ")).ShouldBe(first);
        (await Receive("OC-1", "NE-2")).ShouldBe(200);
        (await Receive("OC-2", "NE-1")).ShouldBe(200); // one delivery note may list goods of several orders
        foreach (var none in (string?[])[null, null, ""])
            (await Receive("OC-1", none)).ShouldBe(200);
        var answers = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Receive("OC-2", "NE-3")));
        answers.Count(a => a.Status == 200).ShouldBe(1);
        await AllowRepeatedReferences(ledger, repeated: true);
        (await Receive("OC-1", "NE-1")).ShouldBe(200);
        (
            await ledger.Query(
                """
                select order_number, quantity_received from purchase_order_items i join purchase_orders o
                    on o.id = i.purchase_order_id order by 1
                """
            )
        ).ShouldBe(["OC-1 6", "OC-2 2"]);
    }

    [Fact]
    public async Task every_refused_duplicate_names_the_existing_document()
    {
        var (api, admin) = (await OpenApi.Of(await Client.Demo(host, "admin")), await Client.Demo(host, "admin"));
        string[] names = ["code", "sku", "email", "orderNumber", "invoiceNumber", "posTransactionId"];
        static string New(string name) => $"N-{Guid.CreateVersion7():N}{(name == "email" ? "@fluxion.demo" : "")}";
        var tried = new List<string>();
        foreach (
            var operation in api.Operations.Where(o =>
                o is { Method: "post", IsOfThePlatform: false } && o.Statuses.Contains("201") && o.Body is not null
            )
        )
        {
            var fields = api.Schema(operation.Body!["schema"]!)["properties"]!
                .AsObject()
                .Select(p => p.Key)
                .Intersect(names)
                // a supplier does not sign in, so its email may repeat
                .Where(name => name != "email" || operation.Path == "/api/{tenant}/users")
                .ToList();
            foreach (var field in fields)
            {
                JsonObject Body(string value)
                {
                    var body = operation.Body!["example"]!.DeepClone().AsObject();
                    body.Remove("barcodes"); // barcodes are unique as well
                    foreach (var name in fields)
                        body[name] = name == field ? value : New(name);
                    return body;
                }
                var taken = New(field);
                var first = (await admin.Post(operation.Address, Body(taken).ToJsonString())).ShouldBe(201);
                var repeats = await Task.WhenAll(
                    Enumerable.Range(0, 3).Select(_ => admin.Post(operation.Address, Body(taken).ToJsonString()))
                );
                repeats.ShouldAllBe(repeat => Existing(repeat) == Id(first), $"{operation} {field}");
                (await admin.Get(repeats[0].Json["existing"]!["url"]!.GetValue<string>())).ShouldBe(200);
                // concurrently: none of them exists yet when the others check
                taken = New(field);
                var answers = await Task.WhenAll(
                    Enumerable.Range(0, 8).Select(_ => admin.Post(operation.Address, Body(taken).ToJsonString()))
                );
                var winner = answers.Where(a => a.Status == 201).ShouldHaveSingleItem($"{operation} {field}");
                answers.Where(a => a != winner).ShouldAllBe(a => Existing(a) == Id(winner), $"{operation} {field}");
                tried.Add(field);
            }
        }
        tried.ShouldBe(["code", "code", "code", "sku", "email", "orderNumber", "invoiceNumber", "posTransactionId"], ignoreOrder: true);
    }

    [Fact]
    public async Task a_user_of_one_store_does_not_see_the_order_of_another_in_a_refusal()
    {
        var ledger = await CreateLedger();
        await ledger.Do("suppliers", new { code = "V1", businessName = "A supplier" });
        object Order(string store) =>
            new
            {
                store,
                supplier = "V1",
                orderNumber = "OC-1",
                lines = new[] { new { sku = "P1", quantity = 10 } },
            };
        await ledger.Do("purchase-orders", Order("M1"));
        var luis = await ledger.Tenant.CreateUser(host, "luis@company.test", "user", "M2");
        Existing(await luis.Post("purchase-orders", Order("M2"))).ShouldBeNull();
    }

    /// <summary>Fields with a number or name that another system, or a person, assigned.</summary>
    [GeneratedRegex("(?i)reference$|number$|^code$|^sku$|^slug$|barcode|taxId$|clientId$|transactionId$|email$")]
    private static partial Regex Naming();

    [Fact]
    public async Task the_documented_table_of_references_covers_every_reference_field()
    {
        var api = await OpenApi.Of(Client.Anonymous(host));
        var fields = new HashSet<string>();
        foreach (var operation in api.Operations.Where(o => o.Body is not null))
        {
            foreach (
                var name in api.Schema(operation.Body!["schema"]!)["properties"]!
                    .AsObject()
                    .Select(p => p.Key)
                    .Where(name => Naming().IsMatch(name) && name != "lineNumber")
            )
                fields.Add($"{operation.Path["/api/".Length..].Replace("{tenant}/", "", StringComparison.Ordinal)} {name}");
        }
        fields.Count.ShouldBeGreaterThan(20);
        var docs = File.ReadAllText(Path.Combine(Repository.Root, "docs", "sales.md"));
        fields
            .Where(field =>
                field.Split(' ') is [var path, var name]
                && !docs.Contains($"`{path}`", StringComparison.Ordinal) | !docs.Contains($"`{name}`", StringComparison.Ordinal)
            )
            .ShouldBeEmpty();
    }
}
