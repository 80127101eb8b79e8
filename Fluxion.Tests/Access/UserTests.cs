using Fluxion.Ledger.Access;
using Fluxion.Tests.Catalog;
using Fluxion.Tests.Host;
using Fluxion.Tests.Tenancy;

namespace Fluxion.Tests.Access;

public sealed class UserTests(LedgerHost host)
{
    private const string Password = "long enough";

    /// <summary>A user in a tenant of the test's own.</summary>
    private sealed record TestUser(LedgerHost Host, TestTenant Tenant, string Id, string Email)
    {
        public Client Admin => Tenant.Admin;

        public static async Task<TestUser> Create(LedgerHost host, string role = "user", object? stores = null, TestTenant? tenant = null)
        {
            tenant ??= await TestTenant.Create(host);
            var email = $"{Guid.CreateVersion7():N}@company.test";
            var id = (
                await tenant.Admin.Post(
                    "users",
                    new
                    {
                        email,
                        fullName = "Luis",
                        role,
                        password = Password,
                        stores,
                    }
                )
            ).ShouldBe(201).Id();
            return new TestUser(host, tenant, id, email);
        }

        public Task<Client> SignIn(string password = Password) =>
            Client.SignIn(Host.Http.Server.CreateClient(), Tenant.Slug, Email, password);

        public Task<Answer> TryToken(string password = Password) =>
            Client
                .Anonymous(Host)
                .Post(
                    "/api/token",
                    new
                    {
                        tenant = Tenant.Slug,
                        email = Email,
                        password,
                    },
                    key: null
                );

        public Task<Answer> Change(object fields) => Admin.Put($"users/{Id}", fields);

        /// <summary>The user in the tenant's table and in the registry, and the number of the user's events.</summary>
        public async Task<(string Row, string Account)> Rows()
        {
            await using var superuser = await Host.OpenSuperuser();
            var row = (
                await superuser.Rows(
                    $"select full_name, role, is_active, store_ids, permissions::text, version from {Tenant.Schema}.users where id = '{Id}'"
                )
            ).Single();
            var account = (
                await superuser.Rows($"select full_name, role, is_active, stamp from shared.tenant_users where id = '{Id}'")
            ).Single();
            return ($"{row[0]} {row[1]} {row[2]} {(row[3] as Guid[])?.Length} {row[4]} {row[5]}", string.Join(' ', account));
        }
    }

    /// <summary>The old token is refused within the time that the ledger guarantees.</summary>
    private static async Task ShouldBeRevoked(Client old)
    {
        var since = TimeProvider.System.GetTimestamp();
        Answer answer;
        while ((answer = await old.Get("inventory")).Status == 200)
        {
            TimeProvider.System.GetElapsedTime(since).ShouldBeLessThan(Accounts.CacheDuration + TimeSpan.FromSeconds(10));
            await Task.Delay(100, TestContext.Current.CancellationToken);
        }
        answer.ShouldBe(401).Detail!.ShouldContain("changed since");
    }

    [Fact]
    public async Task a_change_of_a_user_updates_tenant_registry_and_audit_trail()
    {
        var person = await TestUser.Create(host);
        (await person.Admin.Post("stores", new { code = "S1", name = "x" })).ShouldBe(201);
        (await person.Rows()).ShouldBe(("Luis user True  {} 1", "Luis user True 0"));
        (
            await person.Change(
                new
                {
                    fullName = " Luis Pérez ",
                    role = "manager",
                    stores = new[] { "s1", "S1" },
                    permissions = new { Discount = 5 },
                    version = 1,
                }
            )
        ).ShouldBe(200).Json["version"]!.GetValue<long>().ShouldBe(2);
        (await person.Rows()).ShouldBe(("Luis Pérez manager True 1 {\"Discount\": 5} 2", "Luis Pérez manager True 1"));
        var read = (await person.Admin.Get($"users/{person.Email.ToUpperInvariant()}")).ShouldBe(200).Json;
        (
            read["fullName"]!.GetValue<string>(),
            read["permissions"]!["Discount"]!.GetValue<int>(),
            read["storeIds"]!.AsArray().Count
        ).ShouldBe(("Luis Pérez", 5, 1));

        // an identical change records no event, and a new name alone revokes no token
        (
            await person.Change(
                new
                {
                    fullName = "Luis Pérez",
                    role = "manager",
                    stores = new[] { "S1" },
                    permissions = new { Discount = 5 },
                }
            )
        ).ShouldBe(200).Json["version"]!.GetValue<long>().ShouldBe(2);
        (
            await person.Change(
                new
                {
                    fullName = "Luis",
                    role = "manager",
                    stores = new[] { "S1" },
                }
            )
        ).ShouldBe(200);
        (await person.Rows()).ShouldBe(("Luis manager True 1 {} 3", "Luis manager True 1"));

        var events = await person.Admin.Events(person.Id);
        events.Select(e => e["eventType"]!.GetValue<string>()).ShouldBe(["user_registered", "user_changed", "user_changed"]);
        (
            events[1]["oldData"]!["role"]!.GetValue<string>(),
            events[1]["newData"]!["role"]!.GetValue<string>(),
            events[1]["userEmail"]!.GetValue<string>()
        ).ShouldBe(("user", "manager", TestTenant.AdminEmail));
    }

