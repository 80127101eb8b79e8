using Fluxion.Ledger.Access;
using Fluxion.Ledger.Catalog;
using Fluxion.Ledger.Session;
using Fluxion.Ledger.Tenancy;
using Fluxion.Tests.Host;
using Fluxion.Tests.Replay;
using Fluxion.Tests.Tenancy;
using Microsoft.Extensions.DependencyInjection;

namespace Fluxion.Tests.Catalog;

/// <summary>One rule for stores, products and suppliers: open documents are finished or cancelled before a deactivation.</summary>
public sealed class DeactivationTests(LedgerHost host)
{
    /// <summary>A tenant with the stores M1 and M2, the products P1 and P2 with 20 each in M1, and the supplier V1.</summary>
    private async Task<TestTenant> CreateTenant()
    {
        var tenant = await TestTenant.Create(host);
        await tenant.CreateStore("M1", "P1", stock: 20);
        await tenant.CreateStore("M2", "P2");
        (await tenant.Admin.Post("suppliers", new { code = "V1", businessName = "A supplier" })).ShouldBe(201);
        return tenant;
    }

    private static object[] Lines(string sku = "P1", decimal quantity = 5) => [new { sku, quantity }];

    private static Task<Answer> Order(Client client, string number, string store = "M1", string sku = "P1") =>
        client.Post(
            "purchase-orders",
            new
            {
                store,
                supplier = "V1",
                orderNumber = number,
                lines = Lines(sku),
            }
        );

    private static Task<Answer> Transfer(Client client, string reference = "TR-1") =>
        client.Post(
            "stock/transfers",
            new
            {
                fromStore = "M1",
                toStore = "M2",
                reference,
                lines = Lines(),
            }
        );

    private static Task<Answer> Reserve(Client client, string reference = "web-1") =>
        client.Post(
            "stock/reservations",
            new
            {
                reference,
                lines = new[]
                {
                    new
                    {
                        store = "M1",
                        sku = "P1",
                        quantity = 5,
                    },
                },
            }
        );

    private static Task<Answer> Deactivate(Client client, string what) => client.Post($"{what}/deactivate", null);

    private static async Task<bool> IsActive(Client client, string what) =>
        (await client.Get(what)).ShouldBe(200).Json["isActive"]!.GetValue<bool>();

    private static string[] OpenDocuments(Answer refused) =>
        [
            .. refused.Json["open"]!
                .AsArray()
                .Select(o =>
                    $"{o!["kind"]} {o["count"]} {string.Join(',', o["documents"]!.AsArray().Select(d => d!.GetValue<string>()))}".TrimEnd()
                ),
        ];

    [Theory]
    [InlineData("draft", "stores/M1 products/P1 suppliers/V1")]
    [InlineData("sent", "stores/M1 products/P1 suppliers/V1")]
    [InlineData("partial", "stores/M1 products/P1 suppliers/V1")]
    [InlineData("received", "")]
    [InlineData("cancelled", "")]
    public async Task a_purchase_order_blocks_deactivation_until_it_is_received_or_cancelled(string state, string open)
    {
        var tenant = await CreateTenant();
        (await Order(tenant.Admin, "OC-1")).ShouldBe(201);
        if (state != "draft")
            (await tenant.Admin.Post($"purchase-orders/OC-1/{(state == "cancelled" ? "cancel" : "send")}", null)).ShouldBe(200);
        if (state is "partial" or "received")
            (
                await tenant.Admin.Post("purchase-orders/OC-1/receipts", new { lines = Lines(quantity: state == "partial" ? 2 : 5) })
            ).ShouldBe(200);
        foreach (var what in (string[])["stores/M1", "products/P1", "suppliers/V1"])
        {
            var answer = await Deactivate(tenant.Admin, what);
            if (!open.Contains(what, StringComparison.Ordinal))
                answer.ShouldBe(200);
            else
            {
                OpenDocuments(answer.ShouldBe(409)).ShouldBe(["purchase_order 1 OC-1"]);
                answer.Detail!.ShouldContain("it has open documents: 1 purchase order (OC-1). Finish or cancel them first.");
                (await IsActive(tenant.Admin, what)).ShouldBeTrue();
            }
        }
        foreach (var what in (string[])["stores/M2", "products/P2"])
            (await Deactivate(tenant.Admin, what)).ShouldBe(200);
    }

