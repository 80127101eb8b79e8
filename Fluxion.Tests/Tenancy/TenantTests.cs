using System.Text.Json.Nodes;
using Fluxion.Host;
using Fluxion.Host.Demo;
using Fluxion.Ledger.Tenancy;
using Fluxion.Tests.Host;
using Microsoft.Extensions.DependencyInjection;

namespace Fluxion.Tests.Tenancy;

public sealed class TenantTests(LedgerHost host)
{
    [Theory]
    [InlineData("acme", true)]
    [InlineData("acme-foods-2", true)]
    [InlineData("ab", true)]
    [InlineData("a1", true)]
    [InlineData("a123456789012345678901234567890123456789", true)]
    [InlineData("a1234567890123456789012345678901234567890", false)]
    [InlineData("a", false)]
    [InlineData("1a", false)]
    [InlineData("", false)]
    [InlineData(null, false)]
    [InlineData("Acme", false)]
    [InlineData("acme_foods", false)]
    [InlineData("acme--foods", false)]
    [InlineData("-acme", false)]
    [InlineData("acme-", false)]
    [InlineData("acme foods", false)]
    [InlineData("acme\n", false)]
    [InlineData("acmé", false)]
    [InlineData("a/b", false)]
    [InlineData("a';drop schema shared", false)]
    [InlineData("acme-replay", false)]
    [InlineData("tenants", false)]
    [InlineData("token", false)]
    [InlineData("docs", false)]
    [InlineData("platform", false)]
    [InlineData("shared", false)]
    [InlineData("template", false)]
    [InlineData("wolverine", false)]
    public void a_slug_is_a_short_lower_case_name_that_is_not_a_route(string? slug, bool good) =>
        (Tenant.ValidationError(slug) is null).ShouldBe(good);

    [Fact]
    public async Task creating_a_tenant_creates_its_schema_its_row_and_an_admin_who_can_sign_in()
    {
        var slug = TestTenant.NewSlug();
        var answer = (await (await Client.Platform(host)).Post("/api/tenants", TestTenant.Request(slug, "Acme, C.A."))).ShouldBe(201);
        answer.Headers.Location!.ToString().ShouldBe($"/api/tenants/{slug}");
        answer.Json["status"]!.GetValue<string>().ShouldBe("active");

        await using var superuser = await host.OpenSuperuser();
        (await superuser.Rows($"select id, name, schema_name, status, created_at = updated_at from shared.tenants where slug = '{slug}'"))
            .ShouldHaveSingleItem()
            .ShouldBe([answer.Json["id"]!.GetValue<Guid>(), "Acme, C.A.", Tenant.SchemaOf(slug), "active", true]);
        (
            await Count(superuser, $"pg_tables where schemaname = '{Tenant.SchemaOf(slug)}' and tablename in ('inventory', 'mt_events')")
        ).ShouldBe(2);
        (await Count(superuser, $"pg_roles where rolname = '{Tenant.SchemaOf(slug)}_analyst' and not rolcanlogin")).ShouldBe(1);

        var admin = await TestTenant.SignIn(host, slug);
        (await admin.Post("stores", new { code = "S1", name = "The first" })).ShouldBe(201);
        (await admin.Get("stores/S1")).ShouldBe(200);
        (await admin.Get("users")).ShouldBe(200).Json["items"]!.AsArray().ShouldHaveSingleItem()!["role"]!
            .GetValue<string>()
            .ShouldBe("admin");
    }

    [Fact]
    public async Task a_taken_slug_is_refused_with_409_and_changes_nothing()
    {
        var tenant = await TestTenant.Create(host);
        var platform = await Client.Platform(host);
        (await platform.Post("/api/tenants", TestTenant.Request(tenant.Slug, "Another"))).ShouldBe(409).Detail!.ShouldContain(tenant.Slug);
        (await platform.Post("/api/tenants", TestTenant.Request(DemoTenant.Slug))).ShouldBe(409);
        (await Row(platform, tenant.Slug))!["name"]!.GetValue<string>().ShouldBe("A company");
        (await tenant.Admin.Get("inventory")).ShouldBe(200);
    }

    [Theory]
    [InlineData("tenants")]
    [InlineData("token")]
    [InlineData("api")]
    [InlineData("A")]
    [InlineData("Acme")]
    [InlineData("acme_foods")]
    [InlineData("acme--foods")]
    [InlineData("")]
    public async Task an_invalid_slug_is_refused(string slug) =>
        (await (await Client.Platform(host)).Post("/api/tenants", TestTenant.Request(slug))).ShouldBe(400).Fields.ShouldBe(["slug"]);

