using Fluxion.Ledger.Stock;
using Fluxion.Tests.Host;
using Fluxion.Tests.Tenancy;

namespace Fluxion.Tests.Stock;

public sealed class TransferTests(LedgerHost host)
{
    private static object[] Lines(params (string Sku, decimal Quantity)[] lines) =>
        [.. lines.Select(l => new { sku = l.Sku, quantity = l.Quantity })];

    private static Task<Answer> Send(
        Client client,
        string from,
        string to,
        object[] lines,
        bool immediate = false,
        DateTimeOffset? occurredAt = null,
        string? key = "new"
    ) =>
        client.Post(
            "stock/transfers",
            new
            {
                fromStore = from,
                toStore = to,
                lines,
                immediate,
                reference = "TR-1",
                occurredAt,
            },
            key
        );

    private static Task<Answer> Receive(
        Client client,
        Guid transfer,
        string sku,
        decimal received,
        decimal lost = 0,
        decimal damaged = 0,
        DateTimeOffset? occurredAt = null,
        string? key = "new"
    ) =>
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
                        damaged,
                    },
                },
                occurredAt,
            },
            key
        );

    private static Guid Id(Answer answer) => answer.Json["id"]!.GetValue<Guid>();

    private static string Status(Answer answer) => answer.Json["status"]!.GetValue<string>();

    /// <summary>On hand and cost of <paramref name="sku"/> in <paramref name="store"/>.</summary>
    private static async Task<(decimal OnHand, decimal Cost)> Stock(Client client, string store, string sku) =>
        (await client.Get($"inventory?store={store}&sku={sku}")).ShouldBe(200).Json["items"]!.AsArray() is [{ } row]
            ? (row["onHand"]!.GetValue<decimal>(), row["costPerUnit"]!.GetValue<decimal>())
            : (0, 0);

    [Fact]
    public async Task transferred_goods_are_in_transit_at_their_cost_until_the_other_store_receives_them()
    {
        var shop = await TestStore.Create(host, stock: 10, unitCost: 3);
        var (manager, to) = (shop.Manager, await shop.CreateAnotherStore());
        var sent = (await Send(manager, shop.Store, to, Lines((shop.Sku, 4)))).ShouldBe(201);
        sent.Headers.Location!.ToString().ShouldEndWith($"/stock/transfers/{Id(sent)}");
        (Status(sent), sent.Json["lines"]![0]!["inTransit"]!.GetValue<decimal>()).ShouldBe(("in_transit", 4m));
        (await shop.OnHand()).ShouldBe(6);
        (await Stock(manager, to, shop.Sku)).ShouldBe((0m, 0m));

        (await shop.Receive(6, 9)).ShouldBe(200); // meanwhile the average of the sending store changes to 6
        Status((await Receive(manager, Id(sent), shop.Sku, 1)).ShouldBe(200)).ShouldBe("partial");
        Status((await Receive(manager, Id(sent), shop.Sku, 3)).ShouldBe(200)).ShouldBe("received");
        (await Stock(manager, to, shop.Sku)).ShouldBe((4m, 3m));

        var moved = (await manager.Get($"movements?document={Id(sent)}")).ShouldBe(200).Json["items"]!.AsArray();
        moved.ShouldAllBe(m =>
            m!["movementType"]!.GetValue<string>() == "transfer" && m["referenceType"]!.GetValue<string>() == "transfer"
        );
        moved.Select(m => m!["quantity"]!.GetValue<decimal>()).Order().ShouldBe([-4m, 1m, 3m]);
        (await manager.Get($"events?entityId={Id(sent)}")).Json["items"]!
            .AsArray()
            .Select(e => e!["eventType"]!.GetValue<string>())
            .Order()
            .ShouldBe(["transfer_received", "transfer_received", "transfer_sent"]);
    }

    [Fact]
    public async Task goods_lost_or_damaged_in_transit_are_written_off_and_nothing_else_disappears()
    {
        var shop = await TestStore.Create(host, stock: 20, unitCost: 2);
        var (manager, to) = (shop.Manager, await shop.CreateAnotherStore());
        var id = Id((await Send(manager, shop.Store, to, Lines((shop.Sku, 12)))).ShouldBe(201));

        async Task Conserved()
        {
            var line = (await manager.Get($"stock/transfers/{id}")).ShouldBe(200).Json["lines"]![0]!;
            decimal Of(string field) => line[field]!.GetValue<decimal>();
            (Of("received") + Of("lost") + Of("damaged") + Of("inTransit")).ShouldBe(Of("quantity"));
            var writtenOff = (await manager.Get($"movements?store={to}&sku={shop.Sku}")).Json["items"]!
                .AsArray()
                .Where(m => m!["movementType"]!.GetValue<string>() == "adjustment")
                .Sum(m => m!["quantity"]!.GetValue<decimal>());
            (await shop.OnHand() + (await Stock(manager, to, shop.Sku)).OnHand + Of("inTransit") - writtenOff).ShouldBe(20);
            writtenOff.ShouldBe(-Of("lost") - Of("damaged"));
        }

        await Conserved();
        Status((await Receive(manager, id, shop.Sku, 5, lost: 2)).ShouldBe(200)).ShouldBe("partial");
        await Conserved();
        Status((await Receive(manager, id, shop.Sku, 0, damaged: 1)).ShouldBe(200)).ShouldBe("partial");
        await Conserved();
        (await Receive(manager, id, shop.Sku, 4, lost: 1)).ShouldBe(409).Detail!.ShouldContain($"4 of {shop.Sku} are in transit, not 5");
        Status((await Receive(manager, id, shop.Sku, 2, lost: 1, damaged: 1)).ShouldBe(200)).ShouldBe("received");
        await Conserved();

        (await Stock(manager, to, shop.Sku)).ShouldBe((7m, 2m));
        var reasons = (await manager.Get($"movements?store={to}&sku={shop.Sku}")).Json["items"]!
            .AsArray()
            .Where(m => m!["reason"] is not null)
            .ToLookup(m => m!["reason"]!.GetValue<string>(), m => m!["quantity"]!.GetValue<decimal>());
        (reasons["loss"].Sum(), reasons["damage"].Sum()).ShouldBe((-3m, -2m));
    }

    [Fact]
    public async Task an_immediate_transfer_arrives_at_once()
    {
        var shop = await TestStore.Create(host, stock: 10, unitCost: 3);
        var to = await shop.CreateAnotherStore();
        var sent = (await Send(shop.Manager, shop.Store, to, Lines((shop.Sku, 4)), immediate: true)).ShouldBe(201);
        Status(sent).ShouldBe("received");
        sent.Json["stock"]!.AsArray().Count.ShouldBe(2);
        (await shop.OnHand()).ShouldBe(6);
        (await Stock(shop.Manager, to, shop.Sku)).ShouldBe((4m, 3m));
        (await Receive(shop.Manager, Id(sent), shop.Sku, 1))
            .ShouldBe(409)
            .Detail!.ShouldContain("received: receive is allowed when it is in_transit or partial");
    }

    [Fact]
    public async Task a_transfer_of_more_than_is_available_sends_nothing()
    {
        var (shop, other) = (await TestStore.Create(host, stock: 3), await TestStore.Create(host));
        foreach (var immediate in (bool[])[false, true])
        {
            var refused = (await Send(shop.Manager, shop.Store, other.Store, Lines((shop.Sku, 3), (other.Sku, 1)), immediate)).ShouldBe(
                409
            );
            refused.Json["shortages"]!
                .ToJsonString()
                .ShouldBe($$"""[{"store":"{{shop.Store}}","sku":"{{other.Sku}}","requested":1,"available":0}]""");
        }
        (await shop.OnHand()).ShouldBe(3);
        (await shop.Manager.Get($"stock/transfers?store={shop.Store}")).ShouldBe(200).Json["items"]!.AsArray().ShouldBeEmpty();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task twenty_four_concurrent_opposing_transfers_succeed_and_nothing_is_lost(bool immediate)
    {
        var (one, other) = (await TestStore.Create(host, stock: 50), await TestStore.Create(host, stock: 50));
        (await one.Manager.Post("stock/receipts", new { store = other.Store, lines = Lines((one.Sku, 50)) })).ShouldBe(200);
        (await one.Manager.Post("stock/receipts", new { store = one.Store, lines = Lines((other.Sku, 50)) })).ShouldBe(200);
        var answers = await Task.WhenAll(
            Enumerable
                .Range(0, 24)
                .Select(async i =>
                {
                    var (from, to) = i % 2 == 0 ? (one, other) : (other, one);
                    var sent = (await Send(one.Manager, from.Store, to.Store, Lines((from.Sku, 1), (to.Sku, 2)), immediate)).ShouldBe(201);
                    return immediate
                        ? sent
                        : (
                            await one.Manager.Post(
                                $"stock/transfers/{Id(sent)}/receipts",
                                new { lines = new[] { new { sku = to.Sku, received = 2 }, new { sku = from.Sku, received = 1 } } }
                            )
                        ).ShouldBe(200);
                })
        );
        answers.ShouldAllBe(a => Status(a) == "received");
        // 12 transfers each way: of one's sku 12 × 1 left one's store and 12 × 2 came back
        (await Stock(one.Manager, one.Store, one.Sku)).OnHand.ShouldBe(62);
        (await Stock(one.Manager, other.Store, one.Sku)).OnHand.ShouldBe(38);
        (await Stock(one.Manager, other.Store, other.Sku)).OnHand.ShouldBe(62);
    }

    [Fact]
    public async Task twenty_four_concurrent_receipts_bring_only_what_is_in_transit()
    {
        var shop = await TestStore.Create(host, stock: 20);
        var to = await shop.CreateAnotherStore();
        var id = Id((await Send(shop.Manager, shop.Store, to, Lines((shop.Sku, 20)))).ShouldBe(201));
        var answers = await Task.WhenAll(Enumerable.Range(0, 24).Select(_ => Receive(shop.Manager, id, shop.Sku, 1)));
        (answers.Count(a => a.Status == 200), answers.Count(a => a.Status == 409)).ShouldBe((20, 4));
        (await Stock(shop.Manager, to, shop.Sku)).OnHand.ShouldBe(20);
    }

    [Fact]
    public async Task a_repeated_transfer_or_receipt_with_its_key_is_applied_once()
    {
        var shop = await TestStore.Create(host, stock: 10);
        var to = await shop.CreateAnotherStore();
        var (sendKey, receiveKey) = (Guid.CreateVersion7().ToString(), Guid.CreateVersion7().ToString());
        var sent = (await Send(shop.Manager, shop.Store, to, Lines((shop.Sku, 4)), key: sendKey)).ShouldBe(201);
        (await Send(shop.Manager, shop.Store, to, Lines((shop.Sku, 4)), key: sendKey)).ShouldBe(201).Text.ShouldBe(sent.Text);
        for (var i = 0; i < 2; i++)
            (await Receive(shop.Manager, Id(sent), shop.Sku, 2, key: receiveKey)).ShouldBe(200);
        (await shop.OnHand()).ShouldBe(6);
        (await Stock(shop.Manager, to, shop.Sku)).OnHand.ShouldBe(2);
        (await Send(shop.Manager, shop.Store, to, Lines((shop.Sku, 1)), key: null)).ShouldBe(400).Fields.ShouldBe(["Idempotency-Key"]);
        (await Receive(shop.Manager, Id(sent), shop.Sku, 1, key: null)).ShouldBe(400).Fields.ShouldBe(["Idempotency-Key"]);
    }

    // Receipts in each state

    [Theory]
    [InlineData(Transfer.InTransit, 200)]
    [InlineData(Transfer.Partial, 200)]
    [InlineData(Transfer.Received, 409)]
    public async Task a_transfer_can_be_received_only_in_the_states_that_allow_it(string state, int status)
    {
        var shop = await TestStore.Create(host, stock: 10);
        var id = Id((await Send(shop.Manager, shop.Store, await shop.CreateAnotherStore(), Lines((shop.Sku, 4)))).ShouldBe(201));
        if (state != Transfer.InTransit)
            (await Receive(shop.Manager, id, shop.Sku, state == Transfer.Partial ? 1 : 4)).ShouldBe(200);
        (await shop.Manager.Get($"stock/transfers/{id}")).ShouldBe(200).Json["status"]!.GetValue<string>().ShouldBe(state);
        (await Receive(shop.Manager, id, shop.Sku, 1)).ShouldBe(status);
        (status == 200).ShouldBe(Transfer.Allowed["receive"].Contains(state));
    }

    // Stores

    [Fact]
    public async Task a_user_of_one_store_sends_receives_and_reads_only_its_transfers()
    {
        var tenant = await TestTenant.Create(host);
        var (mine, others) = (await tenant.CreateStore("M1", "P1", stock: 20), await tenant.CreateStore("M2", "P2", stock: 20));
        (await tenant.CreateStore("M3", "P3")).ShouldNotBeNull();
        var luis = await tenant.CreateUser(host, "luis@company.test", "user", "M1");

        var away = Id((await Send(luis, "M1", "M2", Lines(("P1", 5)))).ShouldBe(201));
        (await Send(luis, "M2", "M1", Lines(("P2", 5)))).ShouldBe(403);
        (await Send(luis, "M1", "M2", Lines(("P1", 5)), immediate: true)).ShouldBe(403);
        (await Receive(luis, away, "P1", 5)).ShouldBe(403);
        var here = Id((await Send(tenant.Admin, "M2", "M1", Lines(("P2", 5)))).ShouldBe(201));
        (await Receive(luis, here, "P2", 5)).ShouldBe(200);
        var elsewhere = Id((await Send(tenant.Admin, "M2", "M3", Lines(("P2", 5)))).ShouldBe(201));

        async Task<List<Guid>> Listed(Client client, string query = "") =>
            [
                .. (await client.Get($"stock/transfers{query}")).ShouldBe(200).Json["items"]!
                    .AsArray()
                    .Select(t => t!["id"]!.GetValue<Guid>()),
            ];
        (await Listed(luis)).ShouldBe([here, away]);
        (await luis.Get($"stock/transfers/{elsewhere}")).ShouldBe(404);
        (await luis.Get($"stock/transfers/{away}")).ShouldBe(200);
        (await Listed(tenant.Admin)).ShouldBe([elsewhere, here, away]);
        (await Listed(tenant.Admin, "?status=in_transit")).ShouldBe([elsewhere, away]);
        (await Listed(tenant.Admin, "?store=m3")).ShouldBe([elsewhere]);
        (await Listed(tenant.Admin, "?store=M1&status=received")).ShouldBe([here]);
        var page = (await tenant.Admin.Get("stock/transfers?limit=2")).ShouldBe(200).Json;
        (await Listed(tenant.Admin, $"?limit=2&after={page["next"]!.GetValue<string>()}")).ShouldBe([away]);

        var viewer = await Client.Demo(host, "viewer");
        (await Send(viewer, "CCS-01", "VLN-01", Lines(("LAC001", 1)))).ShouldBe(403);
        (await mine.OnHand(), await others.OnHand()).ShouldBe((15m, 10m));
    }

    // Bad input

    [Theory]
    [InlineData("""{"fromStore":"{a}","toStore":"{a}","lines":[{"sku":"{sku}","quantity":1}]}""", 400, "toStore")]
    [InlineData("""{"fromStore":"{a}","toStore":" {lower} ","lines":[{"sku":"{sku}","quantity":1}]}""", 400, "toStore")]
    [InlineData("""{"fromStore":"{a}","toStore":"NOWHERE","lines":[{"sku":"{sku}","quantity":1}]}""", 404, "toStore")]
    [InlineData("""{"fromStore":"NOWHERE","toStore":"{b}","lines":[{"sku":"{sku}","quantity":1}]}""", 404, "fromStore")]
    [InlineData("""{"fromStore":"{a}","lines":[{"sku":"{sku}","quantity":1}]}""", 400, "toStore")]
    [InlineData("""{"toStore":"{b}","lines":[{"sku":"{sku}","quantity":1}]}""", 400, "fromStore")]
    [InlineData(
        """{"fromStore":"{a}","toStore":"{b}","lines":[{"sku":"{sku}","quantity":1},{"sku":"{id}","quantity":1}]}""",
        400,
        "lines[1].sku"
    )]
    [InlineData("""{"fromStore":"{a}","toStore":"{b}","lines":[{"sku":"{sku}","quantity":0}]}""", 400, "lines[0].quantity")]
    [InlineData("""{"fromStore":"{a}","toStore":"{b}","lines":[{"sku":"{sku}","quantity":0.5}]}""", 400, "lines[0].quantity")]
    [InlineData("""{"fromStore":"{a}","toStore":"{b}","lines":[{"sku":"NOTHING","quantity":1}]}""", 404, "lines[0].sku")]
    [InlineData("""{"fromStore":"{a}","toStore":"{b}","lines":[null]}""", 400, "lines[0]")]
    [InlineData("""{"fromStore":"{a}","toStore":"{b}","lines":[]}""", 400, "lines")]
    [InlineData("""{"fromStore":"{a}","toStore":"{b}"}""", 400, "lines")]
    [InlineData("""{"fromStore":"{a}","toStore":"{b}","immediate":"yes","lines":[{"sku":"{sku}","quantity":1}]}""", 400, "immediate")]
    [InlineData(
        """{"fromStore":"{a}","toStore":"{b}","occurredAt":"2999-01-01T10:00:00Z","lines":[{"sku":"{sku}","quantity":1}]}""",
        400,
        "occurredAt"
    )]
    public async Task a_transfer_with_one_invalid_field_is_refused_by_that_field_and_sends_nothing(string body, int status, string field)
    {
        var shop = await TestStore.Create(host, stock: 10);
        var id = (await shop.Manager.Get($"products/{shop.Sku}")).Json["id"]!.GetValue<string>();
        var answer = (
            await shop.Manager.Post(
                "stock/transfers",
                body.Replace("{a}", shop.Store)
                    .Replace("{lower}", shop.Store.ToLowerInvariant())
                    .Replace("{b}", await shop.CreateAnotherStore())
                    .Replace("{sku}", shop.Sku)
                    .Replace("{id}", id)
            )
        ).ShouldBe(status);
        answer.Fields.ShouldBe([field], answer.Text);
        (await shop.OnHand()).ShouldBe(10);
    }

    [Theory]
    [InlineData("""{"lines":[{"sku":"{sku}"}]}""", 400, "lines[0].received")]
    [InlineData("""{"lines":[{"sku":"{sku}","received":-1}]}""", 400, "lines[0].received")]
    [InlineData("""{"lines":[{"sku":"{sku}","received":1,"lost":-1}]}""", 400, "lines[0].lost")]
    [InlineData("""{"lines":[{"sku":"{sku}","received":1,"damaged":0.5}]}""", 400, "lines[0].damaged")]
    [InlineData("""{"lines":[{"sku":"{sku}","received":1},{"sku":"{id}","received":1}]}""", 400, "lines[1].sku")]
    [InlineData("""{"lines":[{"sku":"NOTHING","received":1}]}""", 404, "lines[0].sku")]
    [InlineData("""{"lines":[{"sku":"{sku}","received":1}],"occurredAt":"2020-01-01T10:00:00Z"}""", 400, "occurredAt")]
    [InlineData("""{"lines":[]}""", 400, "lines")]
    public async Task a_transfer_receipt_with_one_invalid_field_is_refused_by_that_field_and_brings_nothing(
        string body,
        int status,
        string field
    )
    {
        var shop = await TestStore.Create(host, stock: 10);
        var to = await shop.CreateAnotherStore();
        var product = (await shop.Manager.Get($"products/{shop.Sku}")).Json["id"]!.GetValue<string>();
        var transfer = Id((await Send(shop.Manager, shop.Store, to, Lines((shop.Sku, 5)))).ShouldBe(201));
        var answer = (
            await shop.Manager.Post($"stock/transfers/{transfer}/receipts", body.Replace("{sku}", shop.Sku).Replace("{id}", product))
        ).ShouldBe(status);
        answer.Fields.ShouldBe([field], answer.Text);
        (await Stock(shop.Manager, to, shop.Sku)).OnHand.ShouldBe(0);
    }

    [Theory]
    [InlineData("stock/transfers?status=lost", "in_transit, partial, received")]
    [InlineData("stock/reservations?status=gone", "open, fulfilled, released, expired")]
    [InlineData("sales?status=free", "pending, partial, paid, refund_due, returned, refunded, cancelled")]
    [InlineData("purchase-orders?status=late", "draft, sent, confirmed, partial, received, cancelled")]
    public async Task a_list_filtered_by_an_unknown_status_names_the_allowed_ones(string path, string states)
    {
        var answer = (await (await Client.Demo(host, "viewer")).Get(path)).ShouldBe(400);
        answer.Fields.ShouldBe(["status"]);
        answer.Text.ShouldContain(states);
    }

    [Fact]
    public async Task a_product_not_in_the_transfer_and_an_unknown_transfer_are_refused()
    {
        var (shop, other) = (await TestStore.Create(host, stock: 10), await TestStore.Create(host, stock: 10));
        var transfer = Id((await Send(shop.Manager, shop.Store, other.Store, Lines((shop.Sku, 5)))).ShouldBe(201));
        (await Receive(shop.Manager, transfer, other.Sku, 1))
            .ShouldBe(409)
            .Detail!.ShouldContain($"0 of {other.Sku} are in transit, not 1");
        (await Receive(shop.Manager, Guid.CreateVersion7(), shop.Sku, 1)).ShouldBe(404);
        (await shop.Manager.Post("stock/transfers/none/receipts", new { lines = new[] { new { sku = shop.Sku, received = 1 } } })).ShouldBe(
            404
        );
        (await shop.Manager.Get("stock/transfers/none")).ShouldBe(404);
        (await shop.Manager.Get($"stock/transfers/{Guid.CreateVersion7()}")).ShouldBe(404);
    }
}