    [Fact]
    public async Task a_refused_change_of_a_user_changes_nothing()
    {
        var person = await TestUser.Create(host, "manager");
        var before = await person.Rows();
        (
            await person.Change(
                new
                {
                    fullName = "",
                    role = "king",
                    permissions = 1,
                }
            )
        ).ShouldBe(400);
        (await person.Change(new { fullName = "", role = "king" })).ShouldBe(400).Fields.ShouldBe(["fullName", "role"], ignoreOrder: true);
        (
            await person.Change(
                new
                {
                    fullName = "x",
                    role = "user",
                    stores = new[] { "NONE" },
                }
            )
        ).ShouldBe(404).Fields.ShouldBe(["stores[0]"]);
        (
            await person.Change(
                new
                {
                    fullName = "x",
                    role = "user",
                    version = 2,
                }
            )
        ).ShouldBe(409);
        (
            await person.Admin.Post(
                "users",
                new
                {
                    email = person.Email,
                    fullName = "x",
                    role = "user",
                    password = Password,
                }
            )
        ).ShouldBe(409).Detail.ShouldBe($"There is a user {person.Email} already.");
        (await person.Admin.Post($"users/{person.Id}/password", new { newPassword = "short" }))
            .ShouldBe(400)
            .Fields.ShouldBe(["newPassword"]);
        foreach (var unknown in (string[])["nobody@company.test", Guid.CreateVersion7().ToString(), Guid.Empty.ToString()])
        {
            (await person.Admin.Put($"users/{unknown}", new { fullName = "x", role = "user" })).ShouldBe(404);
            (await person.Admin.Post($"users/{unknown}/deactivate", null)).ShouldBe(404);
            (await person.Admin.Post($"users/{unknown}/activate", null)).ShouldBe(404);
            (await person.Admin.Post($"users/{unknown}/password", new { newPassword = Password })).ShouldBe(404);
            (await person.Admin.Get($"users/{unknown}")).ShouldBe(404);
        }
        var manager = await person.SignIn();
        foreach (var path in (string[])[person.Id, TestTenant.AdminEmail])
        {
            (await manager.Put($"users/{path}", new { fullName = "x", role = "admin" })).ShouldBe(403);
            (await manager.Post($"users/{path}/deactivate", null)).ShouldBe(403);
            (await manager.Post($"users/{path}/activate", null)).ShouldBe(403);
        }
        (await manager.Post($"users/{TestTenant.AdminEmail}/password", new { newPassword = "somebody else's" })).ShouldBe(403);
        (await person.Rows()).ShouldBe(before);
        (await person.Admin.EventTypes(person.Id)).ShouldBe(["user_registered"]);
        (await person.TryToken()).ShouldBe(200);
    }

    [Fact]
    public async Task a_deactivated_user_cannot_sign_in_or_use_a_token_until_activated()
    {
        var person = await TestUser.Create(host);
        var old = await person.SignIn();
        (await old.Get("inventory")).ShouldBe(200);
        (await person.Admin.Post($"users/{person.Id}/deactivate", null)).ShouldBe(200).Json["isActive"]!.GetValue<bool>().ShouldBeFalse();
        (await person.Admin.Post($"users/{person.Email}/deactivate", null)).ShouldBe(200).Json["version"]!.GetValue<long>().ShouldBe(2);
        (await person.Rows()).ShouldBe(("Luis user False  {} 2", "Luis user False 1"));
        (await person.TryToken()).ShouldBe(401);
        await ShouldBeRevoked(old);

        (await person.Admin.Post($"users/{person.Id}/activate", null)).ShouldBe(200);
        (await person.Admin.Post($"users/{person.Id}/activate", null)).ShouldBe(200).Json["version"]!.GetValue<long>().ShouldBe(3);
        (await (await person.SignIn()).Get("inventory")).ShouldBe(200);
        (await old.Get("inventory")).ShouldBe(401); // a token that was issued before stays refused
        (await person.Admin.EventTypes(person.Id)).ShouldBe(["user_registered", "user_deactivated", "user_activated"]);
    }