    [Fact]
    public async Task transfers_and_reservations_block_deactivation_and_the_refusal_names_them_all()
    {
        var tenant = await CreateTenant();
        var transfer = (await Transfer(tenant.Admin)).ShouldBe(201).Json["id"];
        var reservation = (await Reserve(tenant.Admin)).ShouldBe(201).Json["id"];
        (await Order(tenant.Admin, "OC-1")).ShouldBe(201);
        (await Order(tenant.Admin, "OC-2", sku: "P2")).ShouldBe(201);
        var refused = (await Deactivate(tenant.Admin, "stores/M1")).ShouldBe(409);
        OpenDocuments(refused).ShouldBe(["purchase_order 2 OC-1,OC-2", "reservation 1 web-1", "transfer 1 TR-1"]);
        refused.Detail!.ShouldBe(
            "The store M1 is not deactivated, because it has open documents: 2 purchase orders (OC-1, OC-2), "
                + "1 reservation (web-1), "
                + "1 transfer (TR-1). Finish or cancel them first."
        );
        OpenDocuments((await Deactivate(tenant.Admin, "products/P1")).ShouldBe(409))
            .ShouldBe(["purchase_order 1 OC-1", "reservation 1 web-1", "transfer 1 TR-1"]);
        OpenDocuments((await Deactivate(tenant.Admin, "stores/M2")).ShouldBe(409)).ShouldBe(["transfer 1 TR-1"]);
        OpenDocuments((await Deactivate(tenant.Admin, "suppliers/V1")).ShouldBe(409)).ShouldBe(["purchase_order 2 OC-1,OC-2"]);

        foreach (var order in (string[])["OC-1", "OC-2"])
            (await tenant.Admin.Post($"purchase-orders/{order}/cancel", null)).ShouldBe(200);
        (await tenant.Admin.Post($"stock/transfers/{transfer}/cancel", new { })).ShouldBe(200);
        (await tenant.Admin.Post($"stock/reservations/{reservation}/release", null)).ShouldBe(200);
        foreach (var what in (string[])["stores/M1", "stores/M2", "products/P1", "suppliers/V1"])
        {
            (await Deactivate(tenant.Admin, what)).ShouldBe(200);
            (await Deactivate(tenant.Admin, what)).ShouldBe(200); // a second deactivation changes nothing
        }
    }

    [Fact]
    public async Task a_manager_of_one_store_sees_the_number_of_open_documents_but_only_names_of_that_store()
    {
        var tenant = await CreateTenant();
        foreach (var (number, store) in ((string, string)[])[("OC-1", "M1"), ("OC-2", "M2"), ("OC-3", "M1")])
            (await Order(tenant.Admin, number, store)).ShouldBe(201);
        var eva = await tenant.CreateUser(host, "eva@company.test", "manager", "M2");
        foreach (var what in (string[])["products/P1", "suppliers/V1"])
        {
            var refused = (await Deactivate(eva, what)).ShouldBe(409);
            OpenDocuments(refused).ShouldBe(["purchase_order 3 OC-2"]);
            refused.Detail!.ShouldContain("3 purchase orders (OC-2, 2 more)");
            refused.Text.ShouldNotContain("OC-1");
        }
        (await tenant.Admin.Post("purchase-orders/OC-2/cancel", null)).ShouldBe(200);
        (await Deactivate(eva, "products/P1")).ShouldBe(409).Detail!.ShouldContain("2 purchase orders. Finish");
    }

    [Fact]
    public async Task an_import_of_products_deactivates_by_the_same_rule()
    {
        var tenant = await CreateTenant();
        (await Order(tenant.Admin, "OC-1")).ShouldBe(201);
        Task<Answer> Import(string file) =>
            tenant.Admin.Send(HttpMethod.Post, "imports/products", file, Guid.CreateVersion7().ToString(), contentType: "text/csv");
        var refused = (await Import("sku,isActive\nP2,false\nP1,false\n")).ShouldBe(400);
        refused.Text.ShouldContain("1 purchase order (OC-1)");
        refused.Fields.ShouldBe(["line 3: isActive"]);
        ((await IsActive(tenant.Admin, "products/P1")), await IsActive(tenant.Admin, "products/P2")).ShouldBe((true, true));
        (await tenant.Admin.Post("purchase-orders/OC-1/cancel", null)).ShouldBe(200);
        (await Import("sku,isActive\nP2,false\nP1,false\n")).ShouldBe(200);
        (await IsActive(tenant.Admin, "products/P1")).ShouldBeFalse();
    }

    // Concurrent commands: exactly one succeeds

    [Theory]
    [InlineData("stores/M1")]
    [InlineData("products/P1")]
    [InlineData("suppliers/V1")]
    public async Task exactly_one_of_a_concurrent_deactivation_and_order_succeeds(string what)
    {
        var tenant = await CreateTenant();
        await Race(
            tenant,
            what,
            round => Order(tenant.Admin, $"OC-{round}"),
            round => tenant.Admin.Post($"purchase-orders/OC-{round}/cancel", null)
        );
    }

