using System.Diagnostics;
using System.Net;
using System.Text;
using Fluxion.Ledger.Access;
using Fluxion.Ledger.Alerts;
using Fluxion.Ledger.Tenancy;
using Fluxion.Projections.Streaming;
using Fluxion.Tests.Host;
using Fluxion.Tests.Stock;
using Fluxion.Tests.Tenancy;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.IdentityModel.JsonWebTokens;

namespace Fluxion.Tests.Alerts;

/// <summary>Tests of the alert stream, as a client sees it that stays connected.</summary>
public sealed class StreamTests(LedgerHost host)
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private async Task<string> Token(TestTenant tenant, string email = TestTenant.AdminEmail) => (
            await Client
                .Anonymous(host)
                .Post(
                    "/api/token",
                    new
                    {
                        tenant = tenant.Slug,
                        email,
                        password = TestTenant.Password,
                    },
                    key: null
                )
        ).ShouldBe(200).Json["access_token"]!.GetValue<string>();

    private Task<AlertStreamClient> Listen(TestTenant tenant, string token, string? lastEventId = null) =>
        AlertStreamClient.Open(host.Http.Server.CreateClient(), tenant.Slug, token, lastEventId);

    /// <summary>
    /// Reads the stream until the server ends or aborts it, or <paramref name="atMost"/> is over. Returns the events read.
    /// </summary>
    private static async Task<List<AlertStreamClient.Event>> ReadToEnd(AlertStreamClient stream, TimeSpan atMost)
    {
        var events = new List<AlertStreamClient.Event>();
        var ends = Task.Run(
            async () =>
            {
                try
                {
                    while (true)
                        events.Add(await stream.Next());
                }
                catch (IOException)
                {
                    // the server ended the stream (EndOfStreamException) or aborted the connection
                }
            },
            Ct
        );
        await ends.WaitAsync(atMost, Ct);
        return events;
    }

    private async Task<(TestTenant, TestStore)> CreateTenant(string store = "S1")
    {
        var tenant = await TestTenant.Create(host);
        (await tenant.Admin.Post("stores", new { code = store, name = "A store" })).ShouldBe(201);
        (
            await tenant.Admin.Post(
                "products",
                new
                {
                    sku = "P1",
                    name = "Milk",
                    reorderPoint = 10,
                }
            )
        ).ShouldBe(201);
        return (tenant, new TestStore(tenant.Admin, store, "P1"));
    }

    [Fact]
    public async Task a_stream_sends_events_and_resumes_with_those_missed_while_disconnected()
    {
        var (tenant, shop) = await CreateTenant();
        var token = await Token(tenant);
        AlertStreamClient.Event raised;
        using (var stream = await Listen(tenant, token))
        {
            stream.Response.Content.Headers.ContentType!.MediaType.ShouldBe("text/event-stream");
            (await shop.Receive(5)).ShouldBe(200);
            (raised = await stream.Next()).Summary.ShouldBe("alert_raised P1 active");
            raised.Alert["data"]!["level"]!.GetValue<decimal>().ShouldBe(5);
        }
        (await tenant.Admin.Post($"alerts/{raised.Alert["id"]}/acknowledge", null)).ShouldBe(200);
        (await shop.Receive(5)).ShouldBe(200);
        await AlertTests.WaitForAlerts(tenant.Admin, "resolved");

        using var again = await Listen(tenant, token, $"{raised.Id}");
        var (first, second) = (await again.Next(), await again.Next());
        // each event has the current state of the alert
        (first.Summary, second.Summary).ShouldBe(("alert_acknowledged P1 resolved", "alert_resolved P1 resolved"));
        first.Id.ShouldBeGreaterThan(raised.Id);
        second.Id.ShouldBeGreaterThan(first.Id);
        using var ahead = await Listen(tenant, token, "99999999"); // an event id from before the ledger was restored from a backup
        (await shop.Issue(5)).ShouldBe(200);
        (await again.Next()).Summary.ShouldBe("alert_reopened P1 acknowledged"); // and the stream continues
        (await ahead.Next()).Name.ShouldBe("alert_reopened");
        using var fromStart = await Listen(tenant, token, "0");
        foreach (var name in (string[])["raised", "acknowledged", "resolved", "reopened"])
            (await fromStart.Next()).Name.ShouldBe($"alert_{name}");
    }

    [Fact]
    public async Task a_stream_sends_only_alerts_of_the_users_stores_and_tenant()
    {
        var (tenant, shop) = await CreateTenant();
        (await tenant.Admin.Post("stores", new { code = "S2", name = "Another" })).ShouldBe(201);
        (
            await tenant.Admin.Post(
                "users",
                new
                {
                    email = "eva@company.test",
                    fullName = "Eva",
                    role = "viewer",
                    password = TestTenant.Password,
                    stores = new[] { "S2" },
                }
            )
        ).ShouldBe(201);
        using var stream = await Listen(tenant, await Token(tenant, "eva@company.test"), "0");
        (await shop.Receive(5)).ShouldBe(200);
        await AlertTests.WaitForAlerts(tenant.Admin, "active");
        (await (shop with { Store = "S2" }).Receive(1)).ShouldBe(200);
        (await stream.Next()).Alert["store"]!.GetValue<string>().ShouldBe("S2");

        var (other, _) = await CreateTenant();
        using (var refused = await Listen(tenant, await Token(other)))
            refused.Response.StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        using (var refused = await Listen(tenant, "x"))
            refused.Response.StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        foreach (var id in (string[])["x", "-1", "1.5", "99999999999999999999"])
            using (var refused = await Listen(tenant, await Token(tenant), id))
                refused.Response.StatusCode.ShouldBe(HttpStatusCode.BadRequest, id);
    }

    [Fact]
    public async Task a_stream_ends_when_its_token_account_or_tenant_becomes_invalid()
    {
        var ((tenant, shop), (suspended, shopOfSuspended)) = (await CreateTenant(), await CreateTenant());
        var eva = (
            await tenant.Admin.Post(
                "users",
                new
                {
                    email = "eva@company.test",
                    fullName = "Eva",
                    role = "viewer",
                    password = TestTenant.Password,
                }
            )
        ).ShouldBe(201).Json["id"];
        var token = await Token(tenant);
        var claims = new JsonWebToken(token);
        var registered = (await host.Services.GetRequiredService<TenantRegistry>().Find(tenant.Slug, Ct))!;
        var brief = new Tokens(Encoding.UTF8.GetBytes(HostProcess.SigningKey), TimeSpan.FromSeconds(4), TimeProvider.System)
            .Issue(
                Guid.Parse(claims.Subject),
                TestTenant.AdminEmail,
                Roles.Admin,
                claims.GetPayloadValue<int>(Claims.Stamp),
                registered,
                null
            )
            .AccessToken;
        (
            await suspended.Admin.Post(
                "products",
                new
                {
                    sku = "P2",
                    name = "Milk",
                    maxStockLevel = 1,
                }
            )
        ).ShouldBe(201);
        (await (shopOfSuspended with { Sku = "P2" }).Receive(5)).ShouldBe(200); // the next scan raises an alert about it
        using var goesOn = await Listen(tenant, token);
        using var ofBriefToken = await Listen(tenant, brief);
        using var ofEva = await Listen(tenant, await Token(tenant, "eva@company.test"));
        using var ofSuspended = await Listen(suspended, await Token(suspended));

        (await tenant.Admin.Post($"users/{eva}/deactivate", null)).ShouldBe(200);
        (await (await Client.Platform(host)).Post($"/api/tenants/{suspended.Slug}/suspend", null)).ShouldBe(200);
        await ReadToEnd(ofBriefToken, TimeSpan.FromSeconds(8)); // it ends although no event occurs
        // accounts and tenants are cached for this long; after that the stream sends no event to a deactivated user or a suspended tenant
        await Task.Delay(Accounts.CacheDuration > TenantRegistry.Freshness ? Accounts.CacheDuration : TenantRegistry.Freshness, Ct);
        (await shop.Receive(5)).ShouldBe(200);
        (
            await host
                .Services.GetRequiredService<AlertScans>()
                .Scan(host.Services.GetRequiredService<TenantRegistry>().Get(suspended.Id), Ct)
        ).ShouldBe(1);
        (await goesOn.Next()).Summary.ShouldBe("alert_raised P1 active");
        (await ReadToEnd(ofEva, TimeSpan.FromSeconds(5))).ShouldBeEmpty();
        (await ReadToEnd(ofSuspended, TimeSpan.FromSeconds(5))).ShouldBeEmpty();
    }

    [Fact]
    public async Task a_client_that_reads_too_slowly_is_disconnected_and_resumes_without_loss()
    {
        const int alerts = 1200;
        var tenant = await TestTenant.Create(host);
        (await tenant.Admin.Post("stores", new { code = "S1", name = "A store" })).ShouldBe(201);
        var skus = Enumerable.Range(1, alerts).Select(i => $"Q{i:0000}").ToList();
        Task<Answer> Import(string what, string columns, Func<string, string> row) =>
            tenant.Admin.Send(
                HttpMethod.Post,
                $"imports/{what}",
                $"{columns}\n{string.Join('\n', skus.Select(row))}\n",
                Guid.CreateVersion7().ToString(),
                null,
                "text/csv"
            );
        (await Import("products", "sku,name,reorderPoint", sku => $"{sku},A product with a long name {new string('x', 100)},10")).ShouldBe(
            200
        );
        var token = await Token(tenant);
        using var slow = await Listen(tenant, token);
        using var quick = await Listen(tenant, token);
        var keepsUp = Task.Run(
            async () =>
            {
                var received = new List<AlertStreamClient.Event>();
                while (received.Count < alerts)
                    received.Add(await quick.Next());
                return received;
            },
            Ct
        );
        (await Import("stock", "store,sku,onHand", sku => $"S1,{sku},5")).ShouldBe(200);
        var received = await keepsUp;
        received.Select(e => e.Alert["sku"]!.GetValue<string>()).Order().ShouldBe(skus);

        var first = await ReadToEnd(slow, Timeout);
        first.Count.ShouldBeLessThan(AlertFeed.MaxBacklog, "it was behind by more than may be, and what waited for it is not kept");
        using var again = await Listen(tenant, token, $"{(first.Count > 0 ? first[^1].Id : 0)}");
        while (first.Count < alerts)
            first.Add(await again.Next());
        first.Select(e => e.Id).ShouldBe(received.Select(e => e.Id));
    }

    [Fact]
    public async Task an_idle_stream_has_comments_and_then_its_next_event()
    {
        var (tenant, shop) = await CreateTenant();
        using var console = await Listen(tenant, await Token(tenant));
        var opened = Stopwatch.GetTimestamp();
        (await console.NextComment()).ShouldBe("still here");
        Stopwatch.GetElapsedTime(opened).ShouldBeInRange(TimeSpan.FromSeconds(14), TimeSpan.FromSeconds(20));
        (await shop.Receive(5)).ShouldBe(200);
        (await console.Next()).Summary.ShouldBe("alert_raised P1 active");
    }

    private const string TerminateListener = """
        select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and query in ('listen fluxion_alerts', 'select')
        """;

    [Fact]
    public async Task an_event_during_a_listener_outage_is_sent_exactly_once()
    {
        var (tenant, shop) = await CreateTenant();
        using var stream = await Listen(tenant, await Token(tenant));
        (await shop.Receive(5)).ShouldBe(200);
        var received = new List<AlertStreamClient.Event> { await stream.Next() };
        await using var superuser = await host.OpenSuperuser();
        for (var i = 1; i <= 3; i++)
        {
            for (var attempt = 0; (await superuser.Rows(TerminateListener)).Count == 0; attempt++) // the listener may still be reconnecting
            {
                attempt.ShouldBeLessThan(100);
                await Task.Delay(50, Ct);
            }
            (
                await tenant.Admin.Post(
                    "products",
                    new
                    {
                        sku = $"Q{i}",
                        name = "Milk",
                        reorderPoint = 10,
                    }
                )
            ).ShouldBe(201);
            (await (shop with { Sku = $"Q{i}" }).Receive(5)).ShouldBe(200);
            received.Add(await stream.Next());
        }
        received
            .Select(e => e.Summary)
            .ShouldBe(["alert_raised P1 active", .. Enumerable.Range(1, 3).Select(i => $"alert_raised Q{i} active")]);
        received.Select(e => e.Id).ShouldBeUnique();
    }

    [Fact]
    public async Task streams_of_a_tenant_are_limited_and_closing_one_admits_the_next()
    {
        var (tenant, shop) = await CreateTenant();
        var token = await Token(tenant);
        var streams = await Task.WhenAll(Enumerable.Range(0, AlertFeed.MaxStreamsPerTenant).Select(_ => Listen(tenant, token, "0")));
        streams.ShouldAllBe(stream => stream.Response.StatusCode == HttpStatusCode.OK);
        using (var refused = await Listen(tenant, token))
        {
            refused.Response.StatusCode.ShouldBe(HttpStatusCode.TooManyRequests);
            refused.Response.Headers.RetryAfter.ShouldNotBeNull();
        }
        (await shop.Receive(5)).ShouldBe(200);
        foreach (var received in await Task.WhenAll(streams.Select(stream => stream.Next())))
            received.Name.ShouldBe("alert_raised");
        foreach (var stream in streams)
            stream.Dispose();
        for (var attempt = 0; ; attempt++)
        {
            using var next = await Listen(tenant, token);
            if (next.Response.StatusCode == HttpStatusCode.OK)
                break;
            attempt.ShouldBeLessThan(100);
            await Task.Delay(50, Ct);
        }
    }
}
