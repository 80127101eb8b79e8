using System.Diagnostics;
using System.Text;
using Fluxion.Ledger.Diagnostics;
using Fluxion.Projections.Replay;
using Fluxion.Tests.Host;
using Fluxion.Tests.Stock;
using Fluxion.Tests.Tenancy;
using Microsoft.Extensions.DependencyInjection;

namespace Fluxion.Tests.Diagnostics;

/// <summary>Each command through the real host has a span and is counted, by its outcome.</summary>
public sealed class CommandDiagnosticsTests(LedgerHost host)
{
    private const string Sale = "Record sale";

    private static object Sell(decimal quantity, string sku = "P1") =>
        new
        {
            store = "M1",
            invoiceNumber = "F-" + Guid.CreateVersion7().ToString("N")[^12..],
            lines = new[]
            {
                new
                {
                    sku,
                    quantity,
                    unitPrice = 4m,
                },
            },
        };

    private static object? Tag(Activity span, string name) => span.GetTagItem(name);

    [Fact]
    public async Task a_sale_has_a_span_and_is_counted()
    {
        var tenant = await TestTenant.Create(host);
        await tenant.CreateStore("M1", "P1", stock: 10);
        using var spans = new Spans(tenant.Slug);
        using var commands = new Measurements("fluxion.commands");
        using var duration = new Measurements("fluxion.command.duration");
        using var lockWait = new Measurements("fluxion.command.lock_wait");
        (await tenant.Admin.Post("sales", Sell(2))).ShouldBe(201);

        var span = spans.Of(Sale).ShouldHaveSingleItem();
        Tag(span, Instruments.Command).ShouldBe(Sale);
        Tag(span, Instruments.Outcome).ShouldBe("accepted");
        Tag(span, Instruments.IsReplayed).ShouldBe(false);
        Tag(span, Instruments.RefusalKind).ShouldBeNull();
        span.Status.ShouldBe(ActivityStatusCode.Unset);
        var waited = Tag(span, Instruments.LockWaitSeconds).ShouldBeOfType<double>();
        waited.ShouldBeInRange(double.Epsilon, span.Duration.TotalSeconds);

        var counted = commands.Of(tenant.Slug).ShouldHaveSingleItem();
        counted.Value.ShouldBe(1);
        counted.Tags.ShouldBe(
            new Dictionary<string, object?> { [Instruments.Command] = Sale, [Instruments.Outcome] = "accepted" },
            ignoreOrder: true
        );
        duration.Of(tenant.Slug).ShouldHaveSingleItem().Value.ShouldBeInRange(waited, span.Duration.TotalSeconds);
        lockWait.Of(tenant.Slug).ShouldHaveSingleItem().Value.ShouldBe(waited);
    }

    [Fact]
    public async Task a_command_that_waits_for_a_lock_says_how_long()
    {
        var tenant = await TestTenant.Create(host);
        await tenant.CreateStore("M1", "P1", stock: 10);
        using var spans = new Spans(tenant.Slug);
        await using var superuser = await host.OpenSuperuser();
        await superuser.Execute($"begin; select from {tenant.Schema}.mt_streams for update");
        var sale = tenant.Admin.Post("sales", Sell(2));
        const string waits = "select from pg_locks where not granted and locktype in ('transactionid', 'tuple')";
        for (var attempt = 0; (await superuser.Rows(waits)).Count == 0; attempt++)
        {
            attempt.ShouldBeLessThan(600);
            await Task.Delay(50, TestContext.Current.CancellationToken);
        }
        await Task.Delay(500, TestContext.Current.CancellationToken);
        await superuser.Execute("rollback");
        (await sale).ShouldBe(201);
        Tag(spans.Of(Sale).ShouldHaveSingleItem(), Instruments.LockWaitSeconds).ShouldBeOfType<double>().ShouldBeGreaterThan(0.5);
    }

    [Fact]
    public async Task a_replayed_key_says_so()
    {
        var tenant = await TestTenant.Create(host);
        await tenant.CreateStore("M1", "P1", stock: 10);
        using var spans = new Spans(tenant.Slug);
        using var commands = new Measurements("fluxion.commands");
        var (sale, key) = (Sell(2), Guid.CreateVersion7().ToString());
        (await tenant.Admin.Post("sales", sale, key)).ShouldBe(201);
        (await tenant.Admin.Post("sales", sale, key)).ShouldBe(201);
        (await tenant.Admin.Post("sales", Sell(3), key)).ShouldBe(422);

        spans
            .Of(Sale)
            .Select(span => (Tag(span, Instruments.Outcome), Tag(span, Instruments.IsReplayed), Tag(span, Instruments.RefusalKind)))
            .ShouldBe([("accepted", false, null), ("replayed", true, null), ("refused", false, "key_reused")]);
        commands.Of(tenant.Slug).Select(c => c.Tags[Instruments.Outcome]).ShouldBe(["accepted", "replayed", "refused"]);
    }

