using Fluxion.Ledger.Catalog;
using Fluxion.Ledger.Stock;
using Fluxion.Tests.Host;
using Fluxion.Tests.Replay;
using Fluxion.Tests.Tenancy;
using Microsoft.Extensions.DependencyInjection;
using Wolverine;

namespace Fluxion.Tests.Stock;

/// <summary>A reservation is fulfilled in part, extended and changed. It always holds the remaining quantity.</summary>
public sealed class ChangeReservationTests(LedgerHost host)
{
    private static DateTimeOffset In(double seconds) => TimeProvider.System.GetUtcNow().AddSeconds(seconds);

    private static object Line(string store, string sku, decimal quantity) =>
        new
        {
            store,
            sku,
            quantity,
        };

    private static async Task<Guid> Reserve(Client client, params object[] lines) => (
            await client.Post(
                "stock/reservations",
                new
                {
                    reference = "web-88",
                    expiresAt = In(3600),
                    lines,
                }
            )
        ).ShouldBe(201).Json["id"]!.GetValue<Guid>();

    private static Task<Answer> Sell(Client client, Guid reservation, string store, params (string Sku, decimal Quantity)[] lines) =>
        client.Post(
            "sales",
            new
            {
                store,
                invoiceNumber = $"F-{Guid.CreateVersion7():N}",
                reservation,
                lines = lines.Select(l => new { sku = l.Sku, quantity = l.Quantity }),
            }
        );

    private static Task<Answer> Change(Client client, Guid id, object body, string? key = "new") =>
        client.Send(HttpMethod.Put, $"stock/reservations/{id}", body, key == "new" ? Guid.CreateVersion7().ToString() : key);

    private static Task<Answer> ChangeTo(Client client, Guid id, params object[] lines) => Change(client, id, new { lines });

    private static async Task<string> Status(Client client, Guid id) =>
        (await client.Get($"stock/reservations/{id}")).ShouldBe(200).Json["status"]!.GetValue<string>();

    /// <summary>The lines of a reservation: quantity, fulfilled, held and status.</summary>
    private static async Task<string[]> Lines(Client client, Guid id) =>
        [
            .. (await client.Get($"stock/reservations/{id}")).ShouldBe(200).Json["lines"]!
                .AsArray()
                .Select(l => $"{l!["sku"]} {l["quantity"]} {l["fulfilled"]} {l["held"]} {l["status"]}"),
        ];

    private static async Task<decimal> Reserved(Client client, string store, string sku) =>
        (await client.Get($"inventory?store={store}&sku={sku}")).ShouldBe(200).Json["items"]![0]!["reserved"]!.GetValue<decimal>();

    /// <summary>A tenant with 20 of P1 in M1 and 20 of P2 in M2.</summary>
    private async Task<TestTenant> CreateTenant()
    {
        var tenant = await TestTenant.Create(host);
        await tenant.CreateStore("M1", "P1", stock: 20);
        await tenant.CreateStore("M2", "P2", stock: 20);
        return tenant;
    }

    // In part

    [Fact]
    public async Task several_sales_in_several_stores_fulfil_a_reservation_step_by_step()
    {
        var tenant = await CreateTenant();
        var client = tenant.Admin;
        var id = await Reserve(client, Line("M1", "P1", 3), Line("M1", "P1", 2), Line("M2", "P2", 4));
        var first = (await Sell(client, id, "M1", ("P1", 4))).ShouldBe(201).Json["id"]!.GetValue<Guid>();
        (await Lines(client, id)).ShouldBe(["P1 3 3 0 fulfilled", "P1 2 1 1 open", "P2 4 0 4 open"]);
        (await Reserved(client, "M1", "P1")).ShouldBe(1);
        var second = (await Sell(client, id, "M2", ("P2", 4))).ShouldBe(201).Json["id"]!.GetValue<Guid>();
        (await Status(client, id)).ShouldBe(Reservation.Open);
        // more than is held: the rest comes from available stock
        var third = (await Sell(client, id, "M1", ("P1", 3))).ShouldBe(201).Json["id"]!.GetValue<Guid>();
        (await Status(client, id)).ShouldBe(Reservation.Fulfilled);
        (await Lines(client, id)).ShouldBe(["P1 3 3 0 fulfilled", "P1 2 2 0 fulfilled", "P2 4 4 0 fulfilled"]);
        (await client.Get($"stock/reservations/{id}")).ShouldBe(200).Json["sales"]!
            .AsArray()
            .Select(s => $"{s!["lineNumber"]} {s["saleId"]} {s["quantity"]}")
            .ShouldBe([$"1 {first} 3", $"2 {first} 1", $"3 {second} 4", $"2 {third} 1"]);
        (await Sell(client, id, "M1", ("P1", 1))).ShouldBe(409);
        await host.ReplayShouldBeEqual(tenant);
    }

