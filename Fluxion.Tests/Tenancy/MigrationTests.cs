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

    /// <summary>A host that is set up and does not serve.</summary>
    private static WebApplication NewHost(DatabaseConnections connections)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions
        {
            EnvironmentName = "Development",
            ContentRootPath = AppContext.BaseDirectory,
            ApplicationName = typeof(FluxionHost).Assembly.GetName().Name,
        });
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?> { ["Fluxion:SigningKey"] = HostProcess.SigningKey });
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
}
