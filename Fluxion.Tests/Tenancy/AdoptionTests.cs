using System.Text.Json.Nodes;
using Fluxion.Host.Demo;
using Fluxion.Ledger.Access;
using Fluxion.Ledger.Tenancy;
using Fluxion.Projections.Audit;
using Fluxion.Tests.Host;
using Fluxion.Tests.Replay;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Fluxion.Tests.Tenancy;

/// <summary>The registry, the accounts and a tenant's schema disagree, as after one of them was restored from an older backup.</summary>
[Collection(AlteredTables.Name)]
public sealed class AdoptionTests(LedgerHost host)
{
    private const string NewPassword = "another, long enough";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private Task<Client> SignIn(TestTenant tenant, string email, string password) =>
        Client.SignIn(host.Http.Server.CreateClient(), tenant.Slug, email, password);

    private Task<Answer> Token(TestTenant tenant, string email, string password = TestTenant.Password) =>
        Client
            .Anonymous(host)
            .Post(
                "/api/token",
                new
                {
                    tenant = tenant.Slug,
                    email,
                    password,
                },
                key: null
            );

    /// <summary>Removes the tenant from the registry, as a restore from before its creation does.</summary>
    private async Task RemoveFromRegistry(NpgsqlConnection superuser, TestTenant tenant)
    {
        foreach (var rows in (string[])["alert_scans where tenant_id", "tenant_users where tenant_id", "tenants where id"])
            await superuser.Execute($"delete from shared.{rows} = '{tenant.Id}'");
        Forget(tenant);
    }

    private void Forget(TestTenant tenant) => host.Services.GetRequiredService<TenantRegistry>().Forget(tenant.Slug);

    private async Task<TestTenant> CreateTenantWithUsers()
    {
        var tenant = await TestTenant.Create(host, altered: true);
        await tenant.CreateStore("S1", "P1", stock: 13);
        (string, string, string[]?)[] users = [("eva", "viewer", null), ("luis", "user", ["S1"]), ("gone", "manager", null)];
        foreach (var (name, role, stores) in users)
        {
            var user = new
            {
                email = $"{name}@company.test",
                fullName = name,
                role,
                password = TestTenant.Password,
                stores,
            };
            (await tenant.Admin.Post("users", user)).ShouldBe(201);
        }
        (await tenant.Admin.Post("users/gone@company.test/deactivate", null)).ShouldBe(200);
        return tenant;
    }

    [Fact]
    public async Task a_schema_missing_from_the_registry_is_not_replaced_and_can_be_adopted()
    {
        var tenant = await CreateTenantWithUsers();
        var platform = await Client.Platform(host);
        await using var superuser = await host.OpenSuperuser();
        var events = await superuser.Column<Guid>($"select id from {tenant.Schema}.mt_events order by seq_id");
        await RemoveFromRegistry(superuser, tenant);

        (await tenant.Admin.Get("inventory")).ShouldBe(404);
        (await platform.Post("/api/tenants", TestTenant.Request(tenant.Slug)))
            .ShouldBe(409)
            .Detail!.ShouldContain($"tenants adopt {tenant.Slug}");
        (await superuser.Column<Guid>($"select id from {tenant.Schema}.mt_events order by seq_id")).ShouldBe(events);
        (await host.Services.GetRequiredService<TenantSchemas>().Unregistered(Ct)).ShouldContain(tenant.Slug);

        var adopted = (await platform.Post($"/api/tenants/{tenant.Slug}/adopt", new { name = "Acme C.A.", adminPassword = NewPassword }))
            .ShouldBe(200)
            .Json;
        adopted["tenant"]!["id"]!.GetValue<Guid>().ShouldBe(tenant.Id, "the id is the schema's own");
        adopted["tenant"]!["name"]!.GetValue<string>().ShouldBe("Acme C.A.");
        adopted["wasRegistered"]!.GetValue<bool>().ShouldBeFalse();
        adopted["admin"]!.GetValue<string>().ShouldBe(TestTenant.AdminEmail);
        Accounts(adopted).ShouldBe((4, 0, 0));

        await Task.Delay(Ledger.Access.Accounts.CacheDuration, Ct); // accounts are cached for this long
        (await tenant.Admin.Get("inventory")).ShouldBe(401); // a token from before the adoption is refused
        (await Token(tenant, TestTenant.AdminEmail)).ShouldBe(401); // so is a password from before the adoption
        var admin = await SignIn(tenant, TestTenant.AdminEmail, NewPassword);
        (await admin.Get("inventory")).ShouldBe(200).Json["items"]![0]!["onHand"]!.GetValue<decimal>().ShouldBe(13);
        (await Token(tenant, "luis@company.test")).ShouldBe(401);
        (await admin.Post("users/luis@company.test/password", new { newPassword = NewPassword })).ShouldBe(200);
        (await (await SignIn(tenant, "luis@company.test", NewPassword)).Get("inventory?store=S1")).ShouldBe(200);
        (await admin.Post("users/gone@company.test/password", new { newPassword = NewPassword })).ShouldBe(200);
        (await Token(tenant, "gone@company.test", NewPassword)).ShouldBe(401); // a deactivated user stays deactivated

        var again = (await platform.Post($"/api/tenants/{tenant.Slug}/adopt", new { adminPassword = TestTenant.Password }))
            .ShouldBe(200)
            .Json;
        again["wasRegistered"]!.GetValue<bool>().ShouldBeTrue();
        Accounts(again).ShouldBe((0, 0, 0));
        again["admin"].ShouldBeNull("an admin can sign in already");
        (await admin.Get("inventory")).ShouldBe(200);
        var registered = (await host.Services.GetRequiredService<TenantRegistry>().Find(tenant.Slug, Ct))!;
        registered.Name.ShouldBe("Acme C.A.");
        (await host.Services.GetRequiredService<Verifier>().Verify(registered, null, null, Ct)).Intact.ShouldBeTrue();
        await host.ReplayShouldBeEqual(registered);
    }

