using System.Text;
using System.Text.Json.Nodes;
using Fluxion.Host.Demo;
using Fluxion.Ledger.Access;
using Fluxion.Ledger.Tenancy;
using Fluxion.Tests.Host;
using Fluxion.Tests.Stock;
using Fluxion.Tests.Tenancy;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace Fluxion.Tests.Access;

public sealed class AccessTests(LedgerHost host)
{
    private async Task<List<(HttpMethod Method, string Path)>> Endpoints()
    {
        var document = (await Client.Anonymous(host).Get("/openapi/v1.json")).ShouldBe(200).Json;
        var endpoints = document["paths"]!
            .AsObject()
            .SelectMany(path => path.Value!.AsObject().Select(o => (HttpMethod.Parse(o.Key), path.Key)))
            .ToList();
        endpoints.Count.ShouldBeGreaterThan(25);
        return endpoints;
    }

    private static string Fill(string path, string tenant) =>
        System.Text.RegularExpressions.Regex.Replace(
            path.Replace("{tenant}", tenant),
            @"\{[^}]+\}",
            "0199aaaa-0000-7000-8000-000000000000"
        );

    [Fact]
    public async Task every_endpoint_but_the_sign_in_answers_401_without_a_token()
    {
        foreach (var (method, path) in await Endpoints())
        {
            if (path == "/api/token")
                continue;
            var answer = await Client
                .Anonymous(host)
                .Send(method, Fill(path, DemoTenant.Slug), method == HttpMethod.Get ? null : "{}", "k");
            answer.Status.ShouldBe(401, $"{method} {path}");
            answer.Headers.WwwAuthenticate.ToString().ShouldBe("Bearer");
        }
    }

    [Fact]
    public async Task every_route_of_another_tenant_answers_403()
    {
        var slug = $"other-{Guid.CreateVersion7().ToString("N")[^8..]}";
        (
            await (await Client.Platform(host)).Post(
                "/api/tenants",
                new
                {
                    slug,
                    name = "Other",
                    adminEmail = "ana@other.com",
                    adminFullName = "Ana",
                    adminPassword = "long enough",
                }
            )
        ).ShouldBe(201);
        var other = await Client.SignIn(host.Http.Server.CreateClient(), slug, "ana@other.com", "long enough");
        (await other.Get("inventory")).ShouldBe(200);
        foreach (var (method, path) in await Endpoints())
        {
            if (path == "/api/token")
                continue;
            (await other.Send(method, Fill(path, DemoTenant.Slug), method == HttpMethod.Get ? null : "{}", "k")).Status.ShouldBe(
                403,
                $"{method} {path}"
            );
        }
    }

    [Fact]
    public async Task the_platform_administrator_cannot_read_a_tenants_data() =>
        (await (await Client.Platform(host)).Get($"/api/{DemoTenant.Slug}/inventory")).ShouldBe(403);

    [Theory]
    [InlineData("viewer", 403, 403, 403)]
    [InlineData("user", 200, 403, 403)]
    [InlineData("manager", 200, 201, 403)]
    [InlineData("admin", 200, 201, 201)]
    public async Task each_role_has_the_rights_of_the_role_below_it_and_more(string role, int receipt, int product, int store)
    {
        var shop = await TestStore.Create(host);
        var client = await Client.Demo(host, role);
        var code = Guid.CreateVersion7().ToString("N")[^12..];
        (await client.Get("inventory")).ShouldBe(200);
        (await (shop with { Manager = client }).Receive(1)).ShouldBe(receipt);
        (await client.Post("products", new { sku = code, name = "x" })).ShouldBe(product);
        (await client.Post("stores", new { code, name = "x" })).ShouldBe(store);
    }

    [Fact]
    public async Task a_user_limited_to_stores_moves_and_sees_only_their_stock()
    {
        var (his, others) = (await TestStore.Create(host, stock: 5), await TestStore.Create(host, stock: 5));
        var email = $"{his.Store}@fluxion.demo".ToLowerInvariant();
        (
            await his.Manager.Post(
                "users",
                new
                {
                    email,
                    fullName = "Store keeper",
                    role = "user",
                    password = "long enough",
                    stores = new[] { his.Store },
                }
            )
        ).ShouldBe(201);
        var storeUser = await Client.SignIn(host.Http.Server.CreateClient(), DemoTenant.Slug, email, "long enough");
        (await (his with { Manager = storeUser }).Issue(1)).ShouldBe(200);
        (await (others with { Manager = storeUser }).Issue(1)).ShouldBe(403).Detail!.ShouldContain(others.Store);
        (await storeUser.Get("inventory?limit=1000")).Json["items"]!
            .AsArray()
            .Select(r => r!["store"]!.GetValue<string>())
            .ShouldAllBe(s => s == his.Store);
        (await storeUser.Get("movements?limit=1000")).Json["items"]!
            .AsArray()
            .Select(r => r!["store"]!.GetValue<string>())
            .ShouldAllBe(s => s == his.Store);
        (await storeUser.Get("stores")).Json["items"]!.AsArray().Count.ShouldBe(1);
        (await storeUser.Get($"stores/{others.Store}")).ShouldBe(404);
    }

