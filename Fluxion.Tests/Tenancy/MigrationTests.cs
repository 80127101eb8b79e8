using Fluxion.Host;
using Fluxion.Host.Database;
using Fluxion.Host.Demo;
using Fluxion.Ledger.Tenancy;
using Fluxion.Ledger.Time;
using Fluxion.Tests.Host;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Fluxion.Tests.Tenancy;

/// <summary>Several hosts on one database, as when a new one is deployed beside the old one.</summary>
public sealed class MigrationTests(LedgerHost ledger)
{
    private static readonly string Demo = Tenant.SchemaOf(DemoTenant.Slug);

    /// <summary>A host that is set up and not yet serving. Once it serves, it uses a free port.</summary>
    /// <param name="clock">The clock of the machine that the host runs on.</param>
    internal static WebApplication NewHost(DatabaseConnections connections, string environment = "Development", TimeProvider? clock = null)
    {
        var builder = WebApplication.CreateBuilder(
            new WebApplicationOptions
            {
                EnvironmentName = environment,
                ContentRootPath = AppContext.BaseDirectory,
                ApplicationName = typeof(FluxionHost).Assembly.GetName().Name,
            }
        );
        builder.Configuration.AddInMemoryCollection(
            new Dictionary<string, string?> { ["Fluxion:SigningKey"] = HostProcess.SigningKey, ["Urls"] = "http://127.0.0.1:0" }
        );
        if (clock is not null)
            builder.Services.AddSingleton(new LedgerClock(clock));
        builder.AddFluxion(FluxionSettings.Read(builder.Configuration, builder.Environment));
        builder.Services.AddSingleton(connections);
        return builder.Build();
    }

    private static async Task<List<string>> Journals(OwnDatabase database)
    {
        await using var superuser = await database.OpenSuperuser();
        return await superuser.Column<string>(
            $"""
            select 'shared ' || scriptname from shared.schema_versions
            union all select 'template ' || scriptname from template.schema_versions
            union all select '{Demo} ' || scriptname from {Demo}.schema_versions
            """
        );
    }

    [Fact]
    public async Task hosts_that_start_concurrently_create_everything_once()
    {
        var ct = TestContext.Current.CancellationToken;
        await using var database = await ledger.NewDatabase();
        await using var one = NewHost(database.Connections);
        await using var other = NewHost(database.Connections);
        Task Both(Func<WebApplication, Task> start) => Task.WhenAll(Task.Run(() => start(one), ct), Task.Run(() => start(other), ct));

        // the database is empty: both find that everything must be created, the demo tenant too
        await Both(host => host.Prepare(database.Connections, ct));
        var made = await Journals(database);
        made.ShouldBeUnique();
        foreach (var schema in (string[])["shared", TenantProvisioning.Template, Demo])
        {
            var scripts = one.Services.GetRequiredService<SchemaScripts>().Names(schema == "shared" ? "shared" : "tenant");
            made.Count(line => line.StartsWith($"{schema} ", StringComparison.Ordinal)).ShouldBe(scripts.Length, schema);
        }

        // and once more when nothing is left to do
        await Both(host => host.Services.GetRequiredService<TenantProvisioning>().Migrate(null, null, ct));
        await Both(host => Migrations.Run(host.Services, everything: true, ct));
        (await Journals(database)).ShouldBe(made, ignoreOrder: true);
    }

    [Fact]
    public async Task a_start_migrates_only_schemas_with_another_fingerprint()
    {
        var ct = TestContext.Current.CancellationToken;
        await using var database = await ledger.NewDatabase();
        await using var host = NewHost(database.Connections);
        await host.Prepare(database.Connections, ct);
        await using var superuser = await database.OpenSuperuser();
        async Task<bool> Granted() =>
            (await superuser.Column<bool>($"select has_table_privilege('fluxion_app', '{Demo}.mt_events', 'select')")).Single();

        await superuser.Execute($"revoke select on {Demo}.mt_events from fluxion_app");
        await Migrations.Run(host.Services, everything: false, ct);
        (await Granted()).ShouldBeFalse(); // the fingerprints are equal, so no schema was examined

        await superuser.Execute($"update shared.schema_fingerprints set fingerprint = 'of an older build' where schema_name = '{Demo}'");
        await Migrations.Run(host.Services, everything: false, ct);
        (await Granted()).ShouldBeTrue();
        (await superuser.Column<long>("select count(distinct fingerprint) from shared.schema_fingerprints")).ShouldBe([1]);
        (await superuser.Column<string>("select schema_name from shared.schema_fingerprints")).ShouldBe(
            ["shared", TenantProvisioning.Template, Demo, "wolverine"],
            ignoreOrder: true
        );
    }