    private static (int Made, int Changed, int Removed) Accounts(JsonNode adopted) =>
        (
            adopted["accountsMade"]!.GetValue<int>(),
            adopted["accountsChanged"]!.GetValue<int>(),
            adopted["accountsRemoved"]!.GetValue<int>()
        );

    /// <summary>Exchanges the schemas of two tenants.</summary>
    private static Task ExchangeSchemas(NpgsqlConnection superuser, TestTenant one, TestTenant other) =>
        superuser.Execute(
            $"""
            alter schema {one.Schema} rename to {one.Schema}_x;
            alter schema {other.Schema} rename to {one.Schema};
            alter schema {one.Schema}_x rename to {other.Schema}
            """
        );

    [Fact]
    public async Task an_invalid_adoption_is_refused_and_changes_nothing()
    {
        var (tenant, other) = (await CreateTenantWithUsers(), await TestTenant.Create(host, altered: true));
        var platform = await Client.Platform(host);
        await using var superuser = await host.OpenSuperuser();
        Task<Answer> Adopt(string slug, object? body = null) => platform.Post($"/api/tenants/{slug}/adopt", body ?? new { });

        (await Adopt(TestTenant.NewSlug("nobody"))).ShouldBe(404).Detail!.ShouldContain("There is no schema");
        (await Adopt("Nobody")).ShouldBe(400).Fields.ShouldBe(["slug"]);
        (await Adopt(tenant.Slug, new { adminEmail = TestTenant.AdminEmail })).ShouldBe(400).Fields.ShouldBe(["adminPassword"]);
        foreach (var email in (string[])["eva@company.test", "gone@company.test", "x@company.test"])
        {
            (await Adopt(tenant.Slug, new { adminEmail = email, adminPassword = NewPassword }))
                .ShouldBe(409)
                .Detail!.ShouldContain(TestTenant.AdminEmail);
        }
        (await tenant.Admin.Post($"/api/tenants/{tenant.Slug}/adopt", new { })).ShouldBe(403);

        await ExchangeSchemas(superuser, tenant, other);
        try
        {
            Forget(tenant);
            (await Adopt(tenant.Slug)).ShouldBe(409).Detail!.ShouldContain($"{other.Id}");
            (await tenant.Admin.Get("inventory")).ShouldBe(503).Detail!.ShouldContain("is not in the database");
            (await tenant.Admin.Post("stores", new { code = "S2", name = "x" })).ShouldBe(503);
            (await Token(tenant, TestTenant.AdminEmail)).ShouldBe(503);
            await RemoveFromRegistry(superuser, other);
            (await Adopt(other.Slug)).ShouldBe(409).Detail!.ShouldContain($"registered as '{tenant.Slug}'");
        }
        finally
        {
            await ExchangeSchemas(superuser, tenant, other);
            Forget(tenant);
        }
        (await tenant.Admin.Get("inventory")).ShouldBe(200);
        (await Adopt(other.Slug)).ShouldBe(200);
    }