    [Fact]
    public async Task expired_forged_and_unsigned_tokens_are_refused_with_401()
    {
        var tenant = (
            await host.Services.GetRequiredService<TenantRegistry>().Find(DemoTenant.Slug, TestContext.Current.CancellationToken)
        )!;
        var viewer = (await (await Client.Demo(host, "admin")).Get("users/viewer@fluxion.demo")).ShouldBe(200).Json["id"]!.GetValue<Guid>();
        string Issue(string key, DateTimeOffset at) =>
            new Tokens(Encoding.UTF8.GetBytes(key), TimeSpan.FromMinutes(60), new FakeTimeProvider(at))
                .Issue(viewer, DemoTenant.Email(Roles.Viewer), Roles.Viewer, 0, tenant, null)
                .AccessToken;
        var now = TimeProvider.System.GetUtcNow();
        const string Key = "a signing key of the tests, long enough for HMAC-SHA256";

        (await Client.WithToken(host, DemoTenant.Slug, Issue(Key, now)).Get("inventory")).ShouldBe(200);
        (await Client.WithToken(host, DemoTenant.Slug, Issue(Key, now.AddHours(-2))).Get("inventory"))
            .ShouldBe(401)
            .Detail!.ShouldContain("expired");
        (
            await Client.WithToken(host, DemoTenant.Slug, Issue("somebody else's key, just as long as the real one", now)).Get("inventory")
        ).ShouldBe(401);
        var parts = Issue(Key, now).Split('.');
        var none = Convert.ToBase64String("""{"alg":"none","typ":"JWT"}"""u8).TrimEnd('=');
        (await Client.WithToken(host, DemoTenant.Slug, $"{none}.{parts[1]}.").Get("inventory")).ShouldBe(401);
        (await Client.WithToken(host, DemoTenant.Slug, "garbage").Get("inventory")).ShouldBe(401);
    }

    [Fact]
    public async Task five_failed_sign_ins_lock_the_account_even_for_the_right_password()
    {
        var admin = await Client.Demo(host, "admin");
        var email = $"lock-{Guid.CreateVersion7():N}@fluxion.demo";
        (
            await admin.Post(
                "users",
                new
                {
                    email,
                    fullName = "Locked",
                    role = "viewer",
                    password = "long enough",
                }
            )
        ).ShouldBe(201);
        var anybody = Client.Anonymous(host);
        Task<Answer> SignIn(string password) =>
            anybody.Post(
                "/api/token",
                new
                {
                    tenant = DemoTenant.Slug,
                    email,
                    password,
                },
                key: null
            );
        (await SignIn("long enough")).ShouldBe(200);
        for (var i = 0; i < 5; i++)
            (await SignIn("wrong")).ShouldBe(401);
        (await SignIn("long enough")).ShouldBe(401).Detail!.ShouldContain("15 minutes");
    }

    [Theory]
    [InlineData("fluxion-demo", "nobody@fluxion.demo")]
    [InlineData("nobody", "admin@fluxion.demo")]
    [InlineData("nobody", "platform@fluxion.demo")]
    [InlineData(null, "admin@fluxion.demo")]
    [InlineData("fluxion-demo", "platform@fluxion.demo")]
    public async Task an_unknown_account_and_a_wrong_password_get_the_same_answer(string? tenant, string email)
    {
        var anybody = Client.Anonymous(host);
        var wrong = (
            await anybody.Post(
                "/api/token",
                new
                {
                    tenant = DemoTenant.Slug,
                    email = "viewer@fluxion.demo",
                    password = "mistyped",
                },
                null
            )
        ).ShouldBe(401);
        (await Client.Demo(host, "viewer")).ShouldNotBeNull(); // resets the count of failed sign-ins
        (
            await anybody.Post(
                "/api/token",
                new
                {
                    tenant,
                    email,
                    password = DemoTenant.Password,
                },
                null
            )
        ).ShouldBe(401).Detail.ShouldBe(wrong.Detail);
    }

