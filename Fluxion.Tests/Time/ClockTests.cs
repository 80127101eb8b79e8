using System.Globalization;
using Fluxion.Host;
using Fluxion.Host.Demo;
using Fluxion.Ledger.Access;
using Fluxion.Ledger.Time;
using Fluxion.Tests.Host;
using Fluxion.Tests.Tenancy;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace Fluxion.Tests.Time;

/// <summary>The ledger has one clock, the database's. The clocks of hosts and clients change nothing.</summary>
public sealed class ClockTests(LedgerHost host)
{
    private static readonly TimeSpan ClockError = TimeSpan.FromMinutes(10);

    /// <summary>A host on a machine with a wrong clock.</summary>
    private sealed class Node(WebApplication host) : IAsyncDisposable
    {
        public IServiceProvider Services => host.Services;
        public Uri Address => new(host.Urls.First());

        public static async Task<Node> Start(OwnDatabase database, TimeSpan ahead)
        {
            var host = MigrationTests.NewHost(database.Connections, "Development", new OffsetClock(ahead));
            host.MapFluxion();
            await host.Prepare(database.Connections, TestContext.Current.CancellationToken);
            await host.StartAsync(TestContext.Current.CancellationToken);
            return new Node(host);
        }

        public Task<Client> Manager() =>
            Client.SignIn(new HttpClient { BaseAddress = Address }, DemoTenant.Slug, DemoTenant.Email("manager"), DemoTenant.Password);

        public async ValueTask DisposeAsync()
        {
            await host.StopAsync(CancellationToken.None);
            await host.DisposeAsync();
        }
    }

    private static decimal OnHand(Answer answer) => answer.ShouldBe(200).Json["stock"]![0]!["onHand"]!.GetValue<decimal>();

    private static object[] Lines(decimal quantity) => [new { sku = "LAC001", quantity }];

    [Theory]
    [InlineData(1)]
    [InlineData(-1)]
    public async Task a_count_by_a_node_with_a_wrong_clock_does_not_hide_later_movements_of_other_nodes(int direction)
    {
        await using var database = await host.NewDatabase();
        await using var exactNode = await Node.Start(database, TimeSpan.Zero);
        await using var offsetNode = await Node.Start(database, ClockError * direction);
        var (one, other) = (await exactNode.Manager(), await offsetNode.Manager());

        OnHand(await other.Post("stock/counts", new { store = "CCS-01", lines = Lines(50) })).ShouldBe(50);
        var received = await one.Post("stock/receipts", new { store = "CCS-01", lines = Lines(10) });
        OnHand(received).ShouldBe(60);
        received.Json["correctedByCount"]!.AsArray().ShouldBeEmpty();
        OnHand(await one.Post("stock/counts", new { store = "CCS-01", lines = Lines(40) })).ShouldBe(40);
        OnHand(
                await other.Post(
                    "stock/issues",
                    new
                    {
                        store = "CCS-01",
                        reason = "damage",
                        lines = Lines(3),
                    }
                )
            )
            .ShouldBe(37);

        // events have the database's time, in the order recorded, whichever node recorded them
        var explained = (await one.Get("audit/explain?store=CCS-01&sku=LAC001")).ShouldBe(200).Json["items"]!.AsArray();
        var recorded = explained
            .OrderBy(m => m!["place"]!.GetValue<long>())
            .Select(m => m!["recordedAt"]!.GetValue<DateTimeOffset>())
            .ToList();
        recorded.ShouldBe(recorded.Order());
        recorded[^1].ShouldBe(TimeProvider.System.GetUtcNow(), TimeSpan.FromMinutes(2));
    }

    [Fact]
    public async Task a_node_with_a_fast_clock_expires_no_reservation_early_and_issues_valid_tokens()
    {
        await using var database = await host.NewDatabase();
        await using var exactNode = await Node.Start(database, TimeSpan.Zero);
        await using var offsetNode = await Node.Start(database, ClockError);
        var (one, other) = (await exactNode.Manager(), await offsetNode.Manager());
        var reservation = (
            await other.Post(
                "stock/reservations",
                new
                {
                    reference = "web-1",
                    expiresAt = TimeProvider.System.GetUtcNow().AddMinutes(5),
                    lines = new[]
                    {
                        new
                        {
                            store = "CCS-01",
                            sku = "LAC001",
                            quantity = 1,
                        },
                    },
                }
            )
        ).ShouldBe(201).Json["id"];
        await Task.Delay(TimeSpan.FromSeconds(12), TestContext.Current.CancellationToken); // due messages are polled every 5 seconds
        (await one.Get($"stock/reservations/{reservation}")).ShouldBe(200).Json["status"]!.GetValue<string>().ShouldBe("open");

        var token = offsetNode.Services.GetRequiredService<Tokens>();
        token
            .Validation.LifetimeValidator!(
                TimeProvider.System.GetUtcNow().UtcDateTime,
                TimeProvider.System.GetUtcNow().AddMinutes(1).UtcDateTime,
                null,
                null
            )
            .ShouldBeTrue();
        var fromThere = new HttpClient { BaseAddress = exactNode.Address };
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/api/{DemoTenant.Slug}/inventory");
        request.Headers.Authorization = other.Authorization;
        (await fromThere.SendAsync(request, TestContext.Current.CancellationToken)).StatusCode.ShouldBe(System.Net.HttpStatusCode.OK);
    }