    [Fact]
    public async Task exactly_one_of_a_concurrent_deactivation_and_transfer_or_reservation_succeeds()
    {
        var tenant = await CreateTenant();
        Answer? made = null;
        foreach (var what in (string[])["stores/M1", "stores/M2"])
            await Race(
                tenant,
                what,
                async round => made = await Transfer(tenant.Admin, $"TR-{round}"),
                _ => tenant.Admin.Post($"stock/transfers/{made!.Json["id"]}/cancel", new { })
            );
        await Race(
            tenant,
            "stores/M1",
            async round => made = await Reserve(tenant.Admin, $"web-{round}"),
            _ => tenant.Admin.Post($"stock/reservations/{made!.Json["id"]}/release", null)
        );
        await host.ReplayShouldBeEqual(tenant);
    }

    private static async Task Race(TestTenant tenant, string what, Func<int, Task<Answer>> open, Func<int, Task<Answer>> close)
    {
        for (var round = 0; round < 12; round++)
        {
            var (deactivation, opening) = round % 2 == 0 ? (Deactivate(tenant.Admin, what), open(round)) : (null, open(round));
            deactivation ??= Deactivate(tenant.Admin, what);
            var answers = await Task.WhenAll(deactivation, opening);
            (answers[0].Status == 200, answers[1].Status == 201).ShouldBeOneOf((true, false), (false, true));
            answers.ShouldAllBe(a => a.Status == 200 || a.Status == 201 || a.Status == 409, $"{answers[0].Text} {answers[1].Text}");
            if (answers[1].Status == 201)
                (await close(round)).ShouldBe(200);
            (await tenant.Admin.Post($"{what}/activate", null)).ShouldBe(200);
        }
    }

    // A deactivated entry accepts nothing new

    [Fact]
    public async Task no_new_document_of_a_deactivated_item_is_accepted()
    {
        var tenant = await CreateTenant();
        async Task<string> Ordered(string number, decimal received)
        {
            (await Order(tenant.Admin, number)).ShouldBe(201);
            (await tenant.Admin.Post($"purchase-orders/{number}/send", null)).ShouldBe(200);
            if (received > 0)
                (await tenant.Admin.Post($"purchase-orders/{number}/receipts", new { lines = Lines(quantity: received) })).ShouldBe(200);
            return number;
        }
        var (whole, closed, cancelled) = (await Ordered("OC-1", 5), await Ordered("OC-2", 3), await Ordered("OC-3", 0));
        (await tenant.Admin.Post($"purchase-orders/{closed}/close", null)).ShouldBe(200);
        (await tenant.Admin.Post($"purchase-orders/{cancelled}/cancel", null)).ShouldBe(200);
        foreach (
            var (what, name) in ((string, string)[])
                [("products/P1", "the product P1"), ("suppliers/V1", "the supplier V1"), ("stores/M1", "the store M1")]
        )
        {
            (await Deactivate(tenant.Admin, what)).ShouldBe(200);
            (await Order(tenant.Admin, $"OC-{what[..4]}")).ShouldBe(409);
            foreach (var order in (string[])[closed, cancelled])
                (await tenant.Admin.Post($"purchase-orders/{order}/reopen", null)).ShouldBe(409).Detail!.ShouldContain(name);
            (await tenant.Admin.Post($"purchase-orders/{whole}/returns", new { lines = Lines(quantity: 1) }))
                .ShouldBe(409)
                .Detail!.ShouldContain(name);
            // goods can still go back to the supplier, without a replacement; but no goods move from a deactivated store
            (
                await tenant.Admin.Post($"purchase-orders/{whole}/returns", new { replacement = false, lines = Lines(quantity: 1) })
            ).ShouldBe(what == "stores/M1" ? 409 : 200);
            (await tenant.Admin.Post($"{what}/activate", null)).ShouldBe(200);
        }
        (await tenant.Admin.Post($"purchase-orders/{closed}/reopen", null)).ShouldBe(200);
        (await tenant.Admin.Post($"purchase-orders/{cancelled}/reopen", null)).ShouldBe(200);
    }

