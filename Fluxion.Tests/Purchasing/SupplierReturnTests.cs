using System.Text.Json.Nodes;
using Fluxion.Ledger.Purchasing;
using Fluxion.Tests.Host;
using Fluxion.Tests.Replay;
using Fluxion.Tests.Reports;

namespace Fluxion.Tests.Purchasing;

/// <summary>Returns to a supplier name the delivery. The goods leave at their inbound cost, and the order expects a replacement.</summary>
public sealed class SupplierReturnTests(LedgerHost host, PurchasingTenant purchasing) : IClassFixture<PurchasingTenant>
{
    private static decimal Number(JsonNode? node) => node!.GetValue<decimal>();

    private static Guid Delivery(Answer receipt) => receipt.ShouldBe(200).Json["deliveryId"]!.GetValue<Guid>();

    private async Task<string> Status(string order) => (await purchasing.Order(order))["status"]!.GetValue<string>();

    /// <summary>The lines of an order: ordered, received and cancelled.</summary>
    private async Task<string> Line(string order) =>
        string.Join(
            ' ',
            (await purchasing.Lines(order)).Select(l =>
                $"{Number(l!["quantityOrdered"]):0.###} {Number(l["quantityReceived"]):0.###} {Number(l["quantityCancelled"]):0.###}"
            )
        );

    private async Task<decimal> OnOrder(string sku) => Number((await purchasing.Inventory(sku))!["onOrder"]);

    [Fact]
    public async Task returned_goods_are_on_order_again_until_the_replacement_arrives()
    {
        var sku = await purchasing.NewSku();
        var number = await purchasing.CreateSentOrder(sku, 24);
        var first = Delivery(await purchasing.Receive(number, sku, 10, unitCost: 2, reference: "NE-1"));
        var second = Delivery(await purchasing.Receive(number, sku, 14, unitCost: 3, reference: "NE-2"));
        (await Status(number)).ShouldBe("received");

        var back = (await purchasing.Return(number, sku, 4, first, reference: "ND-1")).ShouldBe(200).Json;
        (await purchasing.Return(number, sku, 1, first, reference: " ND-1 ")).ShouldBe(409).Json["existing"]!["id"]!
            .GetValue<Guid>()
            .ShouldBe(back["returnId"]!.GetValue<Guid>());
        (back["status"]!.GetValue<string>(), back["deliveryId"]!.GetValue<Guid>(), Number(back["stock"]![0]!["onHand"])).ShouldBe(
            ("partial", first, 20m)
        );
        (await Line(number)).ShouldBe("24 20 0");
        (await OnOrder(sku)).ShouldBe(4);
        (await purchasing.Order(number))["receivedDate"].ShouldBeNull();
        var item = (await purchasing.Inventory(sku))!;
        Number(item["costPerUnit"]).ShouldBe(2.7m); // (24 × 2.5833 − 4 × 2) / 20
        Number(item["value"]).ShouldBe(54m); // 6 × 2 + 14 × 3

        var movement = (await purchasing.Admin.Get($"movements?sku={sku}&limit=1")).ShouldBe(200).Json["items"]![0]!;
        string.Join(' ', ((string[])["movementType", "referenceType", "reason", "reference", "notes"]).Select(field => movement[field]))
            .ShouldBe("out purchase return_to_supplier ND-1 Damaged");
        (Number(movement["quantity"]), Number(movement["totalCost"]), movement["referenceId"]!.GetValue<string>()).ShouldBe(
            (-4m, -8m, back["id"]!.GetValue<string>())
        );
        var explained = (await purchasing.Admin.Get($"audit/explain?store=S1&sku={sku}")).ShouldBe(200).Json["items"]!.AsArray();
        explained
            .Select(m => $"{m!["document"]} {m["quantity"]} {m["unitCost"]} {m["averageCost"]}")
            .ShouldBe(["purchase 10 2 2", "purchase 14 3 2.5833", "purchase -4 2 2.7"]);

        (await purchasing.Receive(number, sku, 5)).ShouldBe(409);
        var replacement = Delivery(await purchasing.Receive(number, sku, 4, unitCost: 2, reference: "NE-3"));
        (await Status(number)).ShouldBe("received");
        (await OnOrder(sku)).ShouldBe(0);

        var page = (await purchasing.Admin.Get($"purchase-orders/{number}")).ShouldBe(200).Json;
        page["deliveries"]!
            .AsArray()
            .Select(d =>
                $"{d!["id"]} {d["reference"]} "
                + $"{string.Join(',', d["lines"]!.AsArray().Select(l => $"{l!["quantity"]}-{l["returned"]}@{l["unitCost"]}"))}"
            )
            .ShouldBe([$"{first} NE-1 10-4@2", $"{second} NE-2 14-0@3", $"{replacement} NE-3 4-0@2"]);
        var returned = page["returns"]!.AsArray().ShouldHaveSingleItem()!;
        (
            returned["id"]!.GetValue<Guid>(),
            returned["deliveryId"]!.GetValue<Guid>(),
            returned["isReplaced"]!.GetValue<bool>(),
            returned["reason"]!.GetValue<string>(),
            Number(returned["lines"]![0]!["quantity"])
        ).ShouldBe((back["returnId"]!.GetValue<Guid>(), first, true, "Damaged", 4m));
        (await purchasing.Admin.Get($"events?entityId={back["id"]}&eventType=purchase_order_returned")).ShouldBe(200).Json["items"]!
            .AsArray()
            .ShouldHaveSingleItem();
    }