    [Fact]
    public async Task a_tenant_without_its_schema_answers_503_and_gets_no_empty_schema()
    {
        await using var database = await host.NewDatabase();
        await using var serving = await HostProcess.Serve(database.Connections);
        var environment = HostProcess.Development(database.Connections);
        environment["FLUXION_PASSWORD"] = TestTenant.Password;
        async Task<(int Code, string Output)> Command(params string[] arguments) => await HostProcess.Run(environment, arguments);
        (await Command("tenants", "add", "acme", "--name", "Acme", "--admin-email", TestTenant.AdminEmail)).Code.ShouldBe(0);
        var acme = await Client.SignIn(serving.NewClient(), "acme", TestTenant.AdminEmail, TestTenant.Password);
        (await acme.Get("inventory")).ShouldBe(200);
        await using var superuser = await database.OpenSuperuser();
        await superuser.Execute(
            """
            alter schema tenant_acme rename to away;
            update shared.schema_fingerprints set fingerprint = 'of an older build' where schema_name = 'tenant_acme'
            """
        );
        await Task.Delay(TenantRegistry.Freshness, Ct);

        Task<Answer> Token() =>
            new Client(serving.NewClient(), "").Post(
                "/api/token",
                new
                {
                    tenant = "acme",
                    email = TestTenant.AdminEmail,
                    password = TestTenant.Password,
                },
                key: null
            );
        Answer[] answers = [await acme.Get("inventory"), await acme.Post("stores", new { code = "S1", name = "x" }), await Token()];
        foreach (var answer in answers)
            answer.ShouldBe(503).Detail!.ShouldContain("The data of 'acme' is not in the database");
        (await (await serving.Demo("admin")).Get("inventory")).ShouldBe(200);
        string[] commands = ["verify acme", "replay --all", "users add acme eva@company.test", "database migrate", "tenants adopt acme"];
        foreach (var command in commands)
        {
            var (code, output) = await Command(command.Split(' '));
            code.ShouldBe(1, output);
            output.ShouldContain("tenant_acme", customMessage: command);
            output.ShouldNotContain("   at ", customMessage: "no stack trace");
        }
        (await Command("tenants", "list")).Output.ShouldContain("data missing");
        (await superuser.Rows("select from pg_namespace where nspname = 'tenant_acme'")).ShouldBeEmpty();
        var platform = await Client.SignIn(serving.NewClient(), null, DemoTenant.PlatformAccount, DemoTenant.Password);
        (await platform.Post("/api/tenants", TestTenant.Request("acme"))).ShouldBe(409);

        await superuser.Execute("alter schema away rename to tenant_acme");
        (await Command("database", "migrate")).Code.ShouldBe(0);
        await Task.Delay(TenantRegistry.Freshness, Ct);
        (await acme.Get("inventory")).ShouldBe(200);
    }

    [Fact]
    public async Task an_account_has_no_more_rights_than_its_user_in_the_ledger()
    {
        var tenant = await CreateTenantWithUsers();
        await using var superuser = await host.OpenSuperuser();
        string AnAccountWithoutAUser(string email) =>
            $"""
                insert into shared.tenant_users (id, tenant_id, email, password_hash, full_name, role)
                    select gen_random_uuid(), tenant_id, '{email}', password_hash, 'x', 'admin' from shared.tenant_users
                    where tenant_id = '{tenant.Id}' and email = '{TestTenant.AdminEmail}'
                """;
        // after the backup of shared: a demotion, a deactivation and the registration of luis; after the backup of the ledger: that of
        // ghost
        await superuser.Execute(
            $"""
            update shared.tenant_users set role = 'admin' where tenant_id = '{tenant.Id}' and email = 'eva@company.test';
            update shared.tenant_users set is_active = true where tenant_id = '{tenant.Id}' and email = 'gone@company.test';
            {AnAccountWithoutAUser("ghost@company.test")};
            delete from shared.tenant_users where tenant_id = '{tenant.Id}' and email = 'luis@company.test'
            """
        );
        var eva = await SignIn(tenant, "eva@company.test", TestTenant.Password);
        (await eva.Get("inventory")).ShouldBe(200);
        (await eva.Post("stores", new { code = "S9", name = "x" })).ShouldBe(403); // she is a viewer
        foreach (var email in (string[])["gone@company.test", "ghost@company.test"])
            (await Token(tenant, email)).ShouldBe(403).Detail!.ShouldContain($"tenants adopt {tenant.Slug}");
        (await Token(tenant, "luis@company.test")).ShouldBe(401);

        // the tenant's admin can correct two of them
        (await tenant.Admin.Post("users/luis@company.test/password", new { newPassword = NewPassword })).ShouldBe(200);
        (await SignIn(tenant, "luis@company.test", NewPassword)).ShouldNotBeNull();
        var ghost = new
        {
            email = "ghost@company.test",
            fullName = "Ghost",
            role = "viewer",
            password = NewPassword,
        };
        (await tenant.Admin.Post("users", ghost)).ShouldBe(201);
        (await (await SignIn(tenant, "ghost@company.test", NewPassword)).Post("stores", new { code = "S9", name = "x" })).ShouldBe(403);
        (await tenant.Admin.Post("users", ghost)).ShouldBe(409);
        (await Token(tenant, "ghost@company.test", NewPassword)).ShouldBe(200); // the second registration did not change the first

        // the platform's operator can correct all of them
        await superuser.Execute(
            $"""
            {AnAccountWithoutAUser("other@company.test")};
            delete from shared.tenant_users where tenant_id = '{tenant.Id}' and email = 'luis@company.test'
            """
        );
        var platform = await Client.Platform(host);
        var adopted = (await platform.Post($"/api/tenants/{tenant.Slug}/adopt", new { adminPassword = NewPassword })).ShouldBe(200).Json;
        Accounts(adopted).ShouldBe((1, 2, 1));
        adopted["admin"].ShouldBeNull("the admin has kept his account");
        const string what = "email || ' ' || role || ' ' || is_active";
        (await superuser.Column<string>($"select {what} from shared.tenant_users where tenant_id = '{tenant.Id}'")).ShouldBe(
            await superuser.Column<string>($"select {what} from {tenant.Schema}.users"),
            ignoreOrder: true
        );
        (await tenant.Admin.Get("inventory")).ShouldBe(200);
        await Task.Delay(Ledger.Access.Accounts.CacheDuration, Ct);
        (await eva.Get("inventory")).ShouldBe(401); // her token was issued for an account that the adoption replaced
    }

