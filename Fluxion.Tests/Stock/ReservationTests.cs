using Fluxion.Ledger.Catalog;
using Fluxion.Ledger.Stock;
using Fluxion.Tests.Host;
using Fluxion.Tests.Tenancy;
using Microsoft.Extensions.DependencyInjection;
using Wolverine;

namespace Fluxion.Tests.Stock;

public sealed class ReservationTests(LedgerHost host)
{
    private static DateTimeOffset In(double seconds) => TimeProvider.System.GetUtcNow().AddSeconds(seconds);

    private static object Line(string store, string sku, decimal quantity) =>
        new
        {
            store,
            sku,
            quantity,
        };

    private static Task<Answer> Reserve(Client client, DateTimeOffset? expiresAt, string? key, params object[] lines) =>
        client.Post(
            "stock/reservations",
            new
            {
                reference = "web-88",
                expiresAt,
                lines,
            },
            key
        );

    private static Task<Answer> Reserve(TestStore shop, decimal quantity, DateTimeOffset? expiresAt = null, string? key = "new") =>
        Reserve(shop.Manager, expiresAt, key, Line(shop.Store, shop.Sku, quantity));

    private static Task<Answer> Release(Client client, Guid reservation, string? key = "new") =>
        client.Post($"stock/reservations/{reservation}/release", null, key);

    private static Guid Id(Answer answer) => answer.Json["id"]!.GetValue<Guid>();

    private static async Task<string> Status(Client client, Guid reservation) =>
        (await client.Get($"stock/reservations/{reservation}")).ShouldBe(200).Json["status"]!.GetValue<string>();

    private static async Task<(decimal OnHand, decimal Reserved, decimal Available)> Stock(TestStore shop)
    {
        var row = (await shop.Manager.Get($"inventory?store={shop.Store}&sku={shop.Sku}")).ShouldBe(200).Json["items"]![0]!;
        return (row["onHand"]!.GetValue<decimal>(), row["reserved"]!.GetValue<decimal>(), row["available"]!.GetValue<decimal>());
    }

    /// <summary>The number of messages about a reservation that Wolverine stores.</summary>
    private async Task<long> Messages(string text)
    {
        await using var superuser = await host.OpenSuperuser();
        return (
            await superuser.Column<long>(
                $"""
                select (select count(*) from wolverine.wolverine_incoming_envelopes
                    where position(convert_to('{text}', 'UTF8') in body) > 0)
                     + (select count(*) from wolverine.wolverine_outgoing_envelopes
                         where position(convert_to('{text}', 'UTF8') in body) > 0)
                """
            )
        ).Single();
    }

    [Fact]
    public async Task reserved_stock_is_on_hand_and_not_available_until_released()
    {
        var shop = await TestStore.Create(host, stock: 10);
        var reserved = (await Reserve(shop, 4)).ShouldBe(201);
        reserved.Headers.Location!.ToString().ShouldEndWith($"/stock/reservations/{Id(reserved)}");
        reserved.Json["stock"]!
            .ToJsonString()
            .ShouldBe($$"""[{"store":"{{shop.Store}}","sku":"{{shop.Sku}}","onHand":10,"reserved":4,"available":6}]""");
        (reserved.Json["expiresAt"]!.GetValue<DateTimeOffset>() - In(0)).TotalHours.ShouldBeInRange(23.9, 24);
        (await Stock(shop)).ShouldBe((10m, 4m, 6m));

        (await shop.Issue(7, reason: "sample")).ShouldBe(409).Json["shortages"]![0]!["available"]!.GetValue<decimal>().ShouldBe(6);
        (await Reserve(shop, 7)).ShouldBe(409).Json["shortages"]![0]!["available"]!.GetValue<decimal>().ShouldBe(6);
        (await shop.Issue(6)).ShouldBe(200);
        (await Release(shop.Manager, Id(reserved))).ShouldBe(200).Json["status"]!.GetValue<string>().ShouldBe("released");
        (await Stock(shop)).ShouldBe((4m, 0m, 4m));
        (await shop.Movements()).ShouldBe(2); // a reservation records no movement
        (await shop.Manager.Get($"events?entityId={Id(reserved)}")).Json["items"]!
            .AsArray()
            .Select(e => e!["eventType"]!.GetValue<string>())
            .Order()
            .ShouldBe(["reservation_opened", "reservation_released"]);
    }

