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
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private async Task<string> Token(Company company, string email = Company.AdminEmail) => (
            await Client
                .Anonymous(host)
                .Post(
                    "/api/token",
                    new
                    {
                        tenant = company.Slug,
                        email,
                        password = Company.Password,
                    },
                    key: null
                )
        ).ShouldBe(200).Json["access_token"]!.GetValue<string>();

    private Task<AlertConsole> Listen(Company company, string token, string? lastEventId = null) =>
        AlertConsole.Open(host.Http.Server.CreateClient(), company.Slug, token, lastEventId);

    /// <summary>
    /// Reads the stream until the server ends or aborts it, or <paramref name="atMost"/> is over. Returns the events read.
    /// </summary>
    private static async Task<List<AlertConsole.Event>> Rest(AlertConsole console, TimeSpan atMost)
    {
        var events = new List<AlertConsole.Event>();
        var ends = Task.Run(
            async () =>
            {
                try
                {
                    while (true)
                        events.Add(await console.Next());
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

    private async Task<(Company, Shop)> Open(string store = "S1")
    {
        var company = await Company.Found(host);
        (await company.Admin.Post("stores", new { code = store, name = "A store" })).ShouldBe(201);
        (
            await company.Admin.Post(
                "products",
                new
                {
                    sku = "P1",
                    name = "Milk",
                    reorderPoint = 10,
                }
            )
        ).ShouldBe(201);
        return (company, new Shop(company.Admin, store, "P1"));
    }

    [Fact]
    public async Task a_console_is_told_what_happens_and_after_a_break_what_it_missed()
    {
        var (company, shop) = await Open();
        var token = await Token(company);
        AlertConsole.Event raised;
        using (var console = await Listen(company, token))
        {
            console.Response.Content.Headers.ContentType!.MediaType.ShouldBe("text/event-stream");
            (await shop.Receive(5)).ShouldBe(200);
            (raised = await console.Next()).Says.ShouldBe("alert_raised P1 active");
            raised.Alert["data"]!["level"]!.GetValue<decimal>().ShouldBe(5);
        }
        (await company.Admin.Post($"alerts/{raised.Alert["id"]}/acknowledge", null)).ShouldBe(200);
        (await shop.Receive(5)).ShouldBe(200);
        await AlertTests.Until(company.Admin, "resolved");

        using var again = await Listen(company, token, $"{raised.Id}");
        var (first, second) = (await again.Next(), await again.Next());
        // each event has the current state of the alert
        (first.Says, second.Says).ShouldBe(("alert_acknowledged P1 resolved", "alert_resolved P1 resolved"));
        first.Id.ShouldBeGreaterThan(raised.Id);
        second.Id.ShouldBeGreaterThan(first.Id);
        using var ahead = await Listen(company, token, "99999999"); // an event id from before the ledger was restored from a backup
        (await shop.Issue(5)).ShouldBe(200);
        (await again.Next()).Says.ShouldBe("alert_reopened P1 acknowledged"); // and the stream continues
        (await ahead.Next()).Name.ShouldBe("alert_reopened");
        using var whole = await Listen(company, token, "0");
        foreach (var name in (string[])["raised", "acknowledged", "resolved", "reopened"])
            (await whole.Next()).Name.ShouldBe($"alert_{name}");
    }

    [Fact]
    public async Task people_of_one_store_are_told_of_it_alone_and_nobody_of_another_company()
    {
        var (company, shop) = await Open();
        (await company.Admin.Post("stores", new { code = "S2", name = "Another" })).ShouldBe(201);
        (
            await company.Admin.Post(
                "users",
                new
                {
                    email = "eva@company.test",
                    fullName = "Eva",
                    role = "viewer",
                    password = Company.Password,
                    stores = new[] { "S2" },
                }
            )
        ).ShouldBe(201);
        using var console = await Listen(company, await Token(company, "eva@company.test"), "0");
        (await shop.Receive(5)).ShouldBe(200);
        await AlertTests.Until(company.Admin, "active");
        (await (shop with { Store = "S2" }).Receive(1)).ShouldBe(200);
        (await console.Next()).Alert["store"]!.GetValue<string>().ShouldBe("S2");

        var (other, _) = await Open();
        using (var refused = await Listen(company, await Token(other)))
            refused.Response.StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        using (var refused = await Listen(company, "x"))
            refused.Response.StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        foreach (var id in (string[])["x", "-1", "1.5", "99999999999999999999"])
            using (var refused = await Listen(company, await Token(company), id))
                refused.Response.StatusCode.ShouldBe(HttpStatusCode.BadRequest, id);
    }

    [Fact]
    public async Task a_stream_ends_with_its_token_its_account_and_its_tenant()
    {
        var ((company, shop), (suspended, shopOfSuspended)) = (await Open(), await Open());
        var eva = (
            await company.Admin.Post(
                "users",
                new
                {
                    email = "eva@company.test",
                    fullName = "Eva",
                    role = "viewer",
                    password = Company.Password,
                }
            )
        ).ShouldBe(201).Json["id"];
        var token = await Token(company);
        var claims = new JsonWebToken(token);
        var tenant = (await host.Services.GetRequiredService<TenantRegistry>().Find(company.Slug, Ct))!;
        var brief = new Tokens(Encoding.UTF8.GetBytes(HostProcess.SigningKey), TimeSpan.FromSeconds(4), TimeProvider.System)
            .Issue(Guid.Parse(claims.Subject), Company.AdminEmail, Roles.Admin, claims.GetPayloadValue<int>(Claims.Stamp), tenant, null)
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
        using var goesOn = await Listen(company, token);
        using var ofBriefToken = await Listen(company, brief);
        using var ofEva = await Listen(company, await Token(company, "eva@company.test"));
        using var ofSuspended = await Listen(suspended, await Token(suspended));

        (await company.Admin.Post($"users/{eva}/deactivate", null)).ShouldBe(200);
        (await (await Client.Platform(host)).Post($"/api/tenants/{suspended.Slug}/suspend", null)).ShouldBe(200);
        await Rest(ofBriefToken, TimeSpan.FromSeconds(8)); // it ends although no event occurs
        // accounts and tenants are cached for this long; after that the stream sends no event to a deactivated user or a suspended tenant
        await Task.Delay(Accounts.CacheDuration > TenantRegistry.Freshness ? Accounts.CacheDuration : TenantRegistry.Freshness, Ct);
        (await shop.Receive(5)).ShouldBe(200);
        (
            await host
                .Services.GetRequiredService<AlertScans>()
                .Scan(host.Services.GetRequiredService<TenantRegistry>().Get(suspended.Id), Ct)
        ).ShouldBe(1);
        (await goesOn.Next()).Says.ShouldBe("alert_raised P1 active");
        (await Rest(ofEva, TimeSpan.FromSeconds(5))).ShouldBeEmpty();
        (await Rest(ofSuspended, TimeSpan.FromSeconds(5))).ShouldBeEmpty();
    }

    [Fact]
    public async Task who_takes_nothing_is_broken_off_alone_and_comes_back_for_the_rest()
    {
        const int alerts = 1200;
        var company = await Company.Found(host);
        (await company.Admin.Post("stores", new { code = "S1", name = "A store" })).ShouldBe(201);
        var skus = Enumerable.Range(1, alerts).Select(i => $"Q{i:0000}").ToList();
        Task<Answer> Import(string what, string columns, Func<string, string> row) =>
            company.Admin.Send(
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
        var token = await Token(company);
        using var slow = await Listen(company, token);
        using var quick = await Listen(company, token);
        var keepsUp = Task.Run(
            async () =>
            {
                var told = new List<AlertConsole.Event>();
                while (told.Count < alerts)
                    told.Add(await quick.Next());
                return told;
            },
            Ct
        );
        (await Import("stock", "store,sku,onHand", sku => $"S1,{sku},5")).ShouldBe(200);
        var told = await keepsUp;
        told.Select(e => e.Alert["sku"]!.GetValue<string>()).Order().ShouldBe(skus);

        var first = await Rest(slow, Patience);
        first.Count.ShouldBeLessThan(AlertFeed.Ahead, "it was behind by more than may be, and what waited for it is not kept");
        using var again = await Listen(company, token, $"{(first.Count > 0 ? first[^1].Id : 0)}");
        while (first.Count < alerts)
            first.Add(await again.Next());
        first.Select(e => e.Id).ShouldBe(told.Select(e => e.Id));
    }

    [Fact]
    public async Task an_idle_stream_has_comments_and_then_its_next_event()
    {
        var (company, shop) = await Open();
        using var console = await Listen(company, await Token(company));
        var opened = Stopwatch.GetTimestamp();
        (await console.NextComment()).ShouldBe("still here");
        Stopwatch.GetElapsedTime(opened).ShouldBeInRange(TimeSpan.FromSeconds(14), TimeSpan.FromSeconds(20));
        (await shop.Receive(5)).ShouldBe(200);
        (await console.Next()).Says.ShouldBe("alert_raised P1 active");
    }

    private const string EndTheListener = """
        select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and query in ('listen fluxion_alerts', 'select')
        """;

    [Fact]
    public async Task what_happens_while_nobody_listens_is_told_once()
    {
        var (company, shop) = await Open();
        using var console = await Listen(company, await Token(company));
        (await shop.Receive(5)).ShouldBe(200);
        var told = new List<AlertConsole.Event> { await console.Next() };
        await using var superuser = await host.OpenSuperuser();
        for (var i = 1; i <= 3; i++)
        {
            for (var attempt = 0; (await superuser.Rows(EndTheListener)).Count == 0; attempt++) // the listener may still be reconnecting
            {
                attempt.ShouldBeLessThan(100);
                await Task.Delay(50, Ct);
            }
            (
                await company.Admin.Post(
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
            told.Add(await console.Next());
        }
        told.Select(e => e.Says).ShouldBe(["alert_raised P1 active", .. Enumerable.Range(1, 3).Select(i => $"alert_raised Q{i} active")]);
        told.Select(e => e.Id).ShouldBeUnique();
    }

    [Fact]
    public async Task no_more_streams_of_a_tenant_than_may_be_and_the_next_one_when_one_is_closed()
    {
        var (company, shop) = await Open();
        var token = await Token(company);
        var consoles = await Task.WhenAll(Enumerable.Range(0, AlertFeed.MostOfATenant).Select(_ => Listen(company, token, "0")));
        consoles.ShouldAllBe(console => console.Response.StatusCode == HttpStatusCode.OK);
        using (var refused = await Listen(company, token))
        {
            refused.Response.StatusCode.ShouldBe(HttpStatusCode.TooManyRequests);
            refused.Response.Headers.RetryAfter.ShouldNotBeNull();
        }
        (await shop.Receive(5)).ShouldBe(200);
        foreach (var told in await Task.WhenAll(consoles.Select(console => console.Next())))
            told.Name.ShouldBe("alert_raised");
        foreach (var console in consoles)
            console.Dispose();
        for (var attempt = 0; ; attempt++)
        {
            using var next = await Listen(company, token);
            if (next.Response.StatusCode == HttpStatusCode.OK)
                break;
            attempt.ShouldBeLessThan(100);
            await Task.Delay(50, Ct);
        }
    }
}