    [Fact]
    public async Task analysts_of_a_removed_tenant_cannot_read_a_new_tenant_of_the_same_name()
    {
        var tenant = await TestTenant.Create(host, altered: true);
        var registered = (await host.Services.GetRequiredService<TenantRegistry>().Find(tenant.Slug, Ct))!;
        var suffix = Guid.CreateVersion7().ToString("N")[^12..];
        var (login, byHand) = ($"bi_{suffix}", $"hand_{suffix}");
        var analysts = new Analysts(host.Services.GetRequiredService<Databases>());
        await analysts.Grant(registered, login, TestTenant.Password, TimeSpan.FromMinutes(1), 5, Ct);
        string Connection(string user) =>
            new NpgsqlConnectionStringBuilder(host.Connections.Service)
            {
                Username = user,
                Password = TestTenant.Password,
            }.ConnectionString;
        await using var analyst = await Sql.Open(Connection(login));
        (await analyst.Rows("select * from stores")).ShouldBeEmpty();
        await using var superuser = await host.OpenSuperuser();
        var deployment = $"deploy_{suffix}";
        await superuser.Execute(
            $"""
            create role group_{suffix} in role {tenant.Analyst};
            create role {byHand} login in role group_{suffix};
            grant connect on database {host.Database} to {byHand};
            create role {deployment} login in role fluxion_owner
            """
        );
        try
        {
            // an operator removes a tenant by hand
            await RemoveFromRegistry(superuser, tenant);
            await superuser.Execute($"drop schema {tenant.Schema} cascade");

            var platform = await Client.Platform(host);
            var refused = (await platform.Post("/api/tenants", TestTenant.Request(tenant.Slug))).ShouldBe(409).Detail!;
            refused.ShouldContain(byHand);
            refused.ShouldNotContain(login);
            refused.ShouldNotContain(deployment, Case.Sensitive, "a member of fluxion_owner reads every tenant by its own right");
            (await superuser.Rows($"select from pg_namespace where nspname = '{tenant.Schema}'")).ShouldBeEmpty();
            await superuser.Execute($"revoke {tenant.Analyst} from group_{suffix}");
            var created = (await platform.Post("/api/tenants", TestTenant.Request(tenant.Slug))).ShouldBe(201).Json;
            created["id"]!.GetValue<Guid>().ShouldNotBe(tenant.Id);

            await Should.ThrowAsync<Exception>(() => analyst.Execute($"select * from {tenant.Schema}.stores"));
            (await Should.ThrowAsync<PostgresException>(() => Sql.Open(Connection(login)))).SqlState.ShouldBe(
                PostgresErrorCodes.InvalidPassword
            );
            (await superuser.Column<bool>($"select has_table_privilege('{byHand}', '{tenant.Schema}.stores', 'select')")).ShouldBe([false]);
        }
        finally
        {
            await superuser.DropLogins(byHand, deployment, $"group_{suffix}");
        }
    }
}