    [Fact]
    public async Task a_return_without_replacement_settles_the_line()
    {
        var sku = await purchasing.NewSku();
        var number = await purchasing.CreateSentOrder(sku, 10);
        (await purchasing.Receive(number, sku, 6)).ShouldBe(200);
        (await purchasing.Return(number, sku, 2, replacement: false)).ShouldBe(200).Json["status"]!.GetValue<string>().ShouldBe("partial");
        (await Line(number)).ShouldBe("10 4 2");
        (await OnOrder(sku)).ShouldBe(4);
        (await purchasing.Receive(number, sku, 5))
            .ShouldBe(409)
            .Detail!.ShouldContain($"10 of {sku} were ordered and 4 received, 2 will not come any more, so 5 more are too many");
        (await purchasing.Receive(number, sku, 4)).ShouldBe(200).Json["status"]!.GetValue<string>().ShouldBe("received");
        (await OnOrder(sku)).ShouldBe(0);
    }

    [Theory]
    [InlineData(true, "confirmed", "10 0 0", 10)]
    [InlineData(false, "received", "10 0 10", 0)]
    public async Task a_complete_return_leaves_the_order_with_nothing_received(
        bool replacement,
        string status,
        string line,
        decimal onOrder
    )
    {
        var sku = await purchasing.NewSku();
        var number = await purchasing.CreateSentOrder(sku, 10);
        (await purchasing.Receive(number, sku, 10)).ShouldBe(200);
        (await purchasing.Return(number, sku, 10, replacement: replacement)).ShouldBe(200).Json["status"]!
            .GetValue<string>()
            .ShouldBe(status);
        ((await Line(number)), await OnOrder(sku), Number((await purchasing.Inventory(sku))!["onHand"])).ShouldBe((line, onOrder, 0m));
        // a client that no longer wants the replacement cancels the order
        (await purchasing.Do(number, "cancel")).ShouldBe(replacement ? 200 : 409);
    }

    [Fact]
    public async Task a_return_to_a_closed_order_puts_only_the_returned_quantity_on_order()
    {
        var sku = await purchasing.NewSku();
        var number = await purchasing.CreateSentOrder(sku, 24);
        (await purchasing.Receive(number, sku, 20)).ShouldBe(200);
        (await purchasing.Do(number, "close")).ShouldBe(200);
        (await purchasing.Return(number, sku, 5)).ShouldBe(200).Json["status"]!.GetValue<string>().ShouldBe("partial");
        (await Line(number)).ShouldBe("24 15 4");
        (await OnOrder(sku)).ShouldBe(5);
        (await purchasing.Receive(number, sku, 6)).ShouldBe(409);
        (await purchasing.Receive(number, sku, 5)).ShouldBe(200).Json["status"]!.GetValue<string>().ShouldBe("received");
        (await OnOrder(sku)).ShouldBe(0);
    }

    [Fact]
    public async Task an_order_reopened_after_cancellation_has_its_former_status()
    {
        var sku = await purchasing.NewSku();
        var number = await purchasing.CreateSentOrder(sku, 10);
        (await purchasing.Receive(number, sku, 10)).ShouldBe(200);
        (await purchasing.Return(number, sku, 4, replacement: false)).ShouldBe(200);
        (await purchasing.Return(number, sku, 6)).ShouldBe(200);
        (await purchasing.Do(number, "cancel")).ShouldBe(200);
        (await OnOrder(sku)).ShouldBe(0);
        (await purchasing.Do(number, "reopen")).ShouldBe(200).Json["status"]!.GetValue<string>().ShouldBe("confirmed");
        (await OnOrder(sku)).ShouldBe(6);
    }