    [Fact]
    public async Task the_rest_of_a_reservation_expires_or_is_released_without_the_sold_quantity()
    {
        var tenant = await CreateTenant();
        var client = tenant.Admin;
        foreach (var expires in (bool[])[true, false])
        {
            var id = await Reserve(client, Line("M1", "P1", 5));
            (await Sell(client, id, "M1", ("P1", 2))).ShouldBe(201);
            if (expires)
            {
                (await client.Post($"stock/reservations/{id}/extend", new { expiresAt = In(1) })).ShouldBe(200);
                while (await Status(client, id) == Reservation.Open)
                    await Task.Delay(200, TestContext.Current.CancellationToken);
            }
            else
                (await client.Post($"stock/reservations/{id}/release", null)).ShouldBe(200).Json["stock"]![0]!["reserved"]!
                    .GetValue<decimal>()
                    .ShouldBe(0);
            (await Lines(client, id)).ShouldBe([$"P1 5 2 0 {(expires ? "expired" : "released")}"]);
            (await Reserved(client, "M1", "P1")).ShouldBe(0);
        }
        (await client.Get("inventory?sku=P1")).Json["items"]![0]!["onHand"]!.GetValue<decimal>().ShouldBe(16);
    }

    [Fact]
    public async Task twenty_four_concurrent_sales_fulfil_a_reservation_without_taking_stock_twice()
    {
        var tenant = await CreateTenant();
        var client = tenant.Admin;
        var id = await Reserve(client, Line("M1", "P1", 20));
        var answers = await Task.WhenAll(Enumerable.Range(0, 24).Select(_ => Sell(client, id, "M1", ("P1", 1))));
        (answers.Count(a => a.Status == 201), answers.Count(a => a.Status == 409)).ShouldBe((20, 4));
        (await Status(client, id)).ShouldBe(Reservation.Fulfilled);
        (await client.Get($"stock/reservations/{id}")).ShouldBe(200).Json["sales"]!.AsArray().Count.ShouldBe(20);
        var item = (await client.Get("inventory?sku=P1")).Json["items"]![0]!;
        (item["onHand"]!.GetValue<decimal>(), item["reserved"]!.GetValue<decimal>()).ShouldBe((0m, 0m));
    }

    [Fact]
    public async Task a_sale_dated_before_the_reservation_cannot_use_it()
    {
        var tenant = await CreateTenant();
        var id = await Reserve(tenant.Admin, Line("M1", "P1", 5));
        Task<Answer> Sell(DateTimeOffset at) =>
            tenant.Admin.Post(
                "sales",
                new
                {
                    store = "M1",
                    invoiceNumber = $"F-{at:O}",
                    reservation = id,
                    occurredAt = at,
                    lines = new[] { new { sku = "P1", quantity = 1 } },
                }
            );
        (await Sell(In(-3600))).ShouldBe(400).Fields.ShouldBe(["occurredAt"]);
        (await Sell(In(0))).ShouldBe(201);
        (
            await tenant.Admin.Post(
                "sales",
                new
                {
                    store = "M1",
                    invoiceNumber = "F-1",
                    releaseRest = true,
                    lines = new[] { new { sku = "P1", quantity = 1 } },
                }
            )
        ).ShouldBe(400).Fields.ShouldBe(["releaseRest"]);
    }

    // Extended