    [Fact]
    public async Task lines_of_several_stores_are_reserved_together_or_not_at_all()
    {
        var (one, other) = (await TestStore.Create(host, stock: 5), await TestStore.Create(host, stock: 2));
        var refused = (
            await Reserve(
                one.Manager,
                null,
                "new",
                Line(one.Store, one.Sku, 5),
                Line(other.Store, other.Sku, 2),
                Line(other.Store, other.Sku, 1)
            )
        ).ShouldBe(409);
        refused.Json["shortages"]!
            .ToJsonString()
            .ShouldBe($$"""[{"store":"{{other.Store}}","sku":"{{other.Sku}}","requested":3,"available":2}]""");
        ((await Stock(one)).Reserved, (await Stock(other)).Reserved).ShouldBe((0m, 0m));

        var id = Id((await Reserve(one.Manager, null, "new", Line(one.Store, one.Sku, 5), Line(other.Store, other.Sku, 2))).ShouldBe(201));
        ((await Stock(one)).Available, (await Stock(other)).Available).ShouldBe((0m, 0m));
        (await one.Manager.Get($"stock/reservations/{id}")).ShouldBe(200).Json["lines"]!
            .AsArray()
            .Select(l => l!["status"]!.GetValue<string>())
            .ShouldBe(["open", "open"]);
        (await Release(one.Manager, id)).ShouldBe(200).Json["stock"]!.AsArray().Count.ShouldBe(2);
        ((await Stock(one)).Available, (await Stock(other)).Available).ShouldBe((5m, 2m));
    }

    [Fact]
    public async Task twenty_of_24_concurrent_reservations_of_20_units_succeed()
    {
        var (shop, other) = (await TestStore.Create(host, stock: 20), await TestStore.Create(host, stock: 20));
        object[] lines = [Line(shop.Store, shop.Sku, 1), Line(other.Store, other.Sku, 1)];
        var answers = await Task.WhenAll(
            Enumerable.Range(0, 24).Select(i => Reserve(shop.Manager, null, "new", i % 2 == 0 ? lines : [.. lines.Reverse()]))
        );
        (answers.Count(a => a.Status == 201), answers.Count(a => a.Status == 409)).ShouldBe((20, 4));
        (await Stock(shop)).ShouldBe((20m, 20m, 0m));
        var released = await Task.WhenAll(answers.Where(a => a.Status == 201).Select(a => Release(shop.Manager, Id(a))));
        released.ShouldAllBe(a => a.Status == 200);
        ((await Stock(shop)).Reserved, (await Stock(other)).Reserved).ShouldBe((0m, 0m));
    }

    [Fact]
    public async Task a_repeated_reservation_or_release_with_its_key_is_applied_once()
    {
        var shop = await TestStore.Create(host, stock: 10);
        var (reserve, release) = (Guid.CreateVersion7().ToString(), Guid.CreateVersion7().ToString());
        var first = (await Reserve(shop, 2, In(3600), reserve)).ShouldBe(201);
        (await Reserve(shop, 2, first.Json["expiresAt"]!.GetValue<DateTimeOffset>().AddSeconds(1), reserve)).ShouldBe(422);
        (await Stock(shop)).Reserved.ShouldBe(2);
        var done = (await Release(shop.Manager, Id(first), release)).ShouldBe(200);
        (await Release(shop.Manager, Id(first), release)).ShouldBe(200).Text.ShouldBe(done.Text);
        (await Reserve(shop, 1, key: null)).ShouldBe(400).Fields.ShouldBe(["Idempotency-Key"]);
        (await Release(shop.Manager, Id(first), null)).ShouldBe(400).Fields.ShouldBe(["Idempotency-Key"]);
    }

    // Expiry

    [Fact]
    public async Task a_reservation_expires_automatically()
    {
        var shop = await TestStore.Create(host, stock: 10);
        var id = Id((await Reserve(shop, 4, In(1.5))).ShouldBe(201));
        (await Messages(id.ToString())).ShouldBe(1);
        (await Stock(shop)).Available.ShouldBe(6);
        await Wait.Until(async () => await Status(shop.Manager, id) == Reservation.Expired, "it expires");
        (await Stock(shop)).ShouldBe((10m, 0m, 10m));
        (await Release(shop.Manager, id)).ShouldBe(409).Detail!.ShouldBe("The reservation is expired: release is allowed when it is open.");
        // the system expires it, and no user
        var trail = (await shop.Manager.Get($"events?entityId={id}&eventType=reservation_expired")).Json["items"]!
            .AsArray()
            .ShouldHaveSingleItem()!;
        trail["userId"].ShouldBeNull();
    }