    [Fact]
    public async Task martens_tables_are_compared_only_when_their_ddl_changed_or_on_request()
    {
        var ct = TestContext.Current.CancellationToken;
        await using var database = await ledger.NewDatabase();
        await using var host = NewHost(database.Connections);
        await host.Prepare(database.Connections, ct);
        await using var superuser = await database.OpenSuperuser();
        async Task<bool> IsThere() => (await superuser.Column<bool>($"select to_regclass('{Demo}.mt_doc_user') is not null")).Single();
        Task Forget(string column) =>
            superuser.Execute(
                $"""
                drop table if exists {Demo}.mt_doc_user cascade;
                update shared.schema_fingerprints set {column} = 'of an older build' where schema_name = '{Demo}'
                """
            );

        await Forget("fingerprint");
        await Migrations.Run(host.Services, everything: false, ct);
        (await IsThere()).ShouldBeFalse(); // the fingerprint of our own scripts does not affect Marten's tables
        await Migrations.Run(host.Services, everything: true, ct);
        (await IsThere()).ShouldBeTrue();
        await Forget("fingerprint");
        await Forget("marten");
        await Migrations.Run(host.Services, everything: false, ct);
        (await IsThere()).ShouldBeTrue();
    }

    /// <summary>Makes the tenant's journal say that no script has run, so that the existing objects make the first script fail.</summary>
    private static async Task Break(Npgsql.NpgsqlConnection superuser, string schema) =>
        await superuser.Execute(
            $"""
            alter table {schema}.schema_versions rename to kept;
            create table {schema}.schema_versions (like {schema}.kept including all);
            alter table {schema}.schema_versions owner to fluxion_owner
            """
        );

    private static async Task Repair(Npgsql.NpgsqlConnection superuser, string schema) =>
        await superuser.Execute($"drop table {schema}.schema_versions; alter table {schema}.kept rename to schema_versions");

