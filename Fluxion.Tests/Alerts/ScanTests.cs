using Fluxion.Ledger.Alerts;
using Fluxion.Ledger.Tenancy;
using Fluxion.Tests.Host;
using Fluxion.Tests.Projections;
using Fluxion.Tests.Tenancy;
using Microsoft.Extensions.DependencyInjection;

namespace Fluxion.Tests.Alerts;

/// <summary>Tests of alerts that only a scan raises, and no single command.</summary>
public sealed class ScanTests(LedgerHost host)
{
    /// <summary>Noon UTC of a past day, as the tenant's time zone is UTC. Null, which means now, for today.</summary>
    private static DateTimeOffset? DaysAgo(int days) =>
        days == 0 ? null : new DateTimeOffset(TimeProvider.System.GetUtcNow().UtcDateTime.Date, TimeSpan.Zero).AddDays(-days).AddHours(12);

    private async Task<TestTenant> CreateTenant(object? alerts = null)
    {
        var tenant = await TestTenant.Create(host);
        if (alerts is not null)
            (await tenant.Admin.Put("settings", new { overReceiptPercent = 0, alerts })).ShouldBe(200);
        (await tenant.Admin.Post("stores", new { code = "S1", name = "A store" })).ShouldBe(201);
        (
            await tenant.Admin.Post(
                "products",
                new
                {
                    sku = "P1",
                    name = "Milk",
                    costPrice = 2,
                    maxStockLevel = 40,
                }
            )
        ).ShouldBe(201);
        return tenant;
    }

    private static async Task Receive(TestTenant tenant, decimal quantity, int daysAgo = 0) =>
        (
            await tenant.Admin.Post(
                "stock/receipts",
                new
                {
                    store = "S1",
                    occurredAt = DaysAgo(daysAgo),
                    lines = new[] { new { sku = "P1", quantity } },
                }
            )
        ).ShouldBe(200);

    private static async Task Issue(TestTenant tenant, decimal quantity, int daysAgo = 0, string reason = "internal_use") =>
        (
            await tenant.Admin.Post(
                "stock/issues",
                new
                {
                    store = "S1",
                    reason,
                    occurredAt = DaysAgo(daysAgo),
                    lines = new[] { new { sku = "P1", quantity } },
                }
            )
        ).ShouldBe(200);

    private async Task<string[]> Scan(TestTenant tenant)
    {
        var scans = host.Services.GetRequiredService<AlertScans>();
        await scans.Scan(host.Services.GetRequiredService<TenantRegistry>().Get(tenant.Id), TestContext.Current.CancellationToken);
        (
            await scans.Scan(host.Services.GetRequiredService<TenantRegistry>().Get(tenant.Id), TestContext.Current.CancellationToken)
        ).ShouldBe(0, "twice says nothing new");
        return
        [
            .. (await AlertTests.Alerts(tenant.Admin)).Select(a => $"{a!["type"]} {a["priority"]} {a["status"]} {a["data"]!["level"]}"),
        ];
    }

    [Fact]
    public async Task stock_above_the_maximum_raises_overstock_until_it_is_back_at_the_maximum()
    {
        var tenant = await CreateTenant();
        await Receive(tenant, 40);
        (await Scan(tenant)).ShouldBeEmpty();
        await Receive(tenant, 1);
        (await Scan(tenant)).ShouldBe(["overstock low active 41"]);
        await Receive(tenant, 39);
        (await Scan(tenant)).ShouldBe(["overstock medium active 80"]);
        await Issue(tenant, 40);
        (await Scan(tenant)).ShouldBe(["overstock medium resolved 80"]);
    }

    [Fact]
    public async Task stock_without_issues_for_the_set_number_of_days_is_slow_moving_until_the_next_issue()
    {
        var tenant = await CreateTenant(new { slowMovingDays = 30 });
        await Receive(tenant, 10, daysAgo: 29);
        (await Scan(tenant)).ShouldBeEmpty();
        await Receive(tenant, 1, daysAgo: 31);
        await Issue(tenant, 1, reason: "return_to_supplier"); // not demand
        (await Scan(tenant)).ShouldBe(["slow_moving low active 31"]);
        (await tenant.Admin.Put("settings", new { overReceiptPercent = 0, alerts = new { slowMovingDays = 15 } })).ShouldBe(200);
        (await Scan(tenant)).ShouldBe(["slow_moving medium active 31"]);
        await Issue(tenant, 1);
        (await Scan(tenant)).ShouldBe(["slow_moving medium resolved 31"]);
    }