    [Fact]
    public async Task an_extended_reservation_is_held_until_its_new_expiry()
    {
        var tenant = await CreateTenant();
        var client = tenant.Admin;
        var id = (
            await client.Post(
                "stock/reservations",
                new
                {
                    reference = "web-88",
                    expiresAt = In(1.5),
                    lines = new[] { Line("M1", "P1", 5) },
                }
            )
        ).ShouldBe(201).Json["id"]!.GetValue<Guid>();
        var extended = (await client.Post($"stock/reservations/{id}/extend", new { expiresAt = In(4) })).ShouldBe(200).Json;
        extended["version"]!.GetValue<long>().ShouldBe(2);
        await Task.Delay(TimeSpan.FromSeconds(2.2), TestContext.Current.CancellationToken);
        await using (var scope = host.Services.CreateAsyncScope()) // simulates the delivery of the first message
            await scope
                .ServiceProvider.GetRequiredService<IMessageBus>()
                .InvokeForTenantAsync(tenant.Id.ToString(), new ExpireReservation(id), TestContext.Current.CancellationToken);
        (await Status(client, id)).ShouldBe(Reservation.Open);
        var until = In(30);
        while (await Status(client, id) == Reservation.Open && In(0) < until)
            await Task.Delay(200, TestContext.Current.CancellationToken);
        (await Status(client, id)).ShouldBe(Reservation.Expired);
        (await client.Post($"stock/reservations/{id}/extend", new { })).ShouldBe(409);

        var other = await Reserve(client, Line("M1", "P1", 5));
        foreach (var seconds in (double[])[-1, 91 * 86400])
            (await client.Post($"stock/reservations/{other}/extend", new { expiresAt = In(seconds) }))
                .ShouldBe(400)
                .Fields.ShouldBe(["expiresAt"]);
        var usually = (await client.Post($"stock/reservations/{other}/extend", new { })).ShouldBe(200).Json[
            "expiresAt"
        ]!.GetValue<DateTimeOffset>();
        (usually - In(0)).TotalHours.ShouldBeInRange(23.9, 24);
    }

    // Changed

    [Fact]
    public async Task a_reservation_can_change_quantities_and_lines_within_the_available_stock()
    {
        var tenant = await CreateTenant();
        var client = tenant.Admin;
        (await client.Post("stock/receipts", new { store = "M1", lines = new[] { new { sku = "P2", quantity = 20 } } })).ShouldBe(200);
        var id = await Reserve(client, Line("M1", "P1", 5), Line("M1", "P2", 5));
        (await Sell(client, id, "M1", ("P1", 2), ("P2", 1))).ShouldBe(201);

        var changed = (
            await Change(
                client,
                id,
                new
                {
                    reference = " web-89 ",
                    expiresAt = In(7200),
                    version = 2,
                    lines = new[] { Line("M1", "P1", 7), Line("M2", "P2", 3) },
                }
            )
        ).ShouldBe(200).Json;
        (changed["reference"]!.GetValue<string>(), changed["version"]!.GetValue<long>(), changed["stock"]!.AsArray().Count).ShouldBe(
            ("web-89", 3, 3)
        );
        (await Lines(client, id)).ShouldBe(["P1 9 2 7 open", "P2 1 1 0 fulfilled", "P2 3 0 3 open"]);
        (await Reserved(client, "M1", "P1"), await Reserved(client, "M1", "P2"), await Reserved(client, "M2", "P2")).ShouldBe((7m, 0m, 3m));

        // an identical change has no effect; an old version is refused, and so is more than is available
        (await ChangeTo(client, id, Line("M1", "P1", 7), Line("M2", "P2", 3))).ShouldBe(200).Json["version"]!.GetValue<long>().ShouldBe(3);
        (await Change(client, id, new { version = 2, lines = new[] { Line("M1", "P1", 7) } }))
            .ShouldBe(409)
            .Detail!.ShouldContain("version 3, not 2");
        var shortage = (await ChangeTo(client, id, Line("M1", "P1", 19))).ShouldBe(409).Json["shortages"]![0]!;
        (shortage["requested"]!.GetValue<decimal>(), shortage["available"]!.GetValue<decimal>()).ShouldBe((12m, 11m));
        (await Reserved(client, "M2", "P2")).ShouldBe(3); // all lines are changed, or none
        (await ChangeTo(client, id, Line("M1", "P1", 18))).ShouldBe(200);
        (await Lines(client, id)).ShouldBe(["P1 20 2 18 open", "P2 1 1 0 fulfilled", "P2 3 0 0 released"]);
        (await Sell(client, id, "M1", ("P1", 18))).ShouldBe(201);
        (await Status(client, id)).ShouldBe(Reservation.Fulfilled);
        await host.ReplayShouldBeEqual(tenant);
    }