    [Fact]
    public async Task every_invalid_field_of_a_new_tenant_is_named() => (
            await (await Client.Platform(host)).Post(
                "/api/tenants",
                new
                {
                    slug = "x",
                    name = " ",
                    adminEmail = "ana",
                    adminFullName = "",
                    adminPassword = "short",
                }
            )
        ).ShouldBe(400).Fields.Order().ShouldBe(["adminEmail", "adminFullName", "adminPassword", "name", "slug"]);

    [Fact]
    public async Task a_repeated_key_creates_a_tenant_once_and_answers_422_for_another_body()
    {
        var platform = await Client.Platform(host);
        var (slug, key) = (TestTenant.NewSlug(), Guid.CreateVersion7().ToString());
        var first = (await platform.Post("/api/tenants", TestTenant.Request(slug), key)).ShouldBe(201);
        var second = (await platform.Post("/api/tenants", TestTenant.Request(slug), key)).ShouldBe(201);
        second.Text.ShouldBe(first.Text);
        second.Headers.Location.ShouldBe(first.Headers.Location);
        second.Headers.GetValues("Idempotent-Replayed").ShouldBe(["true"]);

        var another = TestTenant.NewSlug();
        (await platform.Post("/api/tenants", TestTenant.Request(another), key)).ShouldBe(422);
        (await platform.Post("/api/tenants", TestTenant.Request(slug, "Another name"), key)).ShouldBe(422);
        await using var superuser = await host.OpenSuperuser();
        await ShouldNotExist(superuser, another);
        (await Count(superuser, $"shared.tenant_users where tenant_id = '{first.Json["id"]!.GetValue<Guid>()}'")).ShouldBe(1);
    }