    [Fact]
    public async Task deactivating_a_product_dismisses_alerts_of_scans_at_once()
    {
        var tenant = await CreateTenant();
        await Receive(tenant, 50);
        (await Scan(tenant)).ShouldHaveSingleItem();
        (await tenant.Admin.Post("products/P1/deactivate", null)).ShouldBe(200);
        await AlertTests.WaitForAlerts(tenant.Admin, "dismissed");
        (await Scan(tenant)).ShouldHaveSingleItem().ShouldContain("dismissed");
    }

    [Theory]
    // median absolute deviation 0.5
    [InlineData(new[] { 2, 3, 4, 3, 2, 3, 5, 3, 4, 2, 3, 3, 4, 3, 2, 3, 4, 3, 3, 2, 4, 3, 3, 5, 2, 3, 4, 3 }, 30)]
    // median absolute deviation 0: the mean absolute deviation is used
    [InlineData(new[] { 0, 0, 5, 0, 0, 0, 0, 5, 0, 0, 0, 0, 5, 0, 0, 0, 5, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0, 0 }, 30)]
    // no deviation at all: a tenth of the median is used
    [InlineData(new[] { 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3 }, 5)]
    public async Task a_day_far_above_the_items_history_raises_a_demand_spike(int[] days, int spike)
    {
        double Median(IEnumerable<double> values) =>
            values.Order().ToArray() is var v && v.Length % 2 == 0 ? (v[(v.Length / 2) - 1] + v[v.Length / 2]) / 2 : v[v.Length / 2];
        var median = Median(days.Select(d => (double)d));
        var (mad, mean) = (Median(days.Select(d => Math.Abs(d - median))), days.Average(d => Math.Abs(d - median)));
        var deviation = Math.Max(mad > 0 ? mad / 0.6745 : 1.253314 * mean, median / 10);
        var usual = (int)Math.Floor(median + (3.5 * deviation)); // the largest demand that is not a spike

        var tenant = await CreateTenant();
        await Receive(tenant, 1000, daysAgo: 30);
        foreach (var (i, quantity) in days.Index().Where(day => day.Item > 0))
            await Issue(tenant, quantity, daysAgo: i + 2);
        string[] NotOverstock(string[] alerts) => [.. alerts.Where(a => !a.StartsWith("overstock", StringComparison.Ordinal))];
        if (usual > 0)
            await Issue(tenant, usual);
        NotOverstock(await Scan(tenant)).ShouldBeEmpty();
        await Issue(tenant, spike - usual);
        NotOverstock(await Scan(tenant)).ShouldBe([$"demand_spike medium active {spike}"]);
        var alert = (await AlertTests.Alerts(tenant.Admin, "type=demand_spike"))[0]!["data"]!;
        alert["median"]!.GetValue<double>().ShouldBe(median, 0.001);
        alert["score"]!.GetValue<double>().ShouldBe((spike - median) / deviation, 0.01);
        alert["threshold"]!.GetValue<double>().ShouldBe(median + (3.5 * deviation), 0.001);
    }

    [Fact]
    public async Task a_sales_spike_is_resolved_when_the_day_after_it_ends()
    {
        var tenant = await CreateTenant();
        await Receive(tenant, 1000, daysAgo: 30);
        for (var day = 2; day <= 29; day++)
            await Issue(tenant, 3, daysAgo: day);
        await Issue(tenant, 30);
        (await Spikes(tenant)).ShouldBe(["demand_spike medium active 30"]);
        await AgeByOneDay(tenant);
        (await Spikes(tenant)).ShouldBe(["demand_spike medium active 30"]); // the spike was yesterday
        await AgeByOneDay(tenant);
        (await Spikes(tenant)).ShouldBe(["demand_spike medium resolved 30"]);
        await Issue(tenant, 30); // the day of the spike is now one of the 28 days
        (await Spikes(tenant)).ShouldBe(["demand_spike medium active 30"]);
    }

    [Fact]
    public async Task a_cancelled_sale_raises_no_spike()
    {
        var tenant = await CreateTenant();
        await Receive(tenant, 1000, daysAgo: 30);
        for (var day = 2; day <= 29; day++)
            await Issue(tenant, 3, daysAgo: day);
        var sale = (
            await tenant.Admin.Post(
                "sales",
                new
                {
                    store = "S1",
                    invoiceNumber = "F-1",
                    paymentMethod = "cash",
                    paymentStatus = "paid",
                    lines = new[] { new { sku = "P1", quantity = 300 } },
                }
            )
        ).ShouldBe(201).Json["id"];
        (await Spikes(tenant)).ShouldBe(["demand_spike high active 300"]);
        (await tenant.Admin.Post($"sales/{sale}/cancel", new { reason = "a typing error" })).ShouldBe(200);
        (await Spikes(tenant)).ShouldBe(["demand_spike high resolved 300"]);
    }