    [Fact]
    public async Task an_over_delivered_quantity_can_be_returned_and_is_not_on_order_again()
    {
        await using var own = await PurchasingTenant.Create(host);
        (await own.SetOverReceiptPercent(50)).ShouldBe(200);
        var sku = await own.NewSku();
        var number = await own.CreateSentOrder(sku, 10);
        (await own.Receive(number, sku, 14)).ShouldBe(200);
        (await own.Return(number, sku, 4)).ShouldBe(200).Json["status"]!.GetValue<string>().ShouldBe("received");
        (await own.Return(number, sku, 4, replacement: false)).ShouldBe(200);
        var line = (await own.Lines(number))[0]!;
        (Number(line["quantityReceived"]), Number(line["quantityCancelled"])).ShouldBe((6m, 4m));
        (await own.Receive(number, sku, 3)).ShouldBe(409); // nothing is on order: the order is received
    }

    // Not more than was delivered, only from that delivery, and not before it

    [Fact]
    public async Task a_return_cannot_exceed_the_remaining_quantity_of_its_delivery()
    {
        var (sku, other) = (await purchasing.NewSku(), await purchasing.NewSku());
        var number = await purchasing.CreateSentOrder(sku, 20);
        var first = Delivery(await purchasing.Receive(number, sku, 5));
        Delivery(await purchasing.Receive(number, sku, 15));
        (await purchasing.Return(number, sku, 6, first))
            .ShouldBe(409)
            .Detail!.ShouldContain($"5 of {sku} were delivered and 0 went back, so 6 more are too many");
        (await purchasing.Return(number, sku, 3, first)).ShouldBe(200);
        (await purchasing.Return(number, sku, 3, first))
            .ShouldBe(409)
            .Detail!.ShouldContain($"5 of {sku} were delivered and 3 went back, so 3 more are too many");
        (await purchasing.Return(number, sku, 2, first, replacement: false)).ShouldBe(200);
        (await purchasing.Return(number, sku, 1, first)).ShouldBe(409);

        var several = (await purchasing.Return(number, sku, 1)).ShouldBe(400);
        several.Fields.ShouldBe(["delivery"]);
        several.Text.ShouldContain(first.ToString());
        (await purchasing.Return(number, sku, 1, Guid.CreateVersion7())).ShouldBe(404).Fields.ShouldBe(["delivery"]);
        (await purchasing.Return(number, other, 1, first)).ShouldBe(404).Fields.ShouldBe(["lines[0].sku"]);
        var elsewhere = await purchasing.CreateSentOrder(sku, 5);
        var theirs = Delivery(await purchasing.Receive(elsewhere, sku, 5));
        (await purchasing.Return(number, sku, 1, theirs)).ShouldBe(404);
    }

    [Fact]
    public async Task returned_goods_leave_at_the_cost_of_their_delivery_line()
    {
        var sku = await purchasing.NewSku();
        var number = await purchasing.CreateSentOrder(sku, 20);
        (
            await purchasing.Admin.Post(
                $"purchase-orders/{number}/receipts",
                new
                {
                    lines = new[]
                    {
                        new
                        {
                            sku,
                            quantity = 8,
                            unitCost = 2m,
                        },
                        new
                        {
                            sku,
                            quantity = 12,
                            unitCost = 3m,
                        },
                    },
                }
            )
        ).ShouldBe(200);
        (await purchasing.Return(number, sku, 1)).ShouldBe(400).Fields.ShouldBe(["lines[0].unitCost"]);
        (await purchasing.Return(number, sku, 9, unitCost: 2)).ShouldBe(409);
        (await purchasing.Return(number, sku, 8, unitCost: 2.0m)).ShouldBe(200);
        Number((await purchasing.Inventory(sku))!["costPerUnit"]).ShouldBe(3);
        (await purchasing.Return(number, sku, 12, unitCost: 3)).ShouldBe(200).Json["status"]!.GetValue<string>().ShouldBe("confirmed");
    }

    [Fact]
    public async Task a_return_before_the_delivery_or_beyond_the_available_stock_is_refused()
    {
        var sku = await purchasing.NewSku();
        var number = await purchasing.CreateSentOrder(sku, 10, orderDate: "2026-02-01");
        (await purchasing.Receive(number, sku, 10, occurredAt: "2026-02-05T12:00:00Z")).ShouldBe(200);
        (await purchasing.Return(number, sku, 1, occurredAt: "2026-02-05T11:59:59Z")).ShouldBe(400).Fields.ShouldBe(["occurredAt"]);
        (await purchasing.Return(number, sku, 1, occurredAt: "2026-02-05T12:00:00Z")).ShouldBe(200);
        (
            await purchasing.Admin.Post(
                "stock/reservations",
                new
                {
                    reference = "web-1",
                    lines = new[]
                    {
                        new
                        {
                            store = "S1",
                            sku,
                            quantity = 6,
                        },
                    },
                }
            )
        ).ShouldBe(201);
        (await purchasing.Return(number, sku, 4)).ShouldBe(409).Json["shortages"]![0]!["available"]!.GetValue<decimal>().ShouldBe(3);
        (await purchasing.Return(number, sku, 3)).ShouldBe(200);
        (await Line(number)).ShouldBe("10 6 0");
    }

