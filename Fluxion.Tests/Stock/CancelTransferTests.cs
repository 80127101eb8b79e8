using Fluxion.Ledger.Stock;
using Fluxion.Tests.Host;
using Fluxion.Tests.Replay;
using Fluxion.Tests.Tenancy;

namespace Fluxion.Tests.Stock;

/// <summary>Goods in transit return to the sending store, at the cost at which they left.</summary>
public sealed class CancelTransferTests(LedgerHost host)
{
    private static async Task<Guid> Send(TestStore shop, string to, decimal quantity, string? occurredAt = null) => (
            await shop.Manager.Post(
                "stock/transfers",
                new
                {
                    fromStore = shop.Store,
                    toStore = to,
                    reference = "TR-21",
                    occurredAt,
                    lines = new[] { new { sku = shop.Sku, quantity } },
                }
            )
        ).ShouldBe(201).Json["id"]!.GetValue<Guid>();

    private static Task<Answer> Cancel(Client client, Guid transfer, string? occurredAt = null, string? key = "new") =>
        client.Post($"stock/transfers/{transfer}/cancel", new { reason = "The van broke down", occurredAt }, key);

    private static Task<Answer> Receive(Client client, Guid transfer, string sku, decimal received, decimal lost = 0) =>
        client.Post(
            $"stock/transfers/{transfer}/receipts",
            new
            {
                lines = new[]
                {
                    new
                    {
                        sku,
                        received,
                        lost,
                    },
                },
            }
        );

    private static async Task<(decimal OnHand, decimal Cost)> Stock(Client client, string store, string sku) =>
        (await client.Get($"inventory?store={store}&sku={sku}")).ShouldBe(200).Json["items"]!.AsArray() is [{ } row]
            ? (row["onHand"]!.GetValue<decimal>(), row["costPerUnit"]!.GetValue<decimal>())
            : (0, 0);

    [Fact]
    public async Task a_cancelled_transfer_returns_the_goods_to_the_sending_store()
    {
        var shop = await TestStore.Create(host, stock: 10, unitCost: 2);
        var to = await shop.CreateAnotherStore();
        var id = await Send(shop, to, 4);
        (await shop.Receive(6, 4)).ShouldBe(200); // 6 × 2 + 6 × 4: 3 each
        var cancelled = (await Cancel(shop.Manager, id)).ShouldBe(200).Json;
        cancelled["status"]!.GetValue<string>().ShouldBe("cancelled");
        var line = cancelled["lines"]![0]!;
        (line["inTransit"]!.GetValue<decimal>(), line["returned"]!.GetValue<decimal>(), line["received"]!.GetValue<decimal>()).ShouldBe(
            (0m, 4m, 0m)
        );
        (await Stock(shop.Manager, shop.Store, shop.Sku)).ShouldBe((16m, 2.75m)); // (12 × 3 + 4 × 2) / 16
        (await Stock(shop.Manager, to, shop.Sku)).OnHand.ShouldBe(0);

        var page = (await shop.Manager.Get($"stock/transfers/{id}")).ShouldBe(200).Json;
        page["status"]!.GetValue<string>().ShouldBe("cancelled");
        page["cancelledAt"]!.GetValue<DateTimeOffset>().ShouldBe(cancelled["occurredAt"]!.GetValue<DateTimeOffset>());
        page["arrivedAt"].ShouldBeNull();
        page["lines"]![0]!["returned"]!.GetValue<decimal>().ShouldBe(4);
        (await shop.Manager.Get($"movements?document={id}")).ShouldBe(200).Json["items"]!
            .AsArray()
            .Select(m => $"{m!["store"]} {m["movementType"]} {m["quantity"]} {m["costPerUnit"]} {m["notes"]}")
            .ShouldBe([$"{shop.Store} transfer 4 2 The van broke down", $"{shop.Store} transfer -4 2 "]);
        (await shop.Manager.Get($"events?entityId={id}&eventType=transfer_cancelled")).ShouldBe(200).Json["items"]!
            .AsArray()
            .ShouldHaveSingleItem();
        (await shop.Manager.Get($"stock/transfers?status=cancelled&store={to}")).ShouldBe(200).Json["items"]!
            .AsArray()
            .ShouldHaveSingleItem();

        (await Receive(shop.Manager, id, shop.Sku, 1))
            .ShouldBe(409)
            .Detail!.ShouldBe("The transfer is cancelled: receive is allowed when it is in_transit or partial.");
        (await Cancel(shop.Manager, id)).ShouldBe(409);
    }

    [Fact]
    public async Task cancelling_a_partly_received_transfer_returns_the_rest()
    {
        var shop = await TestStore.Create(host, stock: 10);
        var to = await shop.CreateAnotherStore();
        var id = await Send(shop, to, 9);
        (await Receive(shop.Manager, id, shop.Sku, 3, lost: 1)).ShouldBe(200);
        var line = (await Cancel(shop.Manager, id)).ShouldBe(200).Json["lines"]![0]!;
        ((string[])["quantity", "received", "lost", "damaged", "inTransit", "returned"])
            .Select(field => line[field]!.GetValue<decimal>())
            .ShouldBe([9m, 3, 1, 0, 0, 5]);
        ((await Stock(shop.Manager, shop.Store, shop.Sku)).OnHand, (await Stock(shop.Manager, to, shop.Sku)).OnHand).ShouldBe((6m, 3m));
    }