    [Fact]
    public async Task a_second_user_with_the_same_email_address_is_refused_with_409()
    {
        var admin = await Client.Demo(host, "admin");
        (
            await admin.Post(
                "users",
                new
                {
                    email = "Viewer@Fluxion.demo",
                    fullName = "Again",
                    role = "viewer",
                    password = "long enough",
                }
            )
        ).ShouldBe(409);
    }

    [Fact]
    public async Task every_answer_has_the_security_headers()
    {
        var answer = await Client.Anonymous(host).Get("inventory");
        answer.Headers.GetValues("X-Content-Type-Options").ShouldBe(["nosniff"]);
        answer.Headers.GetValues("X-Frame-Options").ShouldBe(["DENY"]);
        answer.Headers.GetValues("Content-Security-Policy").Single().ShouldContain("frame-ancestors 'none'");
    }

    [Fact]
    public void passwords_are_hashed_with_salt_and_verified()
    {
        Passwords.Hash("long enough").ShouldNotBe(Passwords.Hash("long enough"));
        Passwords.Verify(Passwords.Hash("long enough"), "long enough").ShouldBeTrue();
        Passwords.Verify(Passwords.Hash("long enough"), "Long enough").ShouldBeFalse();
    }

    [Fact]
    public async Task only_managers_read_the_audit_trail_with_user_and_states()
    {
        var shop = await TestStore.Create(host, stock: 10);
        (await shop.Issue(3)).ShouldBe(200);
        (await (await Client.Demo(host, "user")).Get("events")).ShouldBe(403);
        var item = (await shop.Manager.Get("events?entityType=inventory&limit=50")).ShouldBe(200).Json["items"]!
            .AsArray()
            .First(e =>
                e!["metadata"]!["event"]!["reason"] is JsonValue reason
                && reason.GetValue<string>() == "damage"
                && e["newData"]!["on_hand"]!.GetValue<decimal>() == 7
            )!;
        item["userEmail"]!.GetValue<string>().ShouldBe("admin@fluxion.demo");
        item["oldData"]!["on_hand"]!.GetValue<decimal>().ShouldBe(10);
        item["action"]!.GetValue<string>().ShouldBe("updated");
    }

    [Fact]
    public async Task the_audit_trail_of_a_manager_of_one_store_shows_only_its_transfers_and_reservations()
    {
        var tenant = await TestTenant.Create(host);
        foreach (var store in (string[])["M1", "M2", "M3"])
            (await tenant.Admin.Post("stores", new { code = store, name = store })).ShouldBe(201);
        (
            await tenant.Admin.Post(
                "products",
                new
                {
                    sku = "P",
                    name = "A product",
                    settings = new { allowBackorder = true },
                }
            )
        ).ShouldBe(201);
        var eva = await tenant.CreateUser(host, "eva@company.test", "manager", "M1");
        async Task<string> Made(string path, object body) =>
            (await tenant.Admin.Post(path, body)).ShouldBe(201).Json["id"]!.GetValue<string>();
        Task<string> Transfer(string from, string to) =>
            Made(
                "stock/transfers",
                new
                {
                    fromStore = from,
                    toStore = to,
                    lines = new[] { new { sku = "P", quantity = 1 } },
                }
            );
        Task<string> Reserve(params string[] stores) =>
            Made(
                "stock/reservations",
                new
                {
                    reference = "r",
                    lines = stores.Select(store => new
                    {
                        store,
                        sku = "P",
                        quantity = 1,
                    }),
                }
            );

        string[] hers = [await Transfer("M1", "M2"), await Transfer("M2", "M1"), await Reserve("M1"), await Reserve("M1", "M1")];
        string[] others = [await Transfer("M2", "M3"), await Reserve("M2"), await Reserve("M1", "M2")];
        var seen = (await eva.Get("events?limit=1000")).ShouldBe(200).Json["items"]!
            .AsArray()
            .Select(e => e!["entityId"]!.GetValue<string>())
            .ToHashSet();
        foreach (var id in hers)
            seen.ShouldContain(id);
        foreach (var id in others)
            seen.ShouldNotContain(id);
        (await eva.Get($"events?entityId={others[2]}")).ShouldBe(200).Json["items"]!.AsArray().ShouldBeEmpty();
        (await tenant.Admin.Get($"events?entityId={others[2]}")).ShouldBe(200).Json["items"]!.AsArray().Count.ShouldBe(1);
    }
}