    [Fact]
    public async Task one_of_4_concurrent_creations_of_one_slug_succeeds()
    {
        var platform = await Client.Platform(host);
        var slug = TestTenant.NewSlug();
        var answers = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => platform.Post("/api/tenants", TestTenant.Request(slug))));
        answers.Select(a => a.Status).Order().ShouldBe([201, 409, 409, 409]);
        (await TestTenant.SignIn(host, slug)).ShouldNotBeNull();
    }

    [Fact]
    public async Task four_concurrent_repeats_under_one_key_get_the_same_answer()
    {
        var platform = await Client.Platform(host);
        var (slug, key) = (TestTenant.NewSlug(), Guid.CreateVersion7().ToString());
        var answers = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => platform.Post("/api/tenants", TestTenant.Request(slug), key)));
        answers.ShouldAllBe(a => a.Status == 201);
        answers.Select(a => a.Text).Distinct().ShouldHaveSingleItem();
    }

    [Fact]
    public async Task tenants_of_different_slugs_can_be_created_concurrently()
    {
        var tenants = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => TestTenant.Create(host)));
        foreach (var tenant in tenants)
            (await tenant.Admin.Post("stores", new { code = "S1", name = "x" })).ShouldBe(201);
    }

    [Theory]
    [InlineData("admin")]
    [InlineData("manager")]
    [InlineData("user")]
    [InlineData("viewer")]
    public async Task only_the_platform_administrator_manages_tenants(string role)
    {
        var client = await Client.Demo(host, role);
        (await client.Post("/api/tenants", TestTenant.Request(TestTenant.NewSlug()))).ShouldBe(403);
        (await client.Get("/api/tenants")).ShouldBe(403);
        (await client.Post($"/api/tenants/{DemoTenant.Slug}/suspend", null)).ShouldBe(403);
        (await client.Post($"/api/tenants/{DemoTenant.Slug}/resume", null)).ShouldBe(403);
    }

    [Fact]
    public async Task users_of_a_suspended_tenant_cannot_sign_in_or_use_a_token_until_it_is_resumed()
    {
        var tenant = await TestTenant.Create(host);
        var shop = await tenant.CreateStore("S1", "P1", stock: 5);
        var platform = await Client.Platform(host);
        Task<Answer> Token() =>
            Client
                .Anonymous(host)
                .Post(
                    "/api/token",
                    new
                    {
                        tenant = tenant.Slug,
                        email = TestTenant.AdminEmail,
                        password = TestTenant.Password,
                    },
                    key: null
                );

        (await platform.Post($"/api/tenants/{tenant.Slug}/suspend", null)).ShouldBe(200).Json["status"]!
            .GetValue<string>()
            .ShouldBe("suspended");
        (await platform.Post($"/api/tenants/{tenant.Slug}/suspend", null)).ShouldBe(200);
        (await Token()).ShouldBe(403).Detail!.ShouldContain("suspended");
        (await tenant.Admin.Get("inventory")).ShouldBe(403).Detail!.ShouldContain("suspended");
        (await shop.Receive(1)).ShouldBe(403);
        (await tenant.Admin.Post("stores", new { code = "S2", name = "x" })).ShouldBe(403);
        (await Row(platform, tenant.Slug))!["status"]!.GetValue<string>().ShouldBe("suspended");

        (await platform.Post($"/api/tenants/{tenant.Slug}/resume", null)).ShouldBe(200).Json["status"]!
            .GetValue<string>()
            .ShouldBe("active");
        (await Token()).ShouldBe(200);
        (await shop.Receive(1)).ShouldBe(200);
        (await shop.OnHand()).ShouldBe(6, "what came in before is still there, what was refused is not");
    }

    [Fact]
    public async Task a_wrong_password_in_a_suspended_tenant_answers_401()
    {
        var tenant = await TestTenant.Create(host);
        (await (await Client.Platform(host)).Post($"/api/tenants/{tenant.Slug}/suspend", null)).ShouldBe(200);
        (
            await Client
                .Anonymous(host)
                .Post(
                    "/api/token",
                    new
                    {
                        tenant = tenant.Slug,
                        email = TestTenant.AdminEmail,
                        password = "mistyped",
                    },
                    null
                )
        ).ShouldBe(401);
    }

    [Fact]
    public async Task suspending_or_resuming_an_unknown_tenant_answers_404()
    {
        var platform = await Client.Platform(host);
        (await platform.Post("/api/tenants/nobody/suspend", null)).ShouldBe(404).Fields.ShouldBe(["slug"]);
        (await platform.Post("/api/tenants/nobody/resume", null)).ShouldBe(404);
    }

    [Fact]
    public async Task the_list_of_tenants_is_paged()
    {
        var platform = await Client.Platform(host);
        var prefix = TestTenant.NewSlug("page");
        foreach (var n in (int[])[1, 2, 3])
            (await platform.Post("/api/tenants", TestTenant.Request($"{prefix}-{n}"))).ShouldBe(201);

        var first = (await platform.Get($"/api/tenants?limit=2&after={prefix}")).ShouldBe(200).Json;
        first["items"]!.AsArray().Select(t => t!["slug"]!.GetValue<string>()).ShouldBe([$"{prefix}-1", $"{prefix}-2"]);
        var second = (await platform.Get($"/api/tenants?limit=1&after={first["next"]!.GetValue<string>()}")).ShouldBe(200).Json;
        second["items"]![0]!["slug"]!.GetValue<string>().ShouldBe($"{prefix}-3");
        (await platform.Get("/api/tenants?limit=1000")).ShouldBe(200).Json["next"].ShouldBeNull();
    }

    [Theory]
    [InlineData("limit=0")]
    [InlineData("limit=1001")]
    public async Task a_page_has_1_to_1000_tenants(string query) =>
        (await (await Client.Platform(host)).Get($"/api/tenants?{query}")).ShouldBe(400).Fields.ShouldBe(["limit"]);

    [Fact]
    public async Task a_failed_provisioning_leaves_nothing_and_can_be_repeated()
    {
        var platform = await Client.Platform(host);
        var (slug, key) = (TestTenant.NewSlug("half"), Guid.CreateVersion7().ToString());
        var trigger = $"fail_{Tenant.SchemaOf(slug)}";
        await using var superuser = await host.OpenSuperuser();
        await superuser.Execute(
            $"""
            create function shared.{trigger}() returns trigger language plpgsql as $$ begin raise exception 'the disk is on fire'; end $$;
            create trigger {trigger} before insert on shared.tenants for each row when (new.slug = '{slug}')
                execute function shared.{trigger}();
            """
        );
        try
        {
            // everything exists by then except the row, which is inserted last
            var answer = (await platform.Post("/api/tenants", TestTenant.Request(slug), key)).ShouldBe(500);
            answer.ContentType.ShouldBe("application/problem+json");
            await ShouldNotExist(superuser, slug);
            (await Count(superuser, $"shared.idempotency_keys where key = '{key}'")).ShouldBe(0);
        }
        finally
        {
            await superuser.Execute($"drop trigger {trigger} on shared.tenants; drop function shared.{trigger}()");
        }
        (await platform.Post("/api/tenants", TestTenant.Request(slug), key)).ShouldBe(201);
        (await (await TestTenant.SignIn(host, slug)).Post("stores", new { code = "S1", name = "x" })).ShouldBe(201);
    }

    [Fact]
    public async Task an_empty_schema_left_by_a_crash_is_replaced()
    {
        // as after the process died before the last transaction: all tables exist, bound to a tenant that was never registered
        var slug = TestTenant.NewSlug("crash");
        var schema = Tenant.SchemaOf(slug);
        await using var databases = new Databases(
            Npgsql.NpgsqlDataSource.Create(host.Connections.Service),
            Npgsql.NpgsqlDataSource.Create(host.Connections.Owner!)
        );
        var scripts = host.Services.GetRequiredService<SchemaScripts>();
        (
            await scripts.Migrate(databases.RequireOwner(), "tenant", schema, Guid.CreateVersion7(), TestContext.Current.CancellationToken)
        ).ShouldNotBeEmpty();
        await using var superuser = await host.OpenSuperuser();
        await superuser.Execute($"create table {schema}.left_behind (id int); alter table {schema}.left_behind owner to fluxion_owner");

        var created = (await (await Client.Platform(host)).Post("/api/tenants", TestTenant.Request(slug))).ShouldBe(201).Json;
        (await superuser.Column<bool>($"select to_regclass('{schema}.left_behind') is null")).ShouldBe([true]);
        var tenant = new TestTenant(created["id"]!.GetValue<Guid>(), slug, await TestTenant.SignIn(host, slug));
        (await (await tenant.CreateStore("S1", "P1", stock: 3)).OnHand()).ShouldBe(3);
        (await superuser.Column<Guid>($"select tenant_id from {schema}.inventory_movements")).ShouldBe([tenant.Id]);
    }

    private static async Task<JsonNode?> Row(Client platform, string slug) =>
        (await platform.Get("/api/tenants?limit=1000")).ShouldBe(200).Json["items"]!
            .AsArray()
            .SingleOrDefault(t => t!["slug"]!.GetValue<string>() == slug);

    [Fact]
    public async Task a_failed_lookup_of_a_tenant_is_not_cached()
    {
        var tenant = await TestTenant.Create(host);
        var builder = new Npgsql.NpgsqlDataSourceBuilder(host.Connections.Service);
        var away = true;
        void Open() => _ = away ? throw new TimeoutException("The database is away.") : true;
        builder.UsePhysicalConnectionInitializer(
            _ => Open(),
            _ =>
            {
                Open();
                return Task.CompletedTask;
            }
        );
        await using var databases = new Databases(builder.Build(), null);
        var options = new Marten.StoreOptions();
        options.Connection(databases.Service);
        using var stores = ActivatorUtilities.CreateInstance<TenantDocumentStores>(
            host.Services,
            options,
            databases,
            ActivatorUtilities.CreateInstance<TenantRegistry>(host.Services, databases)
        );
        Should.Throw<TimeoutException>(() => stores.ForTenant(tenant.Id.ToString()));
        away = false;
        stores.ForTenant(tenant.Id.ToString()).Options.DatabaseSchemaName.ShouldBe(tenant.Schema);
    }

    [Fact]
    public async Task a_host_without_the_owners_connection_refuses_to_provision_with_the_reason()
    {
        var ct = TestContext.Current.CancellationToken;
        await using var database = await host.NewDatabase();
        await using (var made = MigrationTests.NewHost(database.Connections))
            await made.Prepare(database.Connections, ct);
        await using var node = MigrationTests.NewHost(database.Connections with { Owner = null });
        node.MapFluxion();
        await node.StartAsync(ct);
        var platform = await Client.SignIn(
            new HttpClient { BaseAddress = new Uri(node.Urls.First()) },
            null,
            DemoTenant.PlatformAccount,
            DemoTenant.Password
        );
        foreach (
            var (path, body) in ((string, object?)[])
                [("/api/tenants", TestTenant.Request(TestTenant.NewSlug())), ("/api/tenants/fluxion-demo/suspend", null)]
        )
            (await platform.Post(path, body)).ShouldBe(503).Detail!.ShouldContain("ConnectionStrings__FluxionOwner");
        (await platform.Get("/api/tenants")).ShouldBe(200);
        await node.StopAsync(ct);
    }

    private static async Task<long> Count(Npgsql.NpgsqlConnection connection, string from) =>
        (await connection.Column<long>($"select count(*) from {from}")).Single();

    private static async Task ShouldNotExist(Npgsql.NpgsqlConnection superuser, string slug)
    {
        (await Count(superuser, $"pg_namespace where nspname = '{Tenant.SchemaOf(slug)}'")).ShouldBe(0);
        (await Count(superuser, $"shared.tenants where slug = '{slug}'")).ShouldBe(0);
    }
}