    /// <summary>The state that an older version left behind: the entry was deactivated while documents were open.</summary>
    [Fact]
    public async Task documents_that_were_open_at_deactivation_can_be_completed()
    {
        var tenant = await CreateTenant();
        var admin = tenant.Admin;
        (await Order(admin, "OC-1")).ShouldBe(201);
        (await Order(admin, "OC-DRAFT")).ShouldBe(201);
        (await admin.Post("purchase-orders/OC-1/send", null)).ShouldBe(200);
        var (arriving, returning) = ((await Transfer(admin)).ShouldBe(201).Json["id"], (await Transfer(admin)).ShouldBe(201).Json["id"]);
        var reservation = (await Reserve(admin)).ShouldBe(201).Json["id"];
        var (sale, voided) = (await Sell(admin, "F-1"), await Sell(admin, "F-2"));
        foreach (
            var (what, deactivated) in ((string, object)[])
                [
                    ("stores/M1", new StoreDeactivated()),
                    ("stores/M2", new StoreDeactivated()),
                    ("products/P1", new ProductDeactivated()),
                    ("suppliers/V1", new SupplierDeactivated()),
                ]
        )
        {
            await tenant.DeactivateUnchecked(host, (await admin.Get(what)).ShouldBe(200).Json["id"]!.GetValue<Guid>(), deactivated);
        }

        (await admin.Post("stock/receipts", new { store = "M1", lines = Lines() })).ShouldBe(409);
        (await admin.Post("purchase-orders/OC-DRAFT/send", null))
            .ShouldBe(409)
            .Detail!.ShouldContain("the store M1, the supplier V1, the product P1");
        (await admin.Post("purchase-orders/OC-DRAFT/cancel", null)).ShouldBe(200);
        (await admin.Post("purchase-orders/OC-1/receipts", new { lines = Lines() })).ShouldBe(200).Json["status"]!
            .GetValue<string>()
            .ShouldBe("received");
        (
            await admin.Post(
                $"stock/transfers/{arriving}/receipts",
                new
                {
                    lines = new[]
                    {
                        new
                        {
                            sku = "P1",
                            received = 4,
                            damaged = 1,
                        },
                    },
                }
            )
        ).ShouldBe(200);
        (await admin.Post($"stock/transfers/{returning}/cancel", new { })).ShouldBe(200);
        (await admin.Post($"stock/reservations/{reservation}/extend", new { })).ShouldBe(200);
        (await admin.SetReservedQuantity(reservation!.GetValue<string>(), 2)).ShouldBe(200);
        // refused: more would be reserved in a deactivated store
        (await admin.SetReservedQuantity(reservation.GetValue<string>(), 3)).ShouldBe(409);
        (await admin.Post($"stock/reservations/{reservation}/release", null)).ShouldBe(200);
        (await admin.Post($"sales/{sale}/returns", new { lines = new[] { new { lineNumber = 1, quantity = 1 } } })).ShouldBe(200);
        (await admin.Post($"sales/{voided}/cancel", new { reason = "A typing error" })).ShouldBe(200);
        (
            await admin.Post(
                "stock/issues",
                new
                {
                    store = "M1",
                    reason = "damage",
                    lines = Lines(),
                }
            )
        ).ShouldBe(409);
        await host.ReplayShouldBeEqual(tenant);
    }

    private static async Task<string> Sell(Client client, string invoiceNumber) => (
            await client.Post(
                "sales",
                new
                {
                    store = "M1",
                    invoiceNumber,
                    lines = Lines(quantity: 1),
                }
            )
        ).ShouldBe(201).Json["id"]!.GetValue<string>();
}

internal static class OlderVersion
{
    /// <summary>Sets the quantity that the reservation holds of P1 in M1.</summary>
    public static Task<Answer> SetReservedQuantity(this Client client, string reservation, decimal quantity) =>
        client.Send(
            HttpMethod.Put,
            $"stock/reservations/{reservation}",
            new
            {
                lines = new[]
                {
                    new
                    {
                        store = "M1",
                        sku = "P1",
                        quantity,
                    },
                },
            },
            Guid.CreateVersion7().ToString()
        );

    /// <summary>Deactivates a store, a product or a supplier without checking for open documents.</summary>
    public static async Task DeactivateUnchecked(this TestTenant tenant, LedgerHost host, Guid id, object deactivated)
    {
        var ct = TestContext.Current.CancellationToken;
        var registered = host.Services.GetRequiredService<TenantRegistry>().Get(tenant.Id);
        await using var session = host
            .Services.GetRequiredService<TenantDocumentStores>()
            .ForTenant(tenant.Id.ToString())
            .LightweightSession(tenant.Id.ToString());
        var ledger = new LedgerSession(session, registered, Caller.System(registered));
        await ledger.Begin(ct);
        await (
            deactivated switch
            {
                StoreDeactivated => Append<Store>(),
                ProductDeactivated => Append<Product>(),
                _ => Append<Supplier>(),
            }
        );
        await ledger.Commit(ct);

        async Task Append<T>()
            where T : class, IAggregate<T>
        {
            await ledger.Lock<T>(id, ct);
            ledger.Append<T>(id, deactivated);
        }
    }
}