    [Fact]
    public async Task a_reservation_expires_in_its_own_tenant()
    {
        var tenant = await TestTenant.Create(host);
        var shop = await tenant.CreateStore("M1", "P1", stock: 3);
        var id = Id((await Reserve(shop, 3, In(1))).ShouldBe(201));
        await Wait.Until(async () => await Status(tenant.Admin, id) == Reservation.Expired, "it expires");
        (await Stock(shop)).ShouldBe((3m, 0m, 3m));
    }

    [Fact]
    public async Task a_reservation_that_expires_while_no_host_runs_is_released_at_the_next_start()
    {
        await using var database = await host.NewDatabase();
        Guid id;
        await using (var first = await HostProcess.Serve(database.Connections))
        {
            var user = await first.Demo("user");
            id = Id((await Reserve(user, In(2), "new", Line("CCS-01", "LAC001", 1))).ShouldBe(201));
            await first.Kill();
        }
        await Task.Delay(TimeSpan.FromSeconds(2), TestContext.Current.CancellationToken);
        await using var second = await HostProcess.Serve(database.Connections);
        var client = await second.Demo("user");
        await Wait.Until(async () => await Status(client, id) == Reservation.Expired, "it expires after downtime");
    }

    [Fact]
    public async Task a_concurrent_release_and_expiry_release_the_stock_once()
    {
        var shop = await TestStore.Create(host, stock: 10);
        var reservation = (await shop.Manager.Get($"stock/reservations/{Id((await Reserve(shop, 1)).ShouldBe(201))}")).ShouldBe(200);
        reservation.Json["lines"]!.AsArray().Count.ShouldBe(1);
        await using var superuser = await host.OpenSuperuser();
        var demo = (await superuser.Column<Guid>("select id from shared.tenants where slug = 'fluxion-demo'")).Single().ToString();
        for (var round = 0; round < 5; round++)
        {
            var id = Id((await Reserve(shop, 4, In(0.3))).ShouldBe(201));
            await Task.Delay(400, TestContext.Current.CancellationToken);
            var expiries = Enumerable
                .Range(0, 6)
                .Select(async _ =>
                {
                    await using var scope = host.Services.CreateAsyncScope();
                    await scope
                        .ServiceProvider.GetRequiredService<IMessageBus>()
                        .InvokeForTenantAsync(demo, new ExpireReservation(id), TestContext.Current.CancellationToken);
                })
                .ToArray();
            var releases = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => Release(shop.Manager, id)));
            await Task.WhenAll(expiries);
            var status = await Status(shop.Manager, id);
            releases.Count(a => a.Status == 200).ShouldBe(status == Reservation.Released ? 1 : 0);
            releases.ShouldAllBe(a => a.Status == 200 || a.Status == 409);
            (await Stock(shop)).ShouldBe((10m, 1m, 9m));
            (await shop.Manager.Get($"events?entityId={id}")).Json["items"]!.AsArray().Count.ShouldBe(2);
        }
    }

    [Fact]
    public async Task a_scheduled_message_that_arrives_early_waits_until_its_time()
    {
        var shop = await TestStore.Create(host, stock: 10);
        var id = Id((await Reserve(shop, 4, In(3600))).ShouldBe(201));
        await using var superuser = await host.OpenSuperuser();
        var demo = (await superuser.Column<Guid>("select id from shared.tenants where slug = 'fluxion-demo'")).Single().ToString();
        await using var scope = host.Services.CreateAsyncScope();
        await scope
            .ServiceProvider.GetRequiredService<IMessageBus>()
            .InvokeForTenantAsync(demo, new ExpireReservation(id), TestContext.Current.CancellationToken);
        (await Status(shop.Manager, id)).ShouldBe(Reservation.Open);
        (await Messages(id.ToString())).ShouldBe(2, "the first one and the one that it went on with");
    }

    [Fact]
    public async Task the_expiry_message_is_stored_and_deleted_with_the_commands_transaction()
    {
        var tenant = await TestTenant.Create(host);
        var shop = await tenant.CreateStore("M1", "P1", stock: 3);
        (await Reserve(shop, 4)).ShouldBe(409); // refused: no message is stored
        await using var superuser = await host.OpenSuperuser();
        const string All =
            "select count(*) from wolverine.wolverine_incoming_envelopes where position(convert_to('{0}', 'UTF8') in body) > 0";
        var kept = All.Replace("{0}", tenant.Id.ToString(), StringComparison.Ordinal);
        (await superuser.Column<long>(kept)).ShouldBe([0]);

        // the commit waits for this lock, and then its connection is terminated
        Task<Answer> pending;
        await using (var obstacle = await host.OpenSuperuser())
        {
            await using var transaction = await obstacle.BeginTransactionAsync(TestContext.Current.CancellationToken);
            await obstacle.Execute($"lock table {tenant.Schema}.reservation_items in exclusive mode");
            pending = Reserve(shop, 1);
            var waiting = $"""
                select pid from pg_stat_activity where wait_event_type = 'Lock'
                    and pid in (select pid from pg_locks where not granted and relation = '{tenant.Schema}.reservation_items'::regclass)
                """;
            await Wait.Until(async () => (await superuser.Rows(waiting)).Count == 1, "the commit waits");
            (await superuser.Column<long>(kept)).ShouldBe([0]);
            await superuser.Execute($"select pg_terminate_backend(pid) from ({waiting}) w");
            (await pending).Status.ShouldBeGreaterThanOrEqualTo(500);
        }
        (await superuser.Column<long>(kept)).ShouldBe([0]);
        (await Stock(shop)).ShouldBe((3m, 0m, 3m));

        (await Reserve(shop, 1)).ShouldBe(201);
        (await superuser.Column<long>(kept)).ShouldBe([1]);
    }

    // Each command in each state

    public static TheoryData<string, string> Cases() =>
        [
            .. ((string[])[Reservation.Open, Reservation.Fulfilled, Reservation.Released, Reservation.Expired]).SelectMany(
                _ => (string[])["release", "fulfil", "extend", "change"],
                (state, command) => (state, command)
            ),
        ];

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task a_reservation_can_be_released_or_sold_only_while_open(string state, string command)
    {
        var shop = await TestStore.Create(host, stock: 10);
        var id = Id((await Reserve(shop, 4, state == Reservation.Expired ? In(0.5) : null)).ShouldBe(201));
        if (state == Reservation.Fulfilled)
            (await Sell(shop, 4, id)).ShouldBe(201);
        if (state == Reservation.Released)
            (await Release(shop.Manager, id)).ShouldBe(200);
        if (state == Reservation.Expired)
            await Wait.Until(async () => await Status(shop.Manager, id) == Reservation.Expired, "it expires");
        var answer = command switch
        {
            "release" => await Release(shop.Manager, id),
            "extend" => await shop.Manager.Post($"stock/reservations/{id}/extend", new { }),
            "change" => await Change(shop.Manager, id, Line(shop.Store, shop.Sku, 1)),
            _ => await Sell(shop, 4, id),
        };
        if (Reservation.Allowed[command].Contains(state))
            answer.Status.ShouldBeLessThan(300);
        else
            answer.ShouldBe(409).Detail!.ShouldBe($"The reservation is {state}: {command} is allowed when it is open.");
        (await Stock(shop)).Reserved.ShouldBe(
            (state, command) switch
            {
                (Reservation.Open, "extend") => 4,
                (Reservation.Open, "change") => 1,
                _ => 0,
            }
        );
    }

    private static Task<Answer> Change(Client client, Guid id, params object[] lines) =>
        client.Send(HttpMethod.Put, $"stock/reservations/{id}", new { lines }, Guid.CreateVersion7().ToString());

    // Fulfilled by a sale

    private static Task<Answer> Sell(Client client, string store, Guid? reservation, params object[] lines) =>
        Sell(client, store, reservation, false, lines);

    private static Task<Answer> Sell(Client client, string store, Guid? reservation, bool releaseRest, params object[] lines) =>
        client.Post(
            "sales",
            new
            {
                store,
                invoiceNumber = $"F-{Guid.CreateVersion7():N}",
                reservation,
                releaseRest,
                lines,
            }
        );

    private static Task<Answer> Sell(TestStore shop, decimal quantity, Guid? reservation) =>
        Sell(shop.Manager, shop.Store, reservation, new { sku = shop.Sku, quantity });

    [Fact]
    public async Task a_sale_uses_its_reservation_and_the_rest_stays_reserved_unless_released()
    {
        var shop = await TestStore.Create(host, stock: 10);
        var id = Id((await Reserve(shop, 4)).ShouldBe(201));
        (await shop.Issue(6)).ShouldBe(200);
        (await Sell(shop, 3, null)).ShouldBe(409).Json["shortages"]![0]!["available"]!.GetValue<decimal>().ShouldBe(0);
        (await Sell(shop, 5, id)).ShouldBe(409).Json["shortages"]!
            .ToJsonString()
            .ShouldBe($$"""[{"store":"{{shop.Store}}","sku":"{{shop.Sku}}","requested":5,"available":4}]""");
        (await Stock(shop)).ShouldBe((4m, 4m, 0m));

        var sale = (await Sell(shop, 1, id)).ShouldBe(201);
        sale.Json["stock"]!
            .ToJsonString()
            .ShouldBe($$"""[{"store":"{{shop.Store}}","sku":"{{shop.Sku}}","onHand":3,"reserved":3,"available":0}]""");
        (await Status(shop.Manager, id)).ShouldBe(Reservation.Open);
        var trail = (await shop.Manager.Get($"events?entityId={id}&eventType=reservation_fulfilled")).Json["items"]!
            .AsArray()
            .ShouldHaveSingleItem()!;
        trail.ToJsonString().ShouldContain(Id(sale).ToString());

        sale = (await Sell(shop.Manager, shop.Store, id, releaseRest: true, new { sku = shop.Sku, quantity = 2 })).ShouldBe(201);
        sale.Json["stock"]!
            .ToJsonString()
            .ShouldBe($$"""[{"store":"{{shop.Store}}","sku":"{{shop.Sku}}","onHand":1,"reserved":0,"available":1}]""");
        (await Status(shop.Manager, id)).ShouldBe(Reservation.Fulfilled);
    }

    [Fact]
    public async Task a_reservation_is_fulfilled_in_each_store_by_the_quantity_held_there()
    {
        var (one, other) = (await TestStore.Create(host, stock: 5), await TestStore.Create(host, stock: 2));
        var id = Id((await Reserve(one.Manager, null, "new", Line(one.Store, one.Sku, 5), Line(other.Store, other.Sku, 2))).ShouldBe(201));
        (
            await one.Manager.Post("stock/receipts", new { store = one.Store, lines = new[] { new { sku = other.Sku, quantity = 1 } } })
        ).ShouldBe(200);
        // a product that the reservation does not hold in this store
        (await Sell(one.Manager, one.Store, id, new { sku = other.Sku, quantity = 1 }))
            .ShouldBe(409)
            .Detail!.ShouldBe(
                $"The reservation 'web-88' holds none of the sold products in the store {one.Store}. Record the sale without it."
            );
        (await Sell(one.Manager, one.Store, id, releaseRest: true, new { sku = other.Sku, quantity = 1 })).ShouldBe(201).Json["stock"]!
            .AsArray()
            .Count.ShouldBe(2);
        (await Stock(one)).ShouldBe((5m, 0m, 5m));
        (await Status(one.Manager, id)).ShouldBe(Reservation.Open);
        (await Sell(one, 1, id))
            .ShouldBe(409)
            .Detail!.ShouldBe($"The reservation 'web-88' holds nothing in the store {one.Store}. Record the sale without it.");
        (await Sell(other, 2, id)).ShouldBe(201);
        (await Status(one.Manager, id)).ShouldBe(Reservation.Fulfilled);
        (await Stock(other)).ShouldBe((0m, 0m, 0m));

        (await Sell(one, 1, Guid.CreateVersion7())).ShouldBe(404).Fields.ShouldBe(["reservation"]);
    }

    [Fact]
    public async Task a_reservation_expires_or_is_fulfilled_but_never_both()
    {
        var shop = await TestStore.Create(host, stock: 10);
        await using var superuser = await host.OpenSuperuser();
        var demo = (await superuser.Column<Guid>("select id from shared.tenants where slug = 'fluxion-demo'")).Single().ToString();
        var onHand = 10m;
        for (var round = 0; round < 8; round++)
        {
            var id = Id((await Reserve(shop, 1, In(0.3))).ShouldBe(201));
            await Task.Delay(300, TestContext.Current.CancellationToken);
            var sales = Enumerable.Range(0, 12).Select(_ => Sell(shop, 1, id)).ToArray();
            var expiries = Enumerable
                .Range(0, 12)
                .Select(async _ =>
                {
                    await using var scope = host.Services.CreateAsyncScope();
                    await scope
                        .ServiceProvider.GetRequiredService<IMessageBus>()
                        .InvokeForTenantAsync(demo, new ExpireReservation(id), TestContext.Current.CancellationToken);
                })
                .ToArray();
            await Task.WhenAll(expiries);
            var sold = await Task.WhenAll(sales);
            var status = await Status(shop.Manager, id);
            sold.ShouldAllBe(a => a.Status == 201 || a.Status == 409);
            sold.Count(a => a.Status == 201).ShouldBe(status == Reservation.Fulfilled ? 1 : 0);
            onHand -= status == Reservation.Fulfilled ? 1 : 0;
            (await Stock(shop)).ShouldBe((onHand, 0m, onHand));
        }
    }

    [Fact]
    public void a_reservation_fulfilled_in_one_store_is_still_held_in_the_other()
    {
        var (id, one, other, product, at) = (
            Guid.CreateVersion7(),
            Guid.CreateVersion7(),
            Guid.CreateVersion7(),
            Guid.CreateVersion7(),
            DateTimeOffset.UnixEpoch
        );
        LockedStock Locked(Guid store) =>
            new(
                new Store(store, $"{store}", new StoreDetails("A store", "store"), true),
                new Product(product, "P1", new ProductDetails("A product", "unit"), true),
                new StockItem(StockItem.IdOf(store, product), store, product, 5, 3, 2, at)
            );
        var reservation = Reservation.Fold(
            id,
            null,
            new ReservationOpened("web-88", [new(one, product, "P1", 2), new(other, product, "P1", 3), new(one, product, "P1", 1)], at)
        );
        LockedStock[] lockedStock = [Locked(one), Locked(other)];
        var decision = StockDecider.Decide(lockedStock, reservation.Release(lockedStock, reservation.Rest(one)));
        decision.Shortages.ShouldBeEmpty();
        decision.Events.Select(e => e.Event).ShouldBe([new StockReleased(one, product, 2, id), new StockReleased(one, product, 1, id)]);

        reservation = Reservation.Fold(id, reservation, new ReservationFulfilled(one, id));
        (reservation.Status, reservation.Held.Single().StoreId).ShouldBe((Reservation.Open, other));
        reservation.Rest(one).ShouldBeEmpty();
        reservation.Rest().ShouldBe([new TakenLine(1, 3)]);
        var expired = Reservation.Fold(id, reservation, new ReservationExpired());
        (expired.Status, expired.Held.Count()).ShouldBe((Reservation.Expired, 0));
        expired.Lines.Select(line => line.Status).ShouldBe([Reservation.Fulfilled, Reservation.Expired, Reservation.Fulfilled]);
        Reservation.Fold(id, reservation, new ReservationFulfilled(other, id)).Status.ShouldBe(Reservation.Fulfilled);
    }

    // Stores

    [Fact]
    public async Task a_user_of_one_store_reserves_releases_and_reads_only_there()
    {
        var tenant = await TestTenant.Create(host);
        await tenant.CreateStore("M1", "P1", stock: 20);
        await tenant.CreateStore("M2", "P2", stock: 20);
        var luis = await tenant.CreateUser(host, "luis@company.test", "user", "M1");

        var mine = Id((await Reserve(luis, null, "new", Line("M1", "P1", 1))).ShouldBe(201));
        (await Reserve(luis, null, "new", Line("M1", "P1", 1), Line("M2", "P2", 1))).ShouldBe(403);
        var both = Id((await Reserve(tenant.Admin, null, "new", Line("M1", "P1", 1), Line("M2", "P2", 1))).ShouldBe(201));
        var others = Id((await Reserve(tenant.Admin, null, "new", Line("M2", "P2", 1))).ShouldBe(201));
        (await Release(luis, both)).ShouldBe(403);

        async Task<List<Guid>> Listed(Client client, string query = "") =>
            [
                .. (await client.Get($"stock/reservations{query}")).ShouldBe(200).Json["items"]!
                    .AsArray()
                    .Select(t => t!["id"]!.GetValue<Guid>()),
            ];
        (await Listed(luis)).ShouldBe([both, mine]);
        (await luis.Get($"stock/reservations/{both}")).ShouldBe(200).Json["lines"]!.AsArray().Single()!["store"]!
            .GetValue<string>()
            .ShouldBe("M1");
        (await luis.Get($"stock/reservations/{others}")).ShouldBe(404);
        (await Release(luis, mine)).ShouldBe(200);
        (await Release(luis, others)).ShouldBe(403);
        (await Listed(tenant.Admin)).ShouldBe([others, both, mine]);
        (await Listed(tenant.Admin, "?status=open&store=m1")).ShouldBe([both]);
        (await Listed(tenant.Admin, "?reference=web-88&status=released")).ShouldBe([mine]);
        (await Listed(tenant.Admin, "?reference=other")).ShouldBeEmpty();
        var page = (await tenant.Admin.Get("stock/reservations?limit=2")).ShouldBe(200).Json;
        (await Listed(tenant.Admin, $"?limit=2&after={page["next"]!.GetValue<string>()}")).ShouldBe([mine]);

        // the goods that were held in the other store are sold by now
        (await Sell(tenant.Admin, "M2", both, new { sku = "P2", quantity = 1 })).ShouldBe(201);
        (await Release(luis, both)).ShouldBe(200);

        (await Reserve(await Client.Demo(host, "viewer"), null, "new", Line("CCS-01", "LAC001", 1))).ShouldBe(403);
    }

    // Bad input

    [Theory]
    [InlineData("""{"lines":[{"store":"{store}","sku":"{sku}","quantity":1}]}""", 400, "reference")]
    [InlineData("""{"reference":"  ","lines":[{"store":"{store}","sku":"{sku}","quantity":1}]}""", 400, "reference")]
    [InlineData("""{"reference":"a\nb","lines":[{"store":"{store}","sku":"{sku}","quantity":1}]}""", 400, "reference")]
    [InlineData("""{"reference":"x","lines":[{"store":"{store}","sku":"{sku}","quantity":0}]}""", 400, "lines[0].quantity")]
    [InlineData("""{"reference":"x","lines":[{"store":"{store}","sku":"{sku}","quantity":0.5}]}""", 400, "lines[0].quantity")]
    [InlineData("""{"reference":"x","lines":[{"store":"{store}","sku":"{sku}"}]}""", 400, "lines[0].quantity")]
    [InlineData("""{"reference":"x","lines":[{"sku":"{sku}","quantity":1}]}""", 400, "lines[0].store")]
    [InlineData("""{"reference":"x","lines":[{"store":"NOWHERE","sku":"{sku}","quantity":1}]}""", 404, "lines[0].store")]
    [InlineData("""{"reference":"x","lines":[{"store":"{store}","sku":"NOTHING","quantity":1}]}""", 404, "lines[0].sku")]
    [InlineData("""{"reference":"x","lines":[null]}""", 400, "lines[0]")]
    [InlineData("""{"reference":"x","lines":[]}""", 400, "lines")]
    [InlineData("""{"reference":"x"}""", 400, "lines")]
    [InlineData(
        """{"reference":"x","expiresAt":"2020-01-01T10:00:00Z","lines":[{"store":"{store}","sku":"{sku}","quantity":1}]}""",
        400,
        "expiresAt"
    )]
    [InlineData("""{"reference":"x","expiresAt":"{91days}","lines":[{"store":"{store}","sku":"{sku}","quantity":1}]}""", 400, "expiresAt")]
    [InlineData("""{"reference":"x","expiresAt":"soon","lines":[{"store":"{store}","sku":"{sku}","quantity":1}]}""", 400, "expiresAt")]
    public async Task a_reservation_with_one_invalid_field_is_refused_by_that_field_and_holds_nothing(string body, int status, string field)
    {
        var shop = await TestStore.Create(host, stock: 10);
        var answer = (
            await shop.Manager.Post(
                "stock/reservations",
                body.Replace("{store}", shop.Store).Replace("{sku}", shop.Sku).Replace("{91days}", In(91 * 86400).ToString("O"))
            )
        ).ShouldBe(status);
        answer.Fields.ShouldBe([field], answer.Text);
        (await Stock(shop)).ShouldBe((10m, 0m, 10m));
    }

    [Fact]
    public async Task an_unknown_reservation_answers_404()
    {
        var user = await Client.Demo(host, "user");
        (await Release(user, Guid.CreateVersion7())).ShouldBe(404);
        (await user.Post("stock/reservations/none/release", null)).ShouldBe(404);
        (await user.Get("stock/reservations/none")).ShouldBe(404);
    }
}