    [Fact]
    public async Task a_change_of_role_or_stores_revokes_tokens_and_new_tokens_have_the_new_rights()
    {
        var tenant = await TestTenant.Create(host);
        var (first, second) = (await tenant.CreateStore("S1", "P1", stock: 5), await tenant.CreateStore("S2", "P2", stock: 5));
        var person = await TestUser.Create(host, "manager", new[] { "S1" }, tenant);
        var old = await person.SignIn();
        (await (first with { Manager = old }).Adjust(-1)).ShouldBe(200);
        (await (second with { Manager = old }).Adjust(-1)).ShouldBe(403);

        (
            await person.Change(
                new
                {
                    fullName = "Luis",
                    role = "manager",
                    stores = new[] { "S2" },
                }
            )
        ).ShouldBe(200);
        var moved = await person.SignIn();
        (await (second with { Manager = moved }).Adjust(-1)).ShouldBe(200);
        (await (first with { Manager = moved }).Adjust(-1)).ShouldBe(403);
        await ShouldBeRevoked(old);
        (await (first with { Manager = old }).Adjust(-1)).ShouldBe(401);

        (
            await person.Change(
                new
                {
                    fullName = "Luis",
                    role = "viewer",
                    stores = new[] { "S2" },
                }
            )
        ).ShouldBe(200);
        (await (second with { Manager = await person.SignIn() }).Issue(1)).ShouldBe(403);
        await ShouldBeRevoked(moved);
        (await first.OnHand(), await second.OnHand()).ShouldBe((4, 4));
    }

    [Fact]
    public async Task an_admin_sets_a_password_and_its_owner_changes_it_with_the_current_one()
    {
        var person = await TestUser.Create(host, "viewer");
        var old = await person.SignIn();
        for (var failure = 0; failure < Credentials.FailuresBeforeLock; failure++)
            (await person.TryToken("mistyped")).ShouldBe(401);
        (await person.TryToken()).ShouldBe(401);
        // the account is unlocked
        (await person.Admin.Post($"users/{person.Id}/password", new { newPassword = "set by an admin" })).ShouldBe(200);
        (await person.TryToken()).ShouldBe(401);
        await ShouldBeRevoked(old);

        var own = await person.SignIn("set by an admin");
        foreach (var reference in (string[])[person.Id, person.Email])
        {
            (await own.Post($"users/{reference}/password", new { newPassword = "my very own" }))
                .ShouldBe(400)
                .Fields.ShouldBe(["currentPassword"]);
            (await own.Post($"users/{reference}/password", new { newPassword = "my very own", currentPassword = "mistyped" }))
                .ShouldBe(400)
                .Fields.ShouldBe(["currentPassword"]);
        }
        (
            await own.Post($"users/{person.Email}/password", new { newPassword = "my very own", currentPassword = "set by an admin" })
        ).ShouldBe(200);
        (await person.TryToken("set by an admin")).ShouldBe(401);
        await ShouldBeRevoked(own);
        (await (await person.SignIn("my very own")).Get("inventory")).ShouldBe(200);

        // an admin too must give the current password to change their own
        (await person.Admin.Post($"users/{TestTenant.AdminEmail}/password", new { newPassword = "my very own" })).ShouldBe(400);
        var events = await person.Admin.Events(person.Id);
        events
            .Select(e => e["eventType"]!.GetValue<string>())
            .ShouldBe(["user_registered", "user_password_changed", "user_password_changed"]);
        events.ShouldAllBe(e => !e.ToJsonString().Contains("very own", StringComparison.Ordinal));
    }

    [Fact]
    public async Task wrong_current_passwords_lock_the_account_as_failed_sign_ins_do()
    {
        var person = await TestUser.Create(host);
        var thief = await person.SignIn();
        for (var guess = 0; guess < Credentials.FailuresBeforeLock; guess++)
            (
                await thief.Post($"users/{person.Id}/password", new { newPassword = "a thief's own", currentPassword = $"guess {guess}" })
            ).ShouldBe(400);
        (await thief.Post($"users/{person.Id}/password", new { newPassword = "a thief's own", currentPassword = Password })).ShouldBe(400);
        (await person.TryToken()).ShouldBe(401);
    }