    [Fact]
    public async Task twenty_of_24_concurrent_returns_of_20_units_succeed_and_a_repeated_key_counts_once()
    {
        var sku = await purchasing.NewSku();
        var number = await purchasing.CreateSentOrder(sku, 20);
        (await purchasing.Receive(number, sku, 20)).ShouldBe(200);
        (await purchasing.Admin.Post("stock/receipts", new { store = "S1", lines = new[] { new { sku, quantity = 10 } } })).ShouldBe(200);
        var key = Guid.CreateVersion7().ToString();
        (await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => purchasing.Return(number, sku, 1, key: key))))
            .Select(a => a.ShouldBe(200).Text)
            .Distinct()
            .ShouldHaveSingleItem();
        var answers = await Task.WhenAll(Enumerable.Range(0, 24).Select(_ => purchasing.Return(number, sku, 1)));
        (answers.Count(a => a.Status == 200), answers.Count(a => a.Status == 409)).ShouldBe((19, 5));
        Number((await purchasing.Inventory(sku))!["onHand"]).ShouldBe(10);
        (await purchasing.Return(number, sku, 1, key: null)).ShouldBe(400).Fields.ShouldBe(["Idempotency-Key"]);
    }

    [Fact]
    public async Task a_user_returns_goods_of_accessible_stores_and_a_viewer_none()
    {
        await using var own = await PurchasingTenant.Create(host);
        var sku = await own.NewSku();
        var number = await own.CreateSentOrder(sku, 5);
        (await own.Receive(number, sku, 5)).ShouldBe(200);
        var receipt = (await own.Admin.Post("stock/receipts", new { store = "S1", lines = new[] { new { sku, quantity = 5 } } }))
            .ShouldBe(200)
            .Json["id"];
        foreach (var (role, store, status) in ((string, string, int)[])[("user", "S2", 403), ("viewer", "S1", 403), ("user", "S1", 200)])
        {
            var email = $"{role}{store}@company.test".ToLowerInvariant();
            var client = await own.Tenant.CreateUser(host, email, role, store);
            (await own.Return(number, sku, 1, client: client)).ShouldBe(status);
            (await client.Post($"stock/receipts/{receipt}/returns", new { lines = new[] { new { sku, quantity = 1 } } })).ShouldBe(status);
        }
    }

    // Booking errors

    [Fact]
    public async Task a_return_fully_reverses_a_delivery_to_the_wrong_order_or_at_the_wrong_cost()
    {
        var sku = await purchasing.NewSku();
        (
            await purchasing.Admin.Post(
                "stock/receipts",
                new
                {
                    store = "S1",
                    lines = new[]
                    {
                        new
                        {
                            sku,
                            quantity = 10,
                            unitCost = 2.5m,
                        },
                    },
                }
            )
        ).ShouldBe(200);
        var (wrong, right) = (await purchasing.CreateSentOrder(sku, 10), await purchasing.CreateSentOrder(sku, 10));
        (await purchasing.Receive(wrong, sku, 10, unitCost: 25)).ShouldBe(200);
        Number((await purchasing.Inventory(sku))!["costPerUnit"]).ShouldBe(13.75m);
        (await purchasing.Return(wrong, sku, 10)).ShouldBe(200).Json["status"]!.GetValue<string>().ShouldBe("confirmed");
        Number((await purchasing.Inventory(sku))!["costPerUnit"]).ShouldBe(2.5m);
        (await purchasing.Receive(right, sku, 10, unitCost: 2.5m)).ShouldBe(200);
        var item = (await purchasing.Inventory(sku))!;
        (Number(item["onHand"]), Number(item["value"]), Number(item["onOrder"])).ShouldBe((20m, 50m, 10m));
    }

    [Theory]
    [InlineData("sent")]
    [InlineData("confirmed")]
    [InlineData("draft")]
    public async Task a_cancelled_order_that_arrives_after_all_has_its_former_status(string state)
    {
        var sku = await purchasing.NewSku();
        var number = await purchasing.Draft(sku, 10);
        if (state != "draft")
            (await purchasing.Do(number, "send")).ShouldBe(200);
        if (state == "confirmed")
            (await purchasing.Do(number, "confirm")).ShouldBe(200);
        for (var i = 0; i < 2; i++) // a second time too: the order returns to its state before the last cancellation
        {
            (await purchasing.Do(number, "cancel")).ShouldBe(200);
            (await purchasing.Do(number, "reopen")).ShouldBe(200).Json["status"]!.GetValue<string>().ShouldBe(state);
        }
        if (state == "draft")
            return;
        (await OnOrder(sku)).ShouldBe(10);
        (await purchasing.Receive(number, sku, 10)).ShouldBe(200).Json["status"]!.GetValue<string>().ShouldBe("received");
    }

    [Fact]
    public async Task an_order_closed_too_early_is_reopened_for_everything_missing()
    {
        var sku = await purchasing.NewSku();
        var number = await purchasing.CreateSentOrder(sku, 24);
        (await purchasing.Receive(number, sku, 20)).ShouldBe(200);
        (await purchasing.Return(number, sku, 2, replacement: false)).ShouldBe(200);
        (await purchasing.Do(number, "close")).ShouldBe(200);
        (await OnOrder(sku)).ShouldBe(0);
        (await purchasing.Do(number, "reopen")).ShouldBe(200).Json["status"]!.GetValue<string>().ShouldBe("partial");
        (await OnOrder(sku)).ShouldBe(6);
        (await Line(number)).ShouldBe("24 18 0");
        (await purchasing.Receive(number, sku, 6)).ShouldBe(200).Json["status"]!.GetValue<string>().ShouldBe("received");
        (await purchasing.Do(number, "reopen")).ShouldBe(409).Detail!.ShouldContain("have come in");
    }

    // Receipts without an order

    [Fact]
    public async Task goods_received_without_an_order_are_returned_at_their_receipt_cost()
    {
        var (sku, other) = (await purchasing.NewSku(), await purchasing.NewSku());
        (
            await purchasing.Admin.Post(
                "stock/receipts",
                new
                {
                    store = "S1",
                    lines = new[]
                    {
                        new
                        {
                            sku,
                            quantity = 10,
                            unitCost = 2m,
                        },
                    },
                }
            )
        ).ShouldBe(200);
        var receipt = (
            await purchasing.Admin.Post(
                "stock/receipts",
                new
                {
                    store = "S1",
                    occurredAt = "2026-02-05T12:00:00Z",
                    lines = new[]
                    {
                        new
                        {
                            sku,
                            quantity = 10,
                            unitCost = 3m,
                        },
                        new
                        {
                            sku = other,
                            quantity = 1,
                            unitCost = 7m,
                        },
                    },
                }
            )
        ).ShouldBe(200).Json["id"]!.GetValue<string>();
        Task<Answer> Return(string of, decimal quantity, string? occurredAt = null, string? store = null) =>
            purchasing.Admin.Post(
                $"stock/receipts/{receipt}/returns",
                new
                {
                    store,
                    occurredAt,
                    reference = "ND-2",
                    reason = "Expired",
                    lines = new[] { new { sku = of, quantity } },
                }
            );

        (await Return(sku, 1, "2026-02-05T11:00:00Z")).ShouldBe(400).Fields.ShouldBe(["occurredAt"]);
        var back = (await Return(sku, 4)).ShouldBe(200).Json;
        (back["receiptId"]!.GetValue<string>(), Number(back["stock"]![0]!["onHand"])).ShouldBe((receipt, 16m));
        Number((await purchasing.Inventory(sku))!["value"]).ShouldBe(38m); // 10 × 2 + 6 × 3
        (await Return(sku, 7)).ShouldBe(409).Detail!.ShouldContain($"10 of {sku} were delivered and 4 went back, so 7 more are too many");
        (await Return(sku, 6, store: "s1")).ShouldBe(200);
        Number((await purchasing.Inventory(sku))!["costPerUnit"]).ShouldBe(2);
        var movements = (await purchasing.Admin.Get($"movements?document={receipt}&sku={sku}")).ShouldBe(200).Json["items"]!.AsArray();
        movements
            .Select(m => $"{m!["movementType"]} {m["referenceType"]} {m["reason"]} {m["quantity"]} {m["costPerUnit"]}")
            .ShouldBe(["out receipt return_to_supplier -6 3", "out receipt return_to_supplier -4 3", "in receipt  10 3"]);

        (await Return(sku, 1, store: "S2")).ShouldBe(404).Fields.ShouldBe(["store"]);
        (await Return("NONE", 1)).ShouldBe(404).Fields.ShouldBe(["lines[0].sku"]);
        (
            await purchasing.Admin.Post(
                $"stock/receipts/{Guid.CreateVersion7()}/returns",
                new { lines = new[] { new { sku, quantity = 1 } } }
            )
        )
            .ShouldBe(404)
            .Fields.ShouldBe(["id"]);
        (await purchasing.Admin.Post("stock/receipts/none/returns", new { lines = new[] { new { sku, quantity = 1 } } })).ShouldBe(404);
        // the delivery of a purchase order is not a receipt without an order: its goods go back through the order
        var number = await purchasing.CreateSentOrder(sku, 5);
        var delivery = Delivery(await purchasing.Receive(number, sku, 5));
        (await purchasing.Admin.Post($"stock/receipts/{delivery}/returns", new { lines = new[] { new { sku, quantity = 1 } } })).ShouldBe(
            404
        );
    }

    [Fact]
    public async Task a_return_of_a_receipt_into_several_stores_names_the_store_and_never_exceeds_it()
    {
        var sku = await purchasing.NewSku();
        var document = (
            await purchasing.Admin.Post(
                "stock/movements",
                new
                {
                    lines = new[]
                    {
                        new
                        {
                            type = "receipt",
                            store = "S1",
                            sku,
                            quantity = 20,
                            unitCost = 2m,
                        },
                        new
                        {
                            type = "receipt",
                            store = "S2",
                            sku,
                            quantity = 5,
                            unitCost = 2m,
                        },
                    },
                }
            )
        ).ShouldBe(200).Json["id"];
        Task<Answer> Return(string? store) =>
            purchasing.Admin.Post($"stock/receipts/{document}/returns", new { store, lines = new[] { new { sku, quantity = 1 } } });
        (await Return(null)).ShouldBe(400).Fields.ShouldBe(["store"]);
        (await purchasing.Admin.Post("stock/receipts", new { store = "S1", lines = new[] { new { sku, quantity = 10 } } })).ShouldBe(200);
        var answers = await Task.WhenAll(Enumerable.Range(0, 24).Select(_ => Return("S1")));
        (answers.Count(a => a.Status == 200), answers.Count(a => a.Status == 409)).ShouldBe((20, 4));
        (Number((await purchasing.Inventory(sku))!["onHand"]), Number((await purchasing.Inventory(sku, "S2"))!["onHand"])).ShouldBe(
            (10m, 5m)
        );
    }

    [Fact]
    public async Task an_issue_for_a_supplier_return_without_document_leaves_at_the_moving_average()
    {
        var sku = await purchasing.NewSku();
        foreach (var unitCost in (decimal[])[2, 3])
            (
                await purchasing.Admin.Post(
                    "stock/receipts",
                    new
                    {
                        store = "S1",
                        lines = new[]
                        {
                            new
                            {
                                sku,
                                quantity = 10,
                                unitCost,
                            },
                        },
                    }
                )
            ).ShouldBe(200);
        (
            await purchasing.Admin.Post(
                "stock/issues",
                new
                {
                    store = "S1",
                    reason = "return_to_supplier",
                    lines = new[] { new { sku, quantity = 10 } },
                }
            )
        ).ShouldBe(200);
        Number((await purchasing.Inventory(sku))!["costPerUnit"]).ShouldBe(2.5m);
    }

    [Theory]
    [InlineData("""{"lines":[]}""", "lines")]
    [InlineData("""{"lines":[null]}""", "lines[0]")]
    [InlineData("""{"lines":[{"sku":"{sku}"}]}""", "lines[0].quantity")]
    [InlineData("""{"lines":[{"sku":"{sku}","quantity":0}]}""", "lines[0].quantity")]
    [InlineData("""{"lines":[{"sku":"{sku}","quantity":0.5}]}""", "lines[0].quantity")]
    [InlineData("""{"lines":[{"quantity":1}]}""", "lines[0].sku")]
    [InlineData("""{"lines":[{"sku":"{sku}","quantity":1,"unitCost":-1}]}""", "lines[0].unitCost")]
    [InlineData("""{"lines":[{"sku":"{sku}","quantity":1}],"occurredAt":"2999-01-01T00:00:00Z"}""", "occurredAt")]
    [InlineData("""{"lines":[{"sku":"{sku}","quantity":1}],"reason":"a\nb"}""", "reason")]
    [InlineData("""{"lines":[{"sku":"{sku}","quantity":1}],"reference":"a\nb"}""", "reference")]
    public async Task a_return_with_one_invalid_field_is_refused_by_that_field_and_returns_nothing(string body, string field)
    {
        var sku = await purchasing.NewSku();
        var number = await purchasing.CreateSentOrder(sku, 5);
        (await purchasing.Receive(number, sku, 5)).ShouldBe(200);
        var receipt = (await purchasing.Admin.Post("stock/receipts", new { store = "S1", lines = new[] { new { sku, quantity = 5 } } }))
            .ShouldBe(200)
            .Json["id"];
        foreach (var path in (string[])[$"purchase-orders/{number}/returns", $"stock/receipts/{receipt}/returns"])
            (await purchasing.Admin.Post(path, body.Replace("{sku}", sku, StringComparison.Ordinal)))
                .ShouldBe(400)
                .Fields.ShouldBe([field]);
        Number((await purchasing.Inventory(sku))!["onHand"]).ShouldBe(10);
    }

    // Reports

    [Fact]
    public async Task the_supplier_report_counts_what_was_kept_and_when_it_arrived()
    {
        var ledger = await TestLedger.Create(host, "P1");
        await ledger.Do("suppliers", new { code = "POLAR", businessName = "Polar" });
        async Task<Guid> Receive(string number, decimal quantity, string at) =>
            (
                await ledger.Do(
                    $"purchase-orders/{number}/receipts",
                    new { occurredAt = at, lines = new[] { new { sku = "P1", quantity } } }
                )
            ).Json["deliveryId"]!.GetValue<Guid>();
        async Task Order(string number, decimal quantity)
        {
            await ledger.Do(
                "purchase-orders",
                new
                {
                    store = "M1",
                    supplier = "POLAR",
                    orderNumber = number,
                    orderDate = "2026-03-02",
                    expectedDate = "2026-03-09",
                    lines = new[] { new { sku = "P1", quantity } },
                }
            );
            await ledger.Do($"purchase-orders/{number}/send", null);
        }
        Task<string[]> Performance() =>
            ledger.Query(
                """
                select orders, quantity_ordered, quantity_received, fill_rate_percent, lead_time_days, longest_lead_time_days,
                    on_time_percent from supplier_performance('2026-03-01', '2026-04-01')
                """
            );
        await Order("OC-1", 20);
        var delivery = await Receive("OC-1", 20, "2026-03-06T12:00:00Z"); // after 4 days, on time
        (await Performance()).ShouldBe(["1 20 20 100 4 4 100"]);
        await ledger.Do("purchase-orders/OC-1/returns", new { delivery, lines = new[] { new { sku = "P1", quantity = 10 } } });
        (await Performance()).ShouldBe(["1 20 10 50 4 4 100"]);
        await Receive("OC-1", 10, "2026-03-14T12:00:00Z"); // the replacement, after 12 days
        (await Performance()).ShouldBe(["1 20 20 100 8 12 50"]);
        await Order("OC-2", 20);
        await Receive("OC-2", 20, "2026-03-04T12:00:00Z");
        await ledger.Do("purchase-orders/OC-2/returns", new { replacement = false, lines = new[] { new { sku = "P1", quantity = 20 } } });
        (await Performance()).ShouldBe(["2 40 20 50 8 12 50"]); // the second order was sent back entirely
    }

    [Fact]
    public async Task a_supplier_return_is_no_demand_and_on_order_agrees_in_all_reports()
    {
        var ledger = await TestLedger.Create(host, "P1");
        await ledger.Do("suppliers", new { code = "POLAR", businessName = "Polar" });
        await ledger.Do(
            "purchase-orders",
            new
            {
                store = "M1",
                supplier = "POLAR",
                orderNumber = "OC-1",
                lines = new[] { new { sku = "P1", quantity = 10 } },
            }
        );
        await ledger.Do("purchase-orders/OC-1/send", null);
        await ledger.Do("purchase-orders/OC-1/receipts", new { lines = new[] { new { sku = "P1", quantity = 10 } } });
        await ledger.Do("purchase-orders/OC-1/returns", new { lines = new[] { new { sku = "P1", quantity = 4 } } });
        await ledger.Do("purchase-orders/OC-1/returns", new { replacement = false, lines = new[] { new { sku = "P1", quantity = 3 } } });
        // 3 are available, 4 are on order as a replacement, 3 are not replaced
        var row = (await ledger.Tenant.Admin.Get("reorder-suggestions")).ShouldBe(200).Json["items"]![0]!;
        (Number(row["available"]), Number(row["onOrder"]), Number(row["ratePerDay"])).ShouldBe((3m, 4m, 0m));
        Number((await ledger.Tenant.Admin.Get("inventory?sku=P1")).Json["items"]![0]!["onOrder"]).ShouldBe(4);
        (await ledger.Query("select quantity_on_hand, quantity_on_order from stock_on_hand")).ShouldBe(["3 4"]);
        (await ledger.Query("select quantity_available, quantity_on_order from low_stock")).ShouldBe(["3 4"]);
        (
            await ledger.Query(
                """
                select quantity, unit_cost from (select quantity_on_hand quantity, cost_per_unit unit_cost
                from stock_value_as_of(now())) v
                """
            )
        ).ShouldBe(["3 2"]);
        (await ledger.Query("select last_out_at, quantity_on_hand from dead_stock(0)")).ShouldBe(["- 3"]);
    }

    /// <summary>Movements are recorded in the order in which they occurred: the recorded and the restated value are equal.</summary>
    [Fact]
    public async Task stock_value_and_restated_cost_agree_after_any_receipts_and_returns()
    {
        var ledger = await TestLedger.Create(host, "P1");
        var random = new Random(4711);
        var receipts = new List<(string Id, int Left)>();
        for (var i = 0; i < 60; i++)
        {
            var at = new DateTimeOffset(2026, 3, 1, 0, 0, 0, TimeSpan.Zero).AddHours(i);
            var which = random.Next(3);
            if (which == 0 || receipts.Count == 0)
            {
                var (quantity, unitCost) = (random.Next(1, 20), random.Next(0, 900) / 100m);
                receipts.Add(((await ledger.Receive("P1", quantity, unitCost, at.ToString("O"))).Json["id"]!.GetValue<string>(), quantity));
            }
            else if (which == 1)
            {
                var r = random.Next(receipts.Count);
                var quantity = random.Next(0, receipts[r].Left + 1);
                if (quantity == 0)
                    continue;
                var answer = await ledger.Tenant.Admin.Post(
                    $"stock/receipts/{receipts[r].Id}/returns",
                    new { occurredAt = at, lines = new[] { new { sku = "P1", quantity } } }
                );
                answer.Status.ShouldBeOneOf(200, 409);
                if (answer.Status == 200)
                    receipts[r] = (receipts[r].Id, receipts[r].Left - quantity);
            }
            else
            {
                (
                    await ledger.Tenant.Admin.Post(
                        "stock/issues",
                        new
                        {
                            store = "M1",
                            reason = "sample",
                            occurredAt = at,
                            lines = new[] { new { sku = "P1", quantity = random.Next(1, 15) } },
                        }
                    )
                ).Status.ShouldBeOneOf(200, 409);
            }
            (
                await ledger.Query(
                    """
                    select v.cost_per_unit from stock_value_as_of(now()) v join inventory i using (store_id, product_id)
                    where v.cost_per_unit <> v.restated_cost_per_unit or v.cost_per_unit <> i.cost_per_unit
                        or v.quantity_on_hand <> i.quantity_on_hand
                    """
                )
            ).ShouldBeEmpty($"after {i}");
        }
        receipts.Count(r => r.Left == 0).ShouldBeGreaterThan(0);
        await host.ReplayShouldBeEqual(ledger.Tenant);
    }

    [Fact]
    public void a_return_reopens_an_order_for_the_missing_quantity()
    {
        PurchaseOrderLine Line(decimal ordered, decimal received, decimal cancelled = 0) =>
            new(Guid.CreateVersion7(), Guid.CreateVersion7(), "P", ordered, 2, 0, received, cancelled);
        PurchaseOrder Order(string status, params PurchaseOrderLine[] lines) =>
            new(Guid.CreateVersion7(), "OC", status, Guid.Empty, Guid.Empty, default, null, null, null, null, lines);
        PurchaseOrder Return(PurchaseOrder order, decimal quantity, bool isReplaced) =>
            PurchaseOrder.Fold(
                order.Id,
                order,
                new PurchaseOrderReturned(
                    Guid.Empty,
                    Guid.Empty,
                    [new DeliveredLine(order.Lines[0].Id, quantity, 2)],
                    isReplaced,
                    null,
                    null,
                    default
                )
            );

        var closed = Return(Order("received", Line(10, 8), Line(5, 3)), 2, isReplaced: true);
        (closed.Status, closed.Lines[0].Missing, closed.Lines[1].Missing, closed.Lines[1].Cancelled).ShouldBe(("partial", 2m, 0m, 2m));
        var again = Return(closed, 1, isReplaced: true);
        (again.Lines[0].Missing, again.Lines[1].Missing).ShouldBe((3m, 0m)); // the order is open again: nothing more is cancelled
        Return(Order("partial", Line(10, 4), Line(5, 0)), 4, isReplaced: true).Status.ShouldBe("confirmed");
        Return(Order("partial", Line(10, 4), Line(5, 0)), 4, isReplaced: false).Lines[0].Missing.ShouldBe(6);
    }
}