    [Fact]
    public async Task a_change_is_applied_once_per_key_and_requires_access_to_all_its_stores()
    {
        var tenant = await CreateTenant();
        var id = await Reserve(tenant.Admin, Line("M1", "P1", 5));
        var luis = await tenant.CreateUser(host, "luis@company.test", "user", "M1");
        (await ChangeTo(luis, id, Line("M1", "P1", 4))).ShouldBe(200);
        (await ChangeTo(luis, id, Line("M1", "P1", 4), Line("M2", "P2", 1))).ShouldBe(403);
        (await ChangeTo(tenant.Admin, id, Line("M1", "P1", 4), Line("M2", "P2", 1))).ShouldBe(200);
        (await ChangeTo(luis, id, Line("M1", "P1", 1))).ShouldBe(403);
        (await luis.Post($"stock/reservations/{id}/extend", new { })).ShouldBe(403);
        var key = Guid.CreateVersion7().ToString();
        var answers = await Task.WhenAll(
            Enumerable.Range(0, 6).Select(_ => Change(tenant.Admin, id, new { lines = new[] { Line("M1", "P1", 9) } }, key))
        );
        answers.Select(a => a.ShouldBe(200).Text).Distinct().ShouldHaveSingleItem();
        (await Change(tenant.Admin, id, new { lines = new[] { Line("M1", "P1", 9) } }, null))
            .ShouldBe(400)
            .Fields.ShouldBe(["Idempotency-Key"]);
        (await ChangeTo(tenant.Admin, Guid.CreateVersion7(), Line("M1", "P1", 1))).ShouldBe(404);
        (await ChangeTo(await Client.Demo(host, "viewer"), id, Line("M1", "P1", 1))).ShouldBe(403);
    }

    [Theory]
    [InlineData("""{"lines":[]}""", 400, "lines")]
    [InlineData("""{"lines":[null]}""", 400, "lines[0]")]
    [InlineData("""{"lines":[{"store":"M1","sku":"P1","quantity":0}]}""", 400, "lines[0].quantity")]
    [InlineData("""{"lines":[{"store":"M1","sku":"P1","quantity":0.5}]}""", 400, "lines[0].quantity")]
    [InlineData("""{"lines":[{"store":"M1","sku":"P1","quantity":1},{"store":"m1","sku":"p1","quantity":1}]}""", 400, "lines[1].sku")]
    [InlineData("""{"lines":[{"store":"NONE","sku":"P1","quantity":1}]}""", 404, "lines[0].store")]
    [InlineData("""{"lines":[{"store":"M1","sku":"NONE","quantity":1}]}""", 404, "lines[0].sku")]
    [InlineData("""{"reference":"","lines":[{"store":"M1","sku":"P1","quantity":1}]}""", 400, "reference")]
    [InlineData("""{"expiresAt":"2020-01-01T00:00:00Z","lines":[{"store":"M1","sku":"P1","quantity":1}]}""", 400, "expiresAt")]
    public async Task a_change_with_one_invalid_field_is_refused_by_that_field_and_keeps_the_reservation(
        string body,
        int status,
        string field
    )
    {
        var tenant = await CreateTenant();
        var id = await Reserve(tenant.Admin, Line("M1", "P1", 5));
        (await Change(tenant.Admin, id, body)).ShouldBe(status).Fields.ShouldBe([field]);
        (await Lines(tenant.Admin, id)).ShouldBe(["P1 5 0 5 open"]);
    }

    // Folds