    [Fact]
    public async Task a_node_with_a_wrong_clock_reports_it_in_its_health_and_keeps_serving()
    {
        await using var database = await host.NewDatabase();
        await using var offsetNode = await Node.Start(database, ClockError);
        using var http = new HttpClient { BaseAddress = offsetNode.Address };
        var health = await http.GetStringAsync("/health/ready", TestContext.Current.CancellationToken);
        health.ShouldContain("Degraded");
        health.ShouldContain("600 s ahead of the database's");
        var clock = offsetNode.Services.GetRequiredService<LedgerClock>();
        clock.Offset.ShouldBe(ClockError, TimeSpan.FromSeconds(5));
        clock.GetUtcNow().ShouldBe(TimeProvider.System.GetUtcNow(), TimeSpan.FromSeconds(5));
        (await (await Client.Demo(host, "viewer")).Get("/health/ready")).ShouldBe(200).Json["status"]!
            .GetValue<string>()
            .ShouldBe("Healthy");
    }

    [Fact]
    public async Task a_client_with_a_slow_clock_that_sends_sentAt_is_corrected()
    {
        var tenant = await TestTenant.Create(host);
        var shop = await tenant.CreateStore("M1", "P1", stock: 60);
        (await tenant.Admin.Post("stock/counts", new { store = "M1", lines = new[] { new { sku = "P1", quantity = 50 } } })).ShouldBe(200);
        var slow = TimeSpan.FromMinutes(-3);
        for (var i = 0; i < 5; i++)
        {
            var shown = TimeProvider.System.GetUtcNow() + slow;
            var sale = (
                await tenant.Admin.Post(
                    "sales",
                    new
                    {
                        store = "M1",
                        invoiceNumber = $"F-{i}",
                        occurredAt = shown,
                        sentAt = shown,
                        lines = new[] { new { sku = "P1", quantity = 1 } },
                    }
                )
            ).ShouldBe(201);
            sale.Json["correctedByCount"]!.AsArray().ShouldBeEmpty();
            sale.Json["occurredAt"]!.GetValue<DateTimeOffset>().ShouldBe(TimeProvider.System.GetUtcNow(), TimeSpan.FromSeconds(30));
        }
        (await shop.OnHand()).ShouldBe(45);

        // each event of those commands records the clock skew
        var skews = (await tenant.Admin.Get("events?eventType=sale_recorded")).ShouldBe(200).Json["items"]!
            .AsArray()
            .Select(e => double.Parse(e!["metadata"]!["clock_skew"]!.GetValue<string>(), CultureInfo.InvariantCulture))
            .ToList();
        skews.Count.ShouldBe(5);
        skews.ShouldAllBe(s => Math.Abs(s + 180) < 30);
        (await tenant.Admin.Get("events?eventType=stock_counted")).ShouldBe(200).Json["items"]![0]!["metadata"]!
            ["clock_skew"]
            .ShouldBeNull();
    }

    [Theory]
    [InlineData("2000-01-01T00:05:00Z", "2000-01-01T00:03:00Z", 120)] // a till whose clock battery failed
    [InlineData("2090-07-01T12:00:00-04:00", "2090-07-01T11:00:00-04:00", 3600)]
    [InlineData("2026-11-05T10:00:00+05:45", "2026-11-05T04:15:00Z", 0)]
    public async Task occurredAt_is_shifted_by_the_offset_of_the_clients_clock(string sentAt, string occurredAt, int secondsAgo)
    {
        var shop = await TestTenant.Create(host);
        await shop.CreateStore("M1", "P1");
        var received = (
            await shop.Admin.Post(
                "stock/receipts",
                new
                {
                    store = "M1",
                    occurredAt,
                    sentAt,
                    lines = new[] { new { sku = "P1", quantity = 1 } },
                }
            )
        ).ShouldBe(200);
        received.Json["occurredAt"]!
            .GetValue<DateTimeOffset>()
            .ShouldBe(TimeProvider.System.GetUtcNow().AddSeconds(-secondsAgo), TimeSpan.FromSeconds(30));
    }