    [Fact]
    public async Task a_stored_request_hash_is_no_faster_to_guess_a_password_from_than_the_password_hash()
    {
        var salt = Guid.CreateVersion7();
        Passwords.Fingerprint(Password, salt).ShouldBe(Passwords.Fingerprint(Password, salt));
        Passwords.Fingerprint(Password, salt).ShouldNotBe(Passwords.Fingerprint("another one", salt));
        var person = await TestUser.Create(host);
        var key = Guid.CreateVersion7().ToString();
        (await person.Admin.Post($"users/{person.Id}/password", new { newPassword = "set by an admin" }, key)).ShouldBe(200);
        (await person.Admin.Post($"users/{person.Id}/password", new { newPassword = "set by an admin" }, key)).ShouldBe(200).Json[
            "version"
        ]!
            .GetValue<long>()
            .ShouldBe(2);
        (await person.Admin.Post($"users/{person.Id}/password", new { newPassword = "set by another" }, key)).ShouldBe(422);
        (await person.TryToken("set by an admin")).ShouldBe(200);
    }

    [Fact]
    public async Task the_last_active_admin_cannot_be_deactivated_or_demoted()
    {
        var person = await TestUser.Create(host, "admin");
        var ana = TestTenant.AdminEmail;
        (await person.Admin.Post($"users/{person.Id}/deactivate", null)).ShouldBe(200);
        // a deactivated admin does not count
        (await person.Admin.Post($"users/{ana}/deactivate", null)).ShouldBe(409).Json["title"]!.GetValue<string>().ShouldBe("Last admin");
        (await person.Admin.Put($"users/{ana}", new { fullName = "Ana", role = "manager" })).ShouldBe(409);
        (await person.Admin.Put($"users/{ana}", new { fullName = "Ana María", role = "admin" })).ShouldBe(200);
        (await person.Admin.EventTypes((await person.Admin.Get($"users/{ana}")).Id())).ShouldBe(["user_registered", "user_changed"]);
        (await person.Admin.Post($"users/{person.Id}/activate", null)).ShouldBe(200);
        (await person.Admin.Put($"users/{ana}", new { fullName = "Ana", role = "manager" })).ShouldBe(200);
    }

    [Fact]
    public async Task one_admin_remains_when_all_admins_are_removed_concurrently()
    {
        var tenant = await TestTenant.Create(host);
        var admins = new List<string> { TestTenant.AdminEmail };
        for (var i = 0; i < 11; i++)
            admins.Add((await TestUser.Create(host, "admin", tenant: tenant)).Email);
        var answers = await Task.WhenAll(
            admins.SelectMany(email =>
                new[]
                {
                    tenant.Admin.Post($"users/{email}/deactivate", null),
                    tenant.Admin.Put($"users/{email}", new { fullName = "x", role = "viewer" }),
                }
            )
        );
        answers.ShouldAllBe(a => a.Status == 200 || a.Status == 409);
        answers.ShouldContain(a => a.Status == 409);
        await using var superuser = await host.OpenSuperuser();
        (await superuser.Rows($"select email::text from {tenant.Schema}.users where role = 'admin' and is_active")).Count.ShouldBe(1);
        (
            await superuser.Rows($"select from shared.tenant_users where tenant_id = '{tenant.Id}' and role = 'admin' and is_active")
        ).Count.ShouldBe(1);
    }

    [Fact]
    public async Task one_of_24_concurrent_registrations_of_one_email_address_succeeds()
    {
        var tenant = await TestTenant.Create(host);
        var answers = await Task.WhenAll(
            Enumerable
                .Range(0, 24)
                .Select(i =>
                    tenant.Admin.Post(
                        "users",
                        new
                        {
                            email = i % 2 == 0 ? "one@company.test" : "One@Company.test",
                            fullName = "One",
                            role = "user",
                            password = Password,
                        }
                    )
                )
        );
        answers.Count(a => a.Status == 201).ShouldBe(1);
        answers.Count(a => a.Status == 409).ShouldBe(23);
        await using var superuser = await host.OpenSuperuser();
        (await superuser.Rows($"select from {tenant.Schema}.users where email = 'one@company.test'")).Count.ShouldBe(1);
    }
}
