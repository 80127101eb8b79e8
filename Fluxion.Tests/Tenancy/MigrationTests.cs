using Fluxion.Host;
using Fluxion.Host.Database;
using Fluxion.Host.Demo;
using Fluxion.Ledger.Tenancy;
using Fluxion.Tests.Host;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Fluxion.Tests.Tenancy;

/// <summary>Several hosts on one database, as when one is deployed beside another.</summary>
public sealed class MigrationTests(LedgerHost ledger)
{
    private static readonly string Demo = Tenant.SchemaOf(DemoTenant.Slug);

    /// <summary>A host that is set up and does not serve yet; then on a free port.</summary>
    internal static WebApplication NewHost(DatabaseConnections connections, string environment = "Development")
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions
        {
            EnvironmentName = environment,
            ContentRootPath = AppContext.BaseDirectory,
            ApplicationName = typeof(FluxionHost).Assembly.GetName().Name,
        });
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?> { ["Fluxion:SigningKey"] = HostProcess.SigningKey, ["Urls"] = "http://127.0.0.1:0" });
        builder.AddFluxion(FluxionSettings.Read(builder.Configuration, builder.Environment), connections);
        return builder.Build();
    }

    private static async Task<List<string>> Journals(OwnDatabase database)
    {
        await using var superuser = database.Superuser();
        await superuser.OpenAsync(TestContext.Current.CancellationToken);
        return await superuser.Column<string>($"""
            select 'shared ' || scriptname from shared.schema_versions
            union all select 'template ' || scriptname from template.schema_versions
            union all select '{Demo} ' || scriptname from {Demo}.schema_versions
            """);
    }

    [Fact]
    public async Task hosts_that_start_at_once_make_everything_once()
    {
        var ct = TestContext.Current.CancellationToken;
        await using var database = await ledger.NewDatabase();
        await using var one = NewHost(database.Connections);
        await using var other = NewHost(database.Connections);
        Task Both(Func<WebApplication, Task> start) => Task.WhenAll(Task.Run(() => start(one), ct), Task.Run(() => start(other), ct));

        // the database is empty: both find that everything has to be made, the demo tenant too
        await Both(host => host.Prepare(database.Connections, ct));
        var made = await Journals(database);
        made.ShouldBeUnique();
        foreach (var schema in (string[])["shared", TenantProvisioning.Template, Demo])
        {
            var scripts = Directory.GetFiles(Path.Combine(DatabaseInitialization.SchemaFolder, schema == "shared" ? "shared" : "tenant"), "*.sql");
            made.Count(line => line.StartsWith($"{schema} ", StringComparison.Ordinal)).ShouldBe(scripts.Length, schema);
        }

        // and now that there is nothing to do
        await Both(host => host.Services.GetRequiredService<TenantProvisioning>().Migrate(new HashSet<string>(), ct));
        await Both(host => Migrations.Run(host.Services, everything: true, ct));
        (await Journals(database)).ShouldBe(made, ignoreOrder: true);
    }

    [Fact]
    public async Task a_start_migrates_what_has_another_fingerprint_and_leaves_the_rest_alone()
    {
        var ct = TestContext.Current.CancellationToken;
        await using var database = await ledger.NewDatabase();
        await using var host = NewHost(database.Connections);
        await host.Prepare(database.Connections, ct);
        await using var superuser = database.Superuser();
        await superuser.OpenAsync(ct);
        async Task<bool> Granted() => (await superuser.Column<bool>($"select has_table_privilege('fluxion_app', '{Demo}.mt_events', 'select')")).Single();

        await superuser.Execute($"revoke select on {Demo}.mt_events from fluxion_app");
        await Migrations.Run(host.Services, everything: false, ct);
        (await Granted()).ShouldBeFalse(); // nothing was looked at

        await superuser.Execute($"update shared.schema_fingerprints set fingerprint = 'of an older build' where schema_name = '{Demo}'");
        await Migrations.Run(host.Services, everything: false, ct);
        (await Granted()).ShouldBeTrue();
        (await superuser.Column<long>("select count(distinct fingerprint) from shared.schema_fingerprints")).ShouldBe([1]);
        (await superuser.Column<string>("select schema_name from shared.schema_fingerprints")).ShouldBe(
            ["shared", TenantProvisioning.Template, Demo, "wolverine"], ignoreOrder: true);
    }

    [Fact]
    public async Task commands_go_on_while_another_host_starts()
    {
        var ct = TestContext.Current.CancellationToken;
        await using var database = await ledger.NewDatabase();
        await using var serving = await HostProcess.Serve(database.Connections);
        var shop = await new Company(Guid.Empty, DemoTenant.Slug, await serving.Demo("admin")).Open("S-STARTS", "P-STARTS");
        await using var starting = NewHost(database.Connections);
        var starts = Task.Run(async () =>
        {
            for (var i = 0; i < 5; i++) await Migrations.Run(starting.Services, everything: true, ct);
        }, ct);
        var received = 0;
        while (!starts.IsCompleted)
        {
            var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => shop.Receive(1)));
            foreach (var answer in answers) answer.ShouldBe(200);
            received += answers.Length;
        }
        await starts; // and it is not in their way either
        received.ShouldBePositive();
        (await shop.OnHand()).ShouldBe(received);
    }

    [Fact]
    public async Task audit_rows_of_an_older_build_are_given_the_stores_of_their_entities()
    {
        var ct = TestContext.Current.CancellationToken;
        await using var database = await ledger.NewDatabase();
        await using var serving = await HostProcess.Serve(database.Connections);
        var admin = await serving.Demo("admin");
        (await admin.Post("stock/transfers", new { fromStore = "CCS-01", toStore = "VLN-01", lines = new[] { new { sku = "LAC001", quantity = 1 } } })).ShouldBe(201);
        (await admin.Post("stock/reservations", new { reference = "r", lines = ((string[])["VLN-01", "CCS-01", "VLN-01"]).Select(store => new { store, sku = "HAR001", quantity = 1 }) })).ShouldBe(201);
        await using var superuser = database.Superuser();
        await superuser.OpenAsync(ct);
        Task<List<string>> Rows() => superuser.Column<string>($"select entity_type || ' ' || metadata from {Demo}.events order by id");
        var rows = await Rows();
        rows.Count(row => row.Contains("store_ids", StringComparison.Ordinal)).ShouldBeGreaterThan(100);

        await superuser.Execute($"""
            select set_config('app.current_tenant_id', (select id::text from shared.tenants where schema_name = '{Demo}'), false);
            update {Demo}.events set metadata = metadata - 'store_ids' ||
                case when entity_type = 'reservation' then '{"{}"}' else jsonb_build_object('store_id', metadata -> 'store_ids' -> 0) end
            where metadata ? 'store_ids';
            delete from {Demo}.schema_versions where scriptname like '%0022_audit_stores.sql'
            """);
        (await Rows()).ShouldNotBe(rows);
        await using var host = NewHost(database.Connections);
        await Migrations.Run(host.Services, everything: true, ct);
        (await Rows()).ShouldBe(rows);
    }
}