    [Fact]
    public async Task a_tenant_whose_migration_fails_is_named_and_not_served_and_others_continue()
    {
        var ct = TestContext.Current.CancellationToken;
        await using var database = await ledger.NewDatabase();
        await using var serving = await HostProcess.Serve(database.Connections);
        var environment = HostProcess.Development(database.Connections);
        environment["FLUXION_PASSWORD"] = TestTenant.Password;
        foreach (var slug in (string[])["acme", "broken"])
            (
                await HostProcess.Run(environment, "tenants", "add", slug, "--name", slug, "--admin-email", TestTenant.AdminEmail)
            ).ExitCode.ShouldBe(0);
        Task<Client> SignIn(HostProcess host, string slug) =>
            Client.SignIn(host.NewClient(), slug, TestTenant.AdminEmail, TestTenant.Password);
        var (acme, broken) = (await SignIn(serving, "acme"), await SignIn(serving, "broken"));
        (await broken.Get("inventory")).ShouldBe(200);
        await using var superuser = await database.OpenSuperuser();
        await Break(superuser, "tenant_broken");
        await superuser.Execute(
            """
            update shared.schema_fingerprints set fingerprint = 'of an older build';
            revoke select on tenant_acme.mt_events from fluxion_app
            """
        );

        var (code, output) = await HostProcess.Run(environment, "database", "migrate");
        code.ShouldBe(1, output);
        output.ShouldContain("error: broken: The script 0001_updated_at.sql failed in the schema tenant_broken: ");
        output.ShouldContain("already exists");
        output.ShouldContain("1 of 4 schemas were not changed");
        output.ShouldContain("4/4 ");
        output.ShouldNotContain("   at ");
        (
            await superuser.Column<string>("select schema_name from shared.schema_fingerprints where fingerprint = 'of an older build'")
        ).ShouldBe(["tenant_broken"]);
        (await acme.Get("inventory")).ShouldBe(200);

        // hosts of this version log the failure, also one that starts now; the tenant's users do not see the reason
        await using var starting = await HostProcess.Serve(database.Connections);
        starting.Output.ShouldContain("broken is not up to date and is not served: The script 0001_updated_at.sql failed");
        await Wait.Until(async () => (await broken.Get("inventory")).Status == 503, "the tenant is not served");
        (await (await SignIn(starting, "acme")).Get("inventory")).ShouldBe(200);
        Task<Answer> Token(HostProcess host) =>
            new Client(host.NewClient(), "").Post(
                "/api/token",
                new
                {
                    tenant = "broken",
                    email = TestTenant.AdminEmail,
                    password = TestTenant.Password,
                },
                null
            );
        foreach (
            var answer in (Answer[])
                [
                    await broken.Get("inventory"),
                    await broken.Post("stores", new { code = "S1", name = "x" }),
                    await Token(serving),
                    await Token(starting),
                ]
        )
        {
            answer.ShouldBe(503).Detail!.ShouldContain("'broken' could not be brought up to date");
            answer.Text.ShouldNotContain("0001");
        }
        (await broken.Get("inventory")).Headers.RetryAfter.ShouldNotBeNull();
        (await HostProcess.Run(environment, "tenants", "list")).Output.ShouldContain("not up to date");

        // a host of an older version, whose fingerprint did not fail, would go on serving the tenant
        await superuser.Execute("update shared.failed_migrations set fingerprint = 'of a newer build'");
        await Wait.Until(async () => (await broken.Get("inventory")).Status == 200, "the tenant is served");

        await Repair(superuser, "tenant_broken");
        (code, output) = await HostProcess.Run(environment, "database", "migrate");
        code.ShouldBe(0, output);
        output.ShouldContain("shared, template and 3 tenants (1 checked)");
        (await superuser.Rows("select from shared.failed_migrations")).ShouldBeEmpty();
        await Wait.Until(
            async () => (await (await SignIn(starting, "broken")).Get("inventory")).Status == 200,
            "the other host serves the tenant"
        );
    }

    [Fact]
    public async Task an_interrupted_migration_resumes_with_the_remaining_tenants()
    {
        var ct = TestContext.Current.CancellationToken;
        await using var database = await ledger.NewDatabase();
        await using var host = NewHost(database.Connections);
        await host.Prepare(database.Connections, ct);
        var provisioning = host.Services.GetRequiredService<TenantProvisioning>();
        for (var i = 0; i < 9; i++)
            await provisioning.Provision($"t{i}", "A company", null, null, null, ct);
        await using var superuser = await database.OpenSuperuser();
        await superuser.Execute("update shared.schema_fingerprints set fingerprint = 'of an older build'");

        using var interrupt = CancellationTokenSource.CreateLinkedTokenSource(ct);
        await Should.ThrowAsync<OperationCanceledException>(() =>
            Migrations.Run(
                host.Services,
                everything: false,
                interrupt.Token,
                m =>
                {
                    if (m.Done == 2)
                        interrupt.Cancel();
                }
            )
        );
        var left = (
            await superuser.Column<string>(
                "select schema_name from shared.schema_fingerprints where fingerprint = 'of an older build' and schema_name <> 'wolverine'"
            )
        );
        left.Count.ShouldBeInRange(1, 9);

        var seen = new List<Migrated>();
        var (tenants, failed) = await Migrations.Run(host.Services, everything: false, ct, seen.Add);
        (tenants, failed.Count).ShouldBe((10, 0));
        seen.Select(m => m.Done).ShouldBe(Enumerable.Range(1, left.Count));
        seen.Select(m => m.Name == TenantProvisioning.Template ? m.Name : Tenant.SchemaOf(m.Name)).ShouldBe(left, ignoreOrder: true);
        (await superuser.Column<long>("select count(distinct fingerprint) from shared.schema_fingerprints")).ShouldBe([1]);
    }