    [Theory]
    [InlineData(Transfer.InTransit, 200)]
    [InlineData(Transfer.Partial, 200)]
    [InlineData(Transfer.Received, 409)]
    [InlineData(Transfer.Cancelled, 409)]
    public async Task a_transfer_can_be_cancelled_only_in_the_states_that_allow_it(string state, int status)
    {
        var shop = await TestStore.Create(host, stock: 10);
        var id = await Send(shop, await shop.CreateAnotherStore(), 4);
        if (state == Transfer.Cancelled)
            (await Cancel(shop.Manager, id)).ShouldBe(200);
        else if (state != Transfer.InTransit)
            (await Receive(shop.Manager, id, shop.Sku, state == Transfer.Partial ? 1 : 4)).ShouldBe(200);
        (await Cancel(shop.Manager, id)).ShouldBe(status);
        (status == 200).ShouldBe(Transfer.Allowed["cancel"].Contains(state));
        Transfer.States.ShouldContain(state);
    }

    [Fact]
    public async Task a_cancellation_cannot_precede_its_transfer_and_is_corrected_by_a_later_count()
    {
        var shop = await TestStore.Create(host);
        (
            await shop.Manager.Post(
                "stock/receipts",
                new
                {
                    store = shop.Store,
                    occurredAt = "2026-03-01T08:00:00Z",
                    lines = new[] { new { sku = shop.Sku, quantity = 10 } },
                }
            )
        ).ShouldBe(200);
        var id = await Send(shop, await shop.CreateAnotherStore(), 4, "2026-03-02T08:00:00Z");
        (
            await shop.Manager.Post(
                "stock/counts",
                new
                {
                    store = shop.Store,
                    reference = "INV-1",
                    occurredAt = "2026-03-03T08:00:00Z",
                    lines = new[] { new { sku = shop.Sku, quantity = 10 } },
                }
            )
        ).ShouldBe(200);
        (await Cancel(shop.Manager, id, "2026-03-02T07:59:59Z")).ShouldBe(400).Fields.ShouldBe(["occurredAt"]);
        var seen = (await Cancel(shop.Manager, id, "2026-03-02T20:00:00Z")).ShouldBe(200).Json["correctedByCount"]!
            .AsArray()
            .ShouldHaveSingleItem()!;
        (seen["quantity"]!.GetValue<decimal>(), seen["count"]!["reference"]!.GetValue<string>()).ShouldBe((4m, "INV-1"));
        (await shop.OnHand()).ShouldBe(10);
    }

    [Fact]
    public async Task a_concurrent_arrival_and_cancellation_together_account_for_the_sent_quantity()
    {
        var shop = await TestStore.Create(host, stock: 60);
        var to = await shop.CreateAnotherStore();
        for (var round = 0; round < 5; round++)
        {
            var id = await Send(shop, to, 12);
            var answers = await Task.WhenAll([
                .. Enumerable.Range(0, 12).Select(_ => Receive(shop.Manager, id, shop.Sku, 1)),
                .. Enumerable.Range(0, 12).Select(_ => Cancel(shop.Manager, id)),
            ]);
            answers.ShouldAllBe(a => a.Status == 200 || a.Status == 409);
            var line = (await shop.Manager.Get($"stock/transfers/{id}")).ShouldBe(200).Json["lines"]![0]!;
            answers[12..].Count(a => a.Status == 200).ShouldBe(line["returned"]!.GetValue<decimal>() > 0 ? 1 : 0);
            (line["received"]!.GetValue<decimal>(), line["inTransit"]!.GetValue<decimal>()).ShouldBe(
                (answers[..12].Count(a => a.Status == 200), 0m)
            );
        }
        (await shop.OnHand() + (await Stock(shop.Manager, to, shop.Sku)).OnHand).ShouldBe(60);
    }

    [Fact]
    public async Task only_a_user_of_the_sending_store_can_cancel_a_transfer()
    {
        var tenant = await TestTenant.Create(host);
        var shop = await tenant.CreateStore("M1", "P1", stock: 20);
        await tenant.CreateStore("M2", "P2");
        async Task<Client> User(string store)
        {
            var email = $"{store}@company.test".ToLowerInvariant();
            return await tenant.CreateUser(host, email, "user", store);
        }
        var (sender, receiver) = (await User("M1"), await User("M2"));
        var id = await Send(shop, "M2", 5);
        (await Cancel(receiver, id)).ShouldBe(403);
        var key = Guid.CreateVersion7().ToString();
        var done = (await Cancel(sender, id, key: key)).ShouldBe(200);
        (await Cancel(sender, id, key: key)).ShouldBe(200).Text.ShouldBe(done.Text);
        (await Cancel(sender, id, key: null)).ShouldBe(400).Fields.ShouldBe(["Idempotency-Key"]);
        (await Cancel(sender, Guid.CreateVersion7())).ShouldBe(404);
        (await shop.OnHand()).ShouldBe(20);
        await host.ReplayShouldBeEqual(tenant);
    }
}