    [Fact]
    public async Task a_request_repeated_later_with_another_sentAt_is_the_same_request()
    {
        var tenant = await TestTenant.Create(host);
        var shop = await tenant.CreateStore("M1", "P1");
        Task<Answer> Send(DateTimeOffset sentAt) =>
            tenant.Admin.Post(
                "stock/receipts",
                new
                {
                    store = "M1",
                    occurredAt = "2026-03-01T10:00:00Z",
                    sentAt,
                    lines = new[] { new { sku = "P1", quantity = 1 } },
                },
                "the-same-key"
            );
        var now = TimeProvider.System.GetUtcNow();
        var first = (await Send(now)).ShouldBe(200);
        (await Send(now.AddHours(7))).ShouldBe(200).Text.ShouldBe(first.Text);
        (await shop.OnHand()).ShouldBe(1);
    }

    [Fact]
    public async Task a_moment_slightly_in_the_future_counts_as_now_and_a_later_one_is_refused()
    {
        var tenant = await TestTenant.Create(host);
        var shop = await tenant.CreateStore("M1", "P1");
        Task<Answer> Receive(object? occurredAt, object? sentAt = null) =>
            tenant.Admin.Post(
                "stock/receipts",
                new
                {
                    store = "M1",
                    occurredAt,
                    sentAt,
                    lines = new[] { new { sku = "P1", quantity = 1 } },
                }
            );
        var now = TimeProvider.System.GetUtcNow();
        (await Receive(now.AddMinutes(4.5))).ShouldBe(200).Json["occurredAt"]!
            .GetValue<DateTimeOffset>()
            .ShouldBe(now, TimeSpan.FromSeconds(30));
        (await Receive(now.AddMinutes(6))).ShouldBe(400).Fields.ShouldBe(["occurredAt"]);
        (await Receive(now.AddHours(1), sentAt: now.AddHours(1))).ShouldBe(200);
        (await Receive(now, sentAt: now.AddHours(-1))).ShouldBe(400).Fields.ShouldBe(["sentAt"]); // an hour after it was sent
        (await Receive("1999-12-31T23:59:59Z")).ShouldBe(400).Fields.ShouldBe(["occurredAt"]);
        (await Receive(null, sentAt: "0002-01-01T00:00:00Z")).ShouldBe(200);
        (await Receive("9998-01-01T00:00:00Z", sentAt: "0002-01-01T00:00:00Z")).ShouldBe(400).Fields.ShouldBe(["sentAt"]);
        (await shop.OnHand()).ShouldBe(3);
    }

    [Fact]
    public async Task lines_of_a_bulk_command_and_rows_of_a_file_are_corrected_by_sentAt()
    {
        var tenant = await TestTenant.Create(host);
        await tenant.CreateStore("M1", "P1");
        var shown = TimeProvider.System.GetUtcNow().AddDays(-400);
        string At(double hoursAgo) => shown.AddHours(-hoursAgo).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
        (
            await tenant.Admin.Post(
                "stock/movements",
                new
                {
                    sentAt = shown,
                    lines = new[]
                    {
                        new
                        {
                            type = "receipt",
                            store = "M1",
                            sku = "P1",
                            quantity = 2,
                            occurredAt = At(2),
                        },
                        new
                        {
                            type = "receipt",
                            store = "M1",
                            sku = "P1",
                            quantity = 1,
                            occurredAt = At(1),
                        },
                    },
                }
            )
        ).ShouldBe(200);
        (
            await tenant.Admin.Send(
                HttpMethod.Post,
                $"imports/movements?sentAt={Uri.EscapeDataString(shown.ToString("O"))}",
                $"store,sku,referenceType,quantity,occurredAt\nM1,P1,receipt,3,{At(3)}\n",
                Guid.CreateVersion7().ToString(),
                contentType: "text/csv"
            )
        ).ShouldBe(200);
        (await tenant.Admin.Send(HttpMethod.Post, "imports/movements?sentAt=yesterday", "store\n", "k", contentType: "text/csv"))
            .ShouldBe(400)
            .Fields.ShouldBe(["sentAt"]);
        var now = TimeProvider.System.GetUtcNow();
        foreach (var m in (await tenant.Admin.Get("movements?sku=P1")).ShouldBe(200).Json["items"]!.AsArray())
            m!["occurredAt"]!
                .GetValue<DateTimeOffset>()
                .ShouldBe(now.AddHours(-m["quantity"]!.GetValue<double>()), TimeSpan.FromSeconds(30));
        (
            await tenant.Admin.Post(
                "stock/movements",
                new
                {
                    lines = new[]
                    {
                        new
                        {
                            type = "receipt",
                            store = "M1",
                            sku = "P1",
                            quantity = 1,
                            occurredAt = now.AddHours(1),
                        },
                    },
                }
            )
        ).ShouldBe(400).Fields.ShouldBe(["lines[0].occurredAt"]);
    }
}