    [Fact]
    public async Task a_migration_waits_for_an_analysts_query_without_blocking_others()
    {
        var ct = TestContext.Current.CancellationToken;
        await using var database = await ledger.NewDatabase();
        await using var host = NewHost(database.Connections);
        await host.Prepare(database.Connections, ct);
        await using var superuser = await database.OpenSuperuser();
        await superuser.Execute(
            $"""
            delete from {Demo}.schema_versions where scriptname like '%0017_order_lines.sql';
            alter table {Demo}.purchase_order_items drop column is_removed cascade;
            drop index {Demo}.idx_purchase_orders_open;
            update shared.schema_fingerprints set fingerprint = 'of an older build' where schema_name = '{Demo}'
            """
        );

        await using var analyst = await database.OpenSuperuser();
        await analyst.Execute($"begin; select 1 from {Demo}.purchase_order_items");
        var migration = Task.Run(() => Migrations.Run(host.Services, everything: false, ct), ct);
        await Wait.Until(
            async () =>
                (await superuser.Rows($"select from pg_stat_activity where wait_event_type = 'Lock' and datname = '{database.Name}'")).Count
                > 0,
            "the migration waits for the analyst's lock"
        );
        // waits behind the migration, until the migration gives up
        await superuser.Execute($"set statement_timeout = '15s'; select 1 from {Demo}.purchase_order_items");
        migration.IsCompleted.ShouldBeFalse();
        await analyst.Execute("commit");
        (await migration).Failed.ShouldBeEmpty();
        (
            await superuser.Rows(
                $"""
                select from information_schema.columns where table_schema = '{Demo}' and table_name = 'purchase_order_items'
                    and column_name = 'is_removed'
                """
            )
        ).Count.ShouldBe(1);
    }

    [Fact]
    public async Task commands_continue_while_another_host_starts()
    {
        var ct = TestContext.Current.CancellationToken;
        await using var database = await ledger.NewDatabase();
        await using var serving = await HostProcess.Serve(database.Connections);
        var shop = await new TestTenant(Guid.Empty, DemoTenant.Slug, await serving.Demo("admin")).CreateStore("S-STARTS", "P-STARTS");
        await using var starting = NewHost(database.Connections);
        var starts = Task.Run(
            async () =>
            {
                for (var i = 0; i < 5; i++)
                    await Migrations.Run(starting.Services, everything: true, ct);
            },
            ct
        );
        var received = 0;
        while (!starts.IsCompleted)
        {
            var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => shop.Receive(1)));
            foreach (var answer in answers)
                answer.ShouldBe(200);
            received += answers.Length;
        }
        await starts; // the commands do not block the migrations either
        received.ShouldBePositive();
        (await shop.OnHand()).ShouldBe(received);
    }

    [Fact]
    public async Task audit_rows_of_an_older_version_get_the_stores_of_their_entities()
    {
        var ct = TestContext.Current.CancellationToken;
        await using var database = await ledger.NewDatabase();
        await using var serving = await HostProcess.Serve(database.Connections);
        var admin = await serving.Demo("admin");
        (
            await admin.Post(
                "stock/transfers",
                new
                {
                    fromStore = "CCS-01",
                    toStore = "VLN-01",
                    lines = new[] { new { sku = "LAC001", quantity = 1 } },
                }
            )
        ).ShouldBe(201);
        (
            await admin.Post(
                "stock/reservations",
                new
                {
                    reference = "r",
                    lines = ((string[])["VLN-01", "CCS-01", "VLN-01"]).Select(store => new
                    {
                        store,
                        sku = "HAR001",
                        quantity = 1,
                    }),
                }
            )
        ).ShouldBe(201);
        await using var superuser = await database.OpenSuperuser();
        Task<List<string>> Rows() => superuser.Column<string>($"select entity_type || ' ' || metadata from {Demo}.events order by id");
        var rows = await Rows();
        rows.Count(row => row.Contains("store_ids", StringComparison.Ordinal)).ShouldBeGreaterThan(100);

        await superuser.Execute(
            $"""
            select set_config('app.current_tenant_id', (select id::text from shared.tenants where schema_name = '{Demo}'), false);
            update {Demo}.events set metadata = metadata - 'store_ids' ||
                case when entity_type = 'reservation' then '{"{}"}' else jsonb_build_object('store_id', metadata -> 'store_ids' -> 0) end
            where metadata ? 'store_ids';
            delete from {Demo}.schema_versions where scriptname like '%0022_audit_stores.sql'
            """
        );
        (await Rows()).ShouldNotBe(rows);
        await using var host = NewHost(database.Connections);
        await Migrations.Run(host.Services, everything: true, ct);
        (await Rows()).ShouldBe(rows);
    }
}