    [Fact]
    public async Task a_store_that_never_had_a_product_gets_no_low_stock_alert()
    {
        var tenant = await CreateTenant();
        (
            await tenant.Admin.Put(
                "products/P1",
                new
                {
                    name = "Milk",
                    costPrice = 2,
                    reorderPoint = 10,
                }
            )
        ).ShouldBe(200);
        (await Scan(tenant)).ShouldBeEmpty();
        (await tenant.Admin.Get("reorder-suggestions")).ShouldBe(200).Json["items"]!.AsArray().ShouldBeEmpty();
        await Receive(tenant, 10);
        await Issue(tenant, 10);
        await AlertTests.WaitForAlerts(tenant.Admin, "active", "critical"); // the store had the product and is out of stock
        (await tenant.Admin.Get("reorder-suggestions")).ShouldBe(200).Json["items"]!.AsArray().Count.ShouldBe(1);
    }

    private async Task<string[]> Spikes(TestTenant tenant) =>
        [.. (await Scan(tenant)).Where(alert => alert.StartsWith("demand_spike", StringComparison.Ordinal))];

    /// <summary>Makes all movements a day older, so that the rules see the state of the next day.</summary>
    private async Task AgeByOneDay(TestTenant tenant)
    {
        Invariants.Altered.Add(tenant.Schema);
        await using var superuser = await host.OpenSuperuser();
        var columns = string.Join(
            ", ",
            await superuser.Column<string>(
                $"""
                select attname::text from pg_attribute where attrelid = '{tenant.Schema}.inventory_movements'::regclass
                    and attnum > 0 and not attisdropped and attgenerated = '' order by attnum
                """
            )
        );
        await superuser.Execute(
            $"""
            set app.current_tenant_id = '{tenant.Id}';
            create temp table moved as select {columns} from {tenant.Schema}.inventory_movements;
            update moved set created_at = created_at - interval '1 day';
            delete from {tenant.Schema}.inventory_movements;
            insert into {tenant.Schema}.inventory_movements ({columns}) select * from moved;
            """
        );
    }

    [Fact]
    public async Task two_nodes_scan_each_tenant_once_per_interval()
    {
        var tenants = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => CreateTenant()));
        foreach (var tenant in tenants)
            await Receive(tenant, 50);
        var slow = tenants[2];
        await using var superuser = await host.OpenSuperuser();
        await superuser.Execute(
            $"""
            insert into shared.alert_scans (tenant_id, scanned_at) select id, now() - interval '2 hours' from shared.tenants
                where slug in ({string.Join(
                ", ",
                tenants.Select(c => $"'{c.Slug}'")
            )})
                on conflict (tenant_id) do update set scanned_at = excluded.scanned_at;
            update shared.tenants set settings = jsonb_build_object('alerts', jsonb_build_object('scan_interval', '3 hours'))
                where slug = '{slow.Slug}';
            """
        );
        var other = ActivatorUtilities.CreateInstance<AlertScans>(host.Services);
        var nodes = new[] { host.Services.GetRequiredService<AlertScans>(), other, other, other };
        var scanned = (await Task.WhenAll(nodes.Select(node => node.ScanDue(TestContext.Current.CancellationToken))))
            .SelectMany(ids => ids)
            .ToList();
        scanned.ShouldBeUnique();
        scanned.ShouldNotContain(slow.Id);
        foreach (var tenant in tenants[..2])
            (await AlertTests.Alerts(tenant.Admin)).ShouldHaveSingleItem();
        (await AlertTests.Alerts(slow.Admin)).ShouldBeEmpty();
        (await other.ScanDue(TestContext.Current.CancellationToken)).ShouldNotContain(tenants[0].Id, "not again within the hour");
    }

    [Fact]
    public async Task an_invalid_scan_interval_is_refused()
    {
        await using var superuser = await host.OpenSuperuser();
        foreach (
            var (interval, state) in ((string, string)[])
                [("x", "22007"), ("", "22007"), ("4 minutes", "23514"), ("8 days", "23514"), ("-1 hours", "23514")]
        )
        {
            (await superuser.Failure($"update shared.system_config set value = '{interval}' where key = 'alerts.scan_interval'")).ShouldBe(
                state,
                interval
            );
            (
                await superuser.Failure(
                    $$$"""update shared.tenants set settings = '{"alerts":{"scan_interval":"{{{interval}}}"}}' """
                        + """where slug = 'fluxion-demo'"""
                )
            ).ShouldBe(state, interval);
        }
    }

    [Fact]
    public async Task a_first_sale_raises_no_spike()
    {
        var tenant = await CreateTenant();
        await Receive(tenant, 40);
        await Issue(tenant, 30);
        (await Scan(tenant)).ShouldBeEmpty();
    }
}