    private static readonly Guid One = Guid.CreateVersion7(),
        Other = Guid.CreateVersion7(),
        Milk = Guid.CreateVersion7(),
        Bread = Guid.CreateVersion7();

    private static Reservation After(params object[] events) =>
        events.Aggregate((Reservation?)null, (state, e) => Reservation.Fold(Milk, state, e))!;

    [Fact]
    public void events_of_the_previous_version_fold_as_before()
    {
        var json = LedgerJson.Of(new ReservationFulfilled(One, Milk));
        json.ShouldBe($$"""{"storeId":"{{One}}","saleId":"{{Milk}}"}""");
        LedgerJson.Read<ReservationFulfilled>(json).Taken.ShouldBeNull();
        var opened = new ReservationOpened("web-88", [new(One, Milk, "P1", 5), new(Other, Milk, "P1", 3)], default);
        LedgerJson.Of(opened).ShouldNotContain("openedAt");
        var state = After(opened, new ReservationFulfilled(One, Milk));
        (state.Lines[0].Status, state.Lines[0].Held, state.Lines[0].Sold, state.Lines[1].Held, state.Status).ShouldBe(
            (Reservation.Fulfilled, 0m, 5m, 3m, Reservation.Open)
        );
        LedgerJson.Of(state).ShouldNotContain("fulfilled\":");
    }

    [Fact]
    public void a_line_keeps_its_number_after_every_change()
    {
        var opened = new ReservationOpened(
            "web-88",
            [new(One, Milk, "P1", 5), new(One, Bread, "P2", 2), new(Other, Milk, "P1", 3)],
            default,
            default(DateTimeOffset)
        );
        var state = After(
            opened,
            new ReservationFulfilled(One, Milk, [new(0, 2)]),
            new ReservationChanged("web-88", default, [new(0, One, Milk, "P1", 1), new(3, Other, Bread, "P2", 4)])
        );
        state
            .Lines.Select(line => (line.Quantity, line.Sold, line.Held, line.Status))
            .ShouldBe([
                (3, 2, 1, Reservation.Open),
                (2, 0, 0, Reservation.Released),
                (3, 0, 0, Reservation.Released),
                (4, 0, 4, Reservation.Open),
            ]);
        state.Take(One, [(Milk, 9), (Bread, 9)]).ShouldBe([new TakenLine(0, 1)]);
        state = Reservation.Fold(Milk, state, new ReservationFulfilled(One, Milk, [new(0, 1)], IsRestReleased: true));
        (state.Lines[0].Status, state.Status).ShouldBe((Reservation.Fulfilled, Reservation.Open));
        Reservation
            .Fold(Milk, state, new ReservationFulfilled(Other, Milk, [new(3, 1)], IsRestReleased: true))
            .Lines[3]
            .ShouldBe(new ReservationLine(Other, Bread, "P2", 4, Reservation.Released, 1));
    }

    [Fact]
    public void a_quantity_of_a_product_is_distributed_over_its_lines()
    {
        var (store, milk) = (
            new Store(One, "M1", new StoreDetails("A store", "store"), true),
            new Product(Milk, "P1", new ProductDetails("Milk", "unit"), true)
        );
        var reservation = After(new ReservationOpened("web-88", [new(One, Milk, "P1", 2), new(One, Milk, "P1", 3)], default));
        string Held(decimal wanted) =>
            string.Join(
                ' ',
                ChangeReservationEndpoint
                    .Held(reservation, [(new LockedStock(store, milk, null), wanted)])
                    .Select(h => $"{h.Line}:{h.Quantity}")
            );
        (Held(5), Held(4), Held(2), Held(1), Held(9)).ShouldBe(("0:2 1:3", "0:2 1:2", "0:2", "0:1", "0:6 1:3"));
    }
}

/// <summary>The JSON format of events and states.</summary>
internal static class LedgerJson
{
    public static string Of<T>(T value) => System.Text.Json.JsonSerializer.Serialize(value, Fluxion.Ledger.LedgerModel.Json);

    public static T Read<T>(string json) => System.Text.Json.JsonSerializer.Deserialize<T>(json, Fluxion.Ledger.LedgerModel.Json)!;
}
