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

    private Task<Client> SignIn(Company company, string email, string password) =>
        Client.SignIn(host.Http.Server.CreateClient(), company.Slug, email, password);

    private Task<Answer> Token(Company company, string email, string password = Company.Password) =>
        Client
            .Anonymous(host)
            .Post(
                "/api/token",
                new
                {
                    tenant = company.Slug,
                    email,
                    password,
                },
                key: null
            );

    /// <summary>Removes the tenant from the registry, as a restore from before its creation does.</summary>
    private async Task Lose(NpgsqlConnection superuser, Company company)
    {
        foreach (var rows in (string[])["alert_scans where tenant_id", "tenant_users where tenant_id", "tenants where id"])
            await superuser.Execute($"delete from shared.{rows} = '{company.Id}'");
        Forget(company);
    }

    private void Forget(Company company) => host.Services.GetRequiredService<TenantRegistry>().Forget(company.Slug);

    private async Task<Company> WithUsers()
    {
        var company = await Company.Found(host, altered: true);
        await company.Open("S1", "P1", stock: 13);
        (string, string, string[]?)[] users = [("eva", "viewer", null), ("luis", "user", ["S1"]), ("gone", "manager", null)];
        foreach (var (name, role, stores) in users)
        {
            var user = new
            {
                email = $"{name}@company.test",
                fullName = name,
                role,
                password = Company.Password,
                stores,
            };
            (await company.Admin.Post("users", user)).ShouldBe(201);
        }
        (await company.Admin.Post("users/gone@company.test/deactivate", null)).ShouldBe(200);
        return company;
    }

    [Fact]
    public async Task a_schema_with_events_that_the_registry_has_lost_is_not_replaced_and_can_be_adopted()
    {
        var company = await WithUsers();
        var platform = await Client.Platform(host);
        await using var superuser = await host.OpenSuperuser();
        var events = await superuser.Column<Guid>($"select id from {company.Schema}.mt_events order by seq_id");
        await Lose(superuser, company);

        (await company.Admin.Get("inventory")).ShouldBe(404);
        (await platform.Post("/api/tenants", Company.Request(company.Slug)))
            .ShouldBe(409)
            .Detail!.ShouldContain($"tenants adopt {company.Slug}");
        (await superuser.Column<Guid>($"select id from {company.Schema}.mt_events order by seq_id")).ShouldBe(events);
        (await host.Services.GetRequiredService<TenantSchemas>().Unregistered(Ct)).ShouldContain(company.Slug);

        var adopted = (await platform.Post($"/api/tenants/{company.Slug}/adopt", new { name = "Acme C.A.", adminPassword = NewPassword }))
            .ShouldBe(200)
            .Json;
        adopted["tenant"]!["id"]!.GetValue<Guid>().ShouldBe(company.Id, "the id is the schema's own");
        adopted["tenant"]!["name"]!.GetValue<string>().ShouldBe("Acme C.A.");
        adopted["wasRegistered"]!.GetValue<bool>().ShouldBeFalse();
        adopted["admin"]!.GetValue<string>().ShouldBe(Company.AdminEmail);
        Accounts(adopted).ShouldBe((4, 0, 0));

        await Task.Delay(Ledger.Access.Accounts.CacheDuration, Ct); // accounts are cached for this long
        (await company.Admin.Get("inventory")).ShouldBe(401); // a token from before the adoption is refused
        (await Token(company, Company.AdminEmail)).ShouldBe(401); // so is a password from before the adoption
        var admin = await SignIn(company, Company.AdminEmail, NewPassword);
        (await admin.Get("inventory")).ShouldBe(200).Json["items"]![0]!["onHand"]!.GetValue<decimal>().ShouldBe(13);
        (await Token(company, "luis@company.test")).ShouldBe(401);
        (await admin.Post("users/luis@company.test/password", new { newPassword = NewPassword })).ShouldBe(200);
        (await (await SignIn(company, "luis@company.test", NewPassword)).Get("inventory?store=S1")).ShouldBe(200);
        (await admin.Post("users/gone@company.test/password", new { newPassword = NewPassword })).ShouldBe(200);
        (await Token(company, "gone@company.test", NewPassword)).ShouldBe(401); // a deactivated user stays deactivated

        var again = (await platform.Post($"/api/tenants/{company.Slug}/adopt", new { adminPassword = Company.Password }))
            .ShouldBe(200)
            .Json;
        again["wasRegistered"]!.GetValue<bool>().ShouldBeTrue();
        Accounts(again).ShouldBe((0, 0, 0));
        again["admin"].ShouldBeNull("an admin can sign in already");
        (await admin.Get("inventory")).ShouldBe(200);
        var tenant = (await host.Services.GetRequiredService<TenantRegistry>().Find(company.Slug, Ct))!;
        tenant.Name.ShouldBe("Acme C.A.");
        (await host.Services.GetRequiredService<Verifier>().Verify(tenant, null, null, Ct)).Intact.ShouldBeTrue();
        await host.ReplayShouldBeEqual(tenant);
    }

    private static (int Made, int Changed, int Removed) Accounts(JsonNode adopted) =>
        (
            adopted["accountsMade"]!.GetValue<int>(),
            adopted["accountsChanged"]!.GetValue<int>(),
            adopted["accountsRemoved"]!.GetValue<int>()
        );

    /// <summary>Exchanges the schemas of two companies.</summary>
    private static Task Exchange(NpgsqlConnection superuser, Company one, Company other) =>
        superuser.Execute(
            $"""
            alter schema {one.Schema} rename to {one.Schema}_x;
            alter schema {other.Schema} rename to {one.Schema};
            alter schema {one.Schema}_x rename to {other.Schema}
            """
        );

    [Fact]
    public async Task what_cannot_be_adopted_is_refused_and_nothing_is_changed()
    {
        var (company, other) = (await WithUsers(), await Company.Found(host, altered: true));
        var platform = await Client.Platform(host);
        await using var superuser = await host.OpenSuperuser();
        Task<Answer> Adopt(string slug, object? body = null) => platform.Post($"/api/tenants/{slug}/adopt", body ?? new { });

        (await Adopt(Company.NewSlug("nobody"))).ShouldBe(404).Detail!.ShouldContain("There is no schema");
        (await Adopt("Nobody")).ShouldBe(400).Fields.ShouldBe(["slug"]);
        (await Adopt(company.Slug, new { adminEmail = Company.AdminEmail })).ShouldBe(400).Fields.ShouldBe(["adminPassword"]);
        foreach (var email in (string[])["eva@company.test", "gone@company.test", "x@company.test"])
        {
            (await Adopt(company.Slug, new { adminEmail = email, adminPassword = NewPassword }))
                .ShouldBe(409)
                .Detail!.ShouldContain(Company.AdminEmail);
        }
        (await company.Admin.Post($"/api/tenants/{company.Slug}/adopt", new { })).ShouldBe(403);

        await Exchange(superuser, company, other);
        try
        {
            Forget(company);
            (await Adopt(company.Slug)).ShouldBe(409).Detail!.ShouldContain($"{other.Id}");
            (await company.Admin.Get("inventory")).ShouldBe(503).Detail!.ShouldContain("is not in the database");
            (await company.Admin.Post("stores", new { code = "S2", name = "x" })).ShouldBe(503);
            (await Token(company, Company.AdminEmail)).ShouldBe(503);
            await Lose(superuser, other);
            (await Adopt(other.Slug)).ShouldBe(409).Detail!.ShouldContain($"registered as '{company.Slug}'");
        }
        finally
        {
            await Exchange(superuser, company, other);
            Forget(company);
        }
        (await company.Admin.Get("inventory")).ShouldBe(200);
        (await Adopt(other.Slug)).ShouldBe(200);
    }

    [Fact]
    public async Task a_tenant_whose_schema_is_missing_is_answered_503_and_gets_no_empty_one()
    {
        await using var database = await host.NewDatabase();
        await using var serving = await HostProcess.Serve(database.Connections);
        var environment = HostProcess.Development(database.Connections);
        environment["FLUXION_PASSWORD"] = Company.Password;
        async Task<(int Code, string Output)> Command(params string[] arguments) => await HostProcess.Run(environment, arguments);
        (await Command("tenants", "add", "acme", "--name", "Acme", "--admin-email", Company.AdminEmail)).Code.ShouldBe(0);
        var acme = await Client.SignIn(serving.NewClient(), "acme", Company.AdminEmail, Company.Password);
        (await acme.Get("inventory")).ShouldBe(200);
        await using var superuser = database.Superuser();
        await superuser.OpenAsync(Ct);
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
                    email = Company.AdminEmail,
                    password = Company.Password,
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
        (await platform.Post("/api/tenants", Company.Request("acme"))).ShouldBe(409);

        await superuser.Execute("alter schema away rename to tenant_acme");
        (await Command("database", "migrate")).Code.ShouldBe(0);
        await Task.Delay(TenantRegistry.Freshness, Ct);
        (await acme.Get("inventory")).ShouldBe(200);
    }

    [Fact]
    public async Task an_account_counts_for_no_more_than_its_user_in_the_ledger()
    {
        var company = await WithUsers();
        await using var superuser = await host.OpenSuperuser();
        string AnAccountWithoutAUser(string email) =>
            $"""
                insert into shared.tenant_users (id, tenant_id, email, password_hash, full_name, role)
                    select gen_random_uuid(), tenant_id, '{email}', password_hash, 'x', 'admin' from shared.tenant_users
                    where tenant_id = '{company.Id}' and email = '{Company.AdminEmail}'
                """;
        // after the backup of shared: a demotion, a deactivation and the registration of luis; after the backup of the ledger: that of
        // ghost
        await superuser.Execute(
            $"""
            update shared.tenant_users set role = 'admin' where tenant_id = '{company.Id}' and email = 'eva@company.test';
            update shared.tenant_users set is_active = true where tenant_id = '{company.Id}' and email = 'gone@company.test';
            {AnAccountWithoutAUser("ghost@company.test")};
            delete from shared.tenant_users where tenant_id = '{company.Id}' and email = 'luis@company.test'
            """
        );
        var eva = await SignIn(company, "eva@company.test", Company.Password);
        (await eva.Get("inventory")).ShouldBe(200);
        (await eva.Post("stores", new { code = "S9", name = "x" })).ShouldBe(403); // she is a viewer
        foreach (var email in (string[])["gone@company.test", "ghost@company.test"])
            (await Token(company, email)).ShouldBe(403).Detail!.ShouldContain($"tenants adopt {company.Slug}");
        (await Token(company, "luis@company.test")).ShouldBe(401);

        // the tenant's admin can correct two of them
        (await company.Admin.Post("users/luis@company.test/password", new { newPassword = NewPassword })).ShouldBe(200);
        (await SignIn(company, "luis@company.test", NewPassword)).ShouldNotBeNull();
        var ghost = new
        {
            email = "ghost@company.test",
            fullName = "Ghost",
            role = "viewer",
            password = NewPassword,
        };
        (await company.Admin.Post("users", ghost)).ShouldBe(201);
        (await (await SignIn(company, "ghost@company.test", NewPassword)).Post("stores", new { code = "S9", name = "x" })).ShouldBe(403);
        (await company.Admin.Post("users", ghost)).ShouldBe(409);
        (await Token(company, "ghost@company.test", NewPassword)).ShouldBe(200); // the second registration did not change the first

        // the platform's operator can correct all of them
        await superuser.Execute(
            $"""
            {AnAccountWithoutAUser("other@company.test")};
            delete from shared.tenant_users where tenant_id = '{company.Id}' and email = 'luis@company.test'
            """
        );
        var platform = await Client.Platform(host);
        var adopted = (await platform.Post($"/api/tenants/{company.Slug}/adopt", new { adminPassword = NewPassword })).ShouldBe(200).Json;
        Accounts(adopted).ShouldBe((1, 2, 1));
        adopted["admin"].ShouldBeNull("the admin has kept his account");
        const string what = "email || ' ' || role || ' ' || is_active";
        (await superuser.Column<string>($"select {what} from shared.tenant_users where tenant_id = '{company.Id}'")).ShouldBe(
            await superuser.Column<string>($"select {what} from {company.Schema}.users"),
            ignoreOrder: true
        );
        (await company.Admin.Get("inventory")).ShouldBe(200);
        await Task.Delay(Ledger.Access.Accounts.CacheDuration, Ct);
        (await eva.Get("inventory")).ShouldBe(401); // her token was issued for an account that the adoption replaced
    }

    [Fact]
    public async Task the_analysts_of_a_former_tenant_read_nothing_of_a_new_one_of_its_name()
    {
        var company = await Company.Found(host, altered: true);
        var tenant = (await host.Services.GetRequiredService<TenantRegistry>().Find(company.Slug, Ct))!;
        var suffix = Guid.CreateVersion7().ToString("N")[^12..];
        var (login, byHand) = ($"bi_{suffix}", $"hand_{suffix}");
        var analysts = new Analysts(host.Services.GetRequiredService<Databases>());
        await analysts.Grant(tenant, login, Company.Password, TimeSpan.FromMinutes(1), 5, Ct);
        string Connection(string user) =>
            new NpgsqlConnectionStringBuilder(host.Connections.Service) { Username = user, Password = Company.Password }.ConnectionString;
        await using var analyst = await Sql.Open(Connection(login));
        (await analyst.Rows("select * from stores")).ShouldBeEmpty();
        await using var superuser = await host.OpenSuperuser();
        await superuser.Execute($"create role group_{suffix} in role {company.Analyst}; create role {byHand} login in role group_{suffix}");
        await superuser.Execute($"grant connect on database {host.Database} to {byHand}");
        try
        {
            // an operator removes a tenant by hand
            await Lose(superuser, company);
            await superuser.Execute($"drop schema {company.Schema} cascade");

            var platform = await Client.Platform(host);
            var refused = (await platform.Post("/api/tenants", Company.Request(company.Slug))).ShouldBe(409).Detail!;
            refused.ShouldContain(byHand);
            refused.ShouldNotContain(login);
            (await superuser.Rows($"select from pg_namespace where nspname = '{company.Schema}'")).ShouldBeEmpty();
            await superuser.Execute($"revoke {company.Analyst} from group_{suffix}");
            var created = (await platform.Post("/api/tenants", Company.Request(company.Slug))).ShouldBe(201).Json;
            created["id"]!.GetValue<Guid>().ShouldNotBe(company.Id);

            await Should.ThrowAsync<Exception>(() => analyst.Execute($"select * from {company.Schema}.stores"));
            (await Should.ThrowAsync<PostgresException>(() => Sql.Open(Connection(login)))).SqlState.ShouldBe(
                PostgresErrorCodes.InvalidPassword
            );
            (await superuser.Column<bool>($"select has_table_privilege('{byHand}', '{company.Schema}.stores', 'select')")).ShouldBe([
                false,
            ]);
        }
        finally
        {
            await superuser.DropLogins(byHand, $"group_{suffix}");
        }
    }
}