    [Fact]
    public async Task a_refusal_says_its_kind()
    {
        var tenant = await TestTenant.Create(host);
        await tenant.CreateStore("M1", "P1", stock: 1);
        using var spans = new Spans(tenant.Slug);
        using var commands = new Measurements("fluxion.commands");
        (await tenant.Admin.Post("sales", Sell(2))).ShouldBe(409);
        (await tenant.Admin.Post("sales", Sell(1, sku: "P2"))).ShouldBe(404);
        (await tenant.Admin.Post("sales", Sell(1), key: null)).ShouldBe(400);

        object?[] kinds = ["conflict", "not_found", "invalid"];
        spans.Of(Sale).ShouldAllBe(span => Tag(span, Instruments.Outcome) as string == "refused");
        spans.Of(Sale).Select(span => Tag(span, Instruments.RefusalKind)).ShouldBe(kinds);
        commands.Of(tenant.Slug).Select(c => c.Tags[Instruments.RefusalKind]).ShouldBe(kinds);
    }

    [Fact]
    public async Task of_24_stores_of_one_code_at_once_one_is_accepted_and_each_lost_race_is_a_conflict()
    {
        var tenant = await TestTenant.Create(host);
        using var spans = new Spans(tenant.Slug);
        using var conflicts = new Measurements("fluxion.command.conflicts");
        await Task.WhenAll(Enumerable.Range(0, 24).Select(_ => tenant.Admin.Post("stores", new { code = "M1", name = "A store" })));

        var outcomes = spans.Of("Open store").Select(span => Tag(span, Instruments.Outcome)).ToList();
        outcomes.Count.ShouldBe(24);
        outcomes.Count(o => o is "accepted").ShouldBe(1);
        outcomes.Count(o => o is "refused" or "conflict").ShouldBe(23);
        conflicts.Of(tenant.Slug).Count.ShouldBe(outcomes.Count(o => o is "conflict"));
    }

    [Fact]
    public async Task a_file_that_is_tried_out_counts_its_rows()
    {
        var tenant = await TestTenant.Create(host);
        await tenant.CreateStore("M1", "P1");
        using var spans = new Spans(tenant.Slug);
        using var rows = new Measurements("fluxion.import.rows");
        var file = new StringBuilder("sku,name,unitType,costPrice\n");
        for (var i = 0; i < 37; i++)
            file.Append('T').Append(i).Append(",A product,unit,1\n");
        using var content = new StringContent(file.ToString(), Encoding.UTF8, "text/csv");
        using var answer = await tenant.Admin.Http.PostAsync(
            new Uri($"/api/{tenant.Slug}/imports/products?dryRun=true", UriKind.Relative),
            content,
            TestContext.Current.CancellationToken
        );
        ((int)answer.StatusCode).ShouldBe(200, await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));

        Tag(spans.Of("Import products").ShouldHaveSingleItem(), Instruments.Outcome).ShouldBe("dry_run");
        rows.Values((Instruments.Command, "Import products"), (Instruments.Outcome, "dry_run")).ShouldContain(37);
    }

    [Fact]
    public async Task a_replay_measures_its_progress_up_to_the_end()
    {
        var tenant = await TestTenant.Create(host);
        await tenant.CreateStore("M1", "P1", stock: 10);
        using var progress = new Measurements("fluxion.replay.progress");
        var ct = TestContext.Current.CancellationToken;
        (
            await host.Services.GetRequiredService<TenantReplay>().Run(tenant.Registered, new ReplayRequest(), null, ct)
        ).IsEqual.ShouldBeTrue();

        var fractions = progress.Values((Instruments.Tenant, tenant.Slug));
        fractions.Count.ShouldBeGreaterThan(1);
        fractions.ShouldAllBe(fraction => fraction >= 0 && fraction <= 1);
        fractions[^1].ShouldBe(1);
    }

    [Fact]
    public async Task the_review_of_alerts_has_a_span_and_a_lag()
    {
        var tenant = await TestTenant.Create(host);
        await tenant.CreateStore("M1", "P1");
        var low = new
        {
            sku = "P2",
            name = "A product",
            unitType = "unit",
            costPrice = 1m,
            reorderPoint = 5,
        };
        (await tenant.Admin.Post("products", low)).ShouldBe(201);
        (await new TestStore(tenant.Admin, "M1", "P2").Receive(10)).ShouldBe(200);
        using var spans = new Spans(tenant.Slug);
        using var lag = new Measurements("fluxion.alert.lag");
        (await tenant.Admin.Post("sales", Sell(8, sku: "P2"))).ShouldBe(201);
        for (var attempt = 0; spans.Of("ReviewStock").Count == 0 || lag.Values().Count == 0; attempt++)
        {
            attempt.ShouldBeLessThan(300);
            await Task.Delay(100, TestContext.Current.CancellationToken);
        }
        spans.Of("ReviewStock").ShouldAllBe(span => Tag(span, Instruments.Outcome) as string == "accepted");
        lag.Values().ShouldAllBe(seconds => seconds >= 0 && seconds < 600);
    }
}
