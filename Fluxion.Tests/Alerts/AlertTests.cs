using System.Text.Json.Nodes;
using Fluxion.Ledger.Access;
using Fluxion.Ledger.Alerts;
using Fluxion.Ledger.Session;
using Fluxion.Ledger.Stock;
using Fluxion.Ledger.Tenancy;
using Fluxion.Tests.Host;
using Fluxion.Tests.Stock;
using Fluxion.Tests.Tenancy;
using Microsoft.Extensions.DependencyInjection;
using Wolverine;

namespace Fluxion.Tests.Alerts;

/// <summary>Tests of alerts through the API, as the staff of a shop sees them.</summary>
public sealed class AlertTests(LedgerHost host)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>A tenant with a store and a product that is reordered below 10.</summary>
    private async Task<(TestTenant Tenant, TestStore TestStore)> CreateTenant(decimal stock, object? settings = null)
    {
        var tenant = await TestTenant.Create(host);
        if (settings is not null)
            (await tenant.Admin.Put("settings", settings)).ShouldBe(200);
        (await tenant.Admin.Post("stores", new { code = "S1", name = "A store" })).ShouldBe(201);
        (
            await tenant.Admin.Post(
                "products",
                new
                {
                    sku = "P1",
                    name = "Milk",
                    costPrice = 2,
                    reorderPoint = 10,
                    maxStockLevel = 40,
                }
            )
        ).ShouldBe(201);
        var shop = new TestStore(tenant.Admin, "S1", "P1");
        if (stock > 0)
            (await shop.Receive(stock)).ShouldBe(200);
        return (tenant, shop);
    }

    internal static async Task<JsonArray> Alerts(Client client, string filter = "") =>
        (await client.Get($"alerts?{filter}")).ShouldBe(200).Json["items"]!.AsArray();

    /// <summary>Waits until the alerts are as expected, and returns all of them.</summary>
    internal static async Task<JsonArray> WaitForAlerts(Client client, Func<JsonArray, bool> expected, string filter = "")
    {
        for (var attempt = 0; attempt < 600; attempt++)
        {
            var alerts = await Alerts(client, filter);
            if (expected(alerts))
                return alerts;
            await Task.Delay(50, Ct);
        }
        throw new TimeoutException((await Alerts(client, filter)).ToJsonString());
    }

    internal static Task<JsonArray> WaitForAlerts(Client client, string status, string? priority = null) =>
        WaitForAlerts(
            client,
            alerts =>
                alerts.Count > 0 && Text(alerts[0]!, "status") == status && (priority is null || Text(alerts[0]!, "priority") == priority)
        );

    private static string Text(JsonNode alert, string field) => alert[field]!.GetValue<string>();

    private static decimal Number(JsonNode alert, string field) => alert["data"]![field]!.GetValue<decimal>();

    private static async Task<string> History(Client client, JsonNode alert) =>
        string.Join(
            ' ',
            (await client.Get($"alerts/{Text(alert, "id")}")).ShouldBe(200).Json["history"]!
                .AsArray()
                .Select(step => Text(step!, "event")["alert_".Length..])
        );

    /// <summary>Waits until no message of the tenant is left to handle.</summary>
    private async Task WaitForMessages(TestTenant tenant)
    {
        await using var superuser = await host.OpenSuperuser();
        for (var attempt = 0; attempt < 600; attempt++)
        {
            if (
                (
                    await superuser.Column<long>(
                        $"""
                        select count(*) from wolverine.wolverine_incoming_envelopes
                        where status <> 'Handled' and message_type like '%ReviewStock'
                            and position(convert_to('{tenant.Id}', 'UTF8') in body) > 0
                        """
                    )
                )
                is [0]
            )
                return;
            await Task.Delay(50, Ct);
        }
        throw new TimeoutException();
    }

    [Fact]
    public async Task a_sale_below_the_reorder_point_raises_one_alert_with_quantities_and_cause()
    {
        var (tenant, shop) = await CreateTenant(12);
        (await shop.Issue(1)).ShouldBe(200);
        (await shop.Issue(1)).ShouldBe(200);
        (await shop.Issue(3)).ShouldBe(200); // 7 left: this sale raises the alert
        (await shop.Issue(1)).ShouldBe(200);
        await WaitForMessages(tenant);
        var alert = (await Alerts(tenant.Admin)).ShouldHaveSingleItem()!;
        foreach (
            var (field, text) in ((string, string)[])
                [
                    ("type", "low_stock"),
                    ("priority", "medium"),
                    ("title", "Low stock: Milk"),
                    ("store", "S1"),
                    ("sku", "P1"),
                    ("status", "active"),
                    ("generatedBy", "low_stock_rule"),
                ]
        )
            Text(alert, field).ShouldBe(text);
        Number(alert, "threshold").ShouldBe(10);
        Number(alert, "level").ShouldBeInRange(6, 7);
        (Number(alert, "onOrder"), Number(alert, "inTransit")).ShouldBe((0, 0));
        Number(alert, "suggestedQuantity").ShouldBe(40 - Number(alert, "level"));
        Number(alert, "ratePerDay").ShouldBe(Math.Round((12 - Number(alert, "level")) / 28, 3));
        var cause = alert["data"]!["events"]!.AsArray().ShouldHaveSingleItem()!.GetValue<Guid>();
        (await tenant.Admin.Get("events?eventType=stock_issued")).Json["items"]!
            .AsArray()
            .Where(e => e!["id"]!.GetValue<Guid>() == cause)
            .ShouldHaveSingleItem()!["newData"]!["on_hand"]!
            .GetValue<decimal>()
            .ShouldBe(7);
        (await History(tenant.Admin, alert)).ShouldBe("raised");
    }

    [Fact]
    public async Task stock_below_half_of_the_reorder_point_raises_the_priority_at_once()
    {
        var (tenant, shop) = await CreateTenant(7);
        await WaitForAlerts(tenant.Admin, "active", "medium");
        (await shop.Issue(3)).ShouldBe(200);
        var alert = (await WaitForAlerts(tenant.Admin, "active", "high")).ShouldHaveSingleItem()!;
        Number(alert, "level").ShouldBe(4);
        (await History(tenant.Admin, alert)).ShouldBe("raised updated");
    }

    [Fact]
    public async Task a_receipt_up_to_the_reorder_point_resolves_the_alert()
    {
        var (tenant, shop) = await CreateTenant(5);
        await WaitForAlerts(tenant.Admin, "active", "medium");
        (await shop.Receive(4)).ShouldBe(200);
        await WaitForMessages(tenant);
        Text((await Alerts(tenant.Admin)).ShouldHaveSingleItem()!, "status").ShouldBe("active");
        (await shop.Receive(1)).ShouldBe(200);
        var alert = (await WaitForAlerts(tenant.Admin, "resolved")).ShouldHaveSingleItem()!;
        alert["resolvedBy"].ShouldBeNull();
        alert["resolvedAt"].ShouldNotBeNull();
        (await History(tenant.Admin, alert)).ShouldBe("raised resolved");
    }

    [Fact]
    public async Task stock_that_crosses_the_reorder_point_a_hundred_times_has_one_alert()
    {
        var (tenant, shop) = await CreateTenant(10);
        for (var i = 0; i < 100; i++)
        {
            (await shop.Issue(1)).ShouldBe(200);
            (await shop.Receive(1)).ShouldBe(200);
        }
        await WaitForMessages(tenant);
        var alert = (await Alerts(tenant.Admin)).ShouldHaveSingleItem()!;
        Text(alert, "status").ShouldBe("resolved");
        (await History(tenant.Admin, alert)).ShouldMatch("^raised( updated)*( resolved reopened( updated)*)* resolved$");
    }

    [Fact]
    public async Task twenty_four_concurrent_sales_across_the_reorder_point_raise_one_alert()
    {
        var (tenant, shop) = await CreateTenant(26);
        await Task.WhenAll(
            Enumerable
                .Range(1, 24)
                .Select(async i =>
                    (
                        await tenant.Admin.Post(
                            "sales",
                            new
                            {
                                store = shop.Store,
                                invoiceNumber = $"F-{i}",
                                paymentMethod = "cash",
                                paymentStatus = "paid",
                                lines = new[] { new { sku = shop.Sku, quantity = 1 } },
                            }
                        )
                    ).ShouldBe(201)
                )
        );
        await WaitForMessages(tenant);
        var alert = (await Alerts(tenant.Admin)).ShouldHaveSingleItem()!;
        (await History(tenant.Admin, alert)).ShouldStartWith("raised");
        // then 24 concurrent issues to zero stock
        var items = Enumerable.Range(0, 24).Select(_ => shop.Issue(1)).ToList();
        (await Task.WhenAll(items)).Count(answer => answer.Status == 200).ShouldBe(2);
        Text((await WaitForAlerts(tenant.Admin, "active", "critical")).ShouldHaveSingleItem()!, "title").ShouldBe("Out of stock: Milk");
    }

    [Fact]
    public async Task a_redelivered_message_changes_nothing()
    {
        var (tenant, _) = await CreateTenant(5);
        await WaitForAlerts(tenant.Admin, "active");
        await WaitForMessages(tenant);
        await using var superuser = await host.OpenSuperuser();
        var requests = (await superuser.Rows($"select store_id, product_id, id from {tenant.Schema}.inventory_movements"))
            .Select(r => new StockReviewRequest((Guid)r[0]!, (Guid)r[1]!, (Guid)r[2]!))
            .ToList();
        await Task.WhenAll(
            Enumerable
                .Range(0, 8)
                .Select(async _ =>
                {
                    await using var scope = host.Services.CreateAsyncScope();
                    await scope
                        .ServiceProvider.GetRequiredService<IMessageBus>()
                        .InvokeForTenantAsync(tenant.Id.ToString(), new ReviewStock(requests), Ct);
                })
        );
        (await Alerts(tenant.Admin)).ShouldHaveSingleItem()!["version"]!.GetValue<long>().ShouldBe(1);
    }

    [Fact]
    public async Task transfers_in_transit_and_orders_lower_priority_and_suggested_quantity()
    {
        var (tenant, shop) = await CreateTenant(4);
        Number((await WaitForAlerts(tenant.Admin, "active", "high"))[0]!, "suggestedQuantity").ShouldBe(36);
        (await tenant.Admin.Post("stores", new { code = "S2", name = "Another" })).ShouldBe(201);
        (await (shop with { Store = "S2" }).Receive(50)).ShouldBe(200);
        var transfer = (
            await tenant.Admin.Post(
                "stock/transfers",
                new
                {
                    fromStore = "S2",
                    toStore = "S1",
                    lines = new[] { new { sku = "P1", quantity = 6 } },
                }
            )
        ).ShouldBe(201).Json;
        var alert = (await WaitForAlerts(tenant.Admin, "active", "medium"))[0]!;
        (Number(alert, "inTransit"), Number(alert, "suggestedQuantity")).ShouldBe((6, 0));
        (await tenant.Admin.Post("suppliers", new { code = "V1", businessName = "A supplier" })).ShouldBe(201);
        (
            await tenant.Admin.Post(
                "purchase-orders",
                new
                {
                    store = "S1",
                    supplier = "V1",
                    orderNumber = "O1",
                    lines = new[] { new { sku = "P1", quantity = 20 } },
                }
            )
        ).ShouldBe(201);
        (await tenant.Admin.Post("purchase-orders/O1/send", null)).ShouldBe(200);
        Number((await WaitForAlerts(tenant.Admin, alerts => Number(alerts[0]!, "onOrder") == 20))[0]!, "suggestedQuantity").ShouldBe(0);
        (
            await tenant.Admin.Post(
                $"stock/transfers/{transfer["id"]}/receipts",
                new { lines = new[] { new { sku = "P1", received = 6 } } }
            )
        ).ShouldBe(200);
        await WaitForAlerts(tenant.Admin, "resolved");
    }

    [Theory]
    [InlineData("products/P1")]
    [InlineData("stores/S1")]
    public async Task deactivating_a_product_or_store_dismisses_its_alerts_and_activating_raises_them(string what)
    {
        var (tenant, _) = await CreateTenant(5);
        await WaitForAlerts(tenant.Admin, "active");
        (await tenant.Admin.Post($"{what}/deactivate", null)).ShouldBe(200);
        var dismissed = (await WaitForAlerts(tenant.Admin, "dismissed")).ShouldHaveSingleItem()!;
        dismissed["dismissedBy"].ShouldBeNull();
        (await tenant.Admin.Post($"{what}/activate", null)).ShouldBe(200);
        (await WaitForAlerts(tenant.Admin, "active")).Count.ShouldBe(2);
    }

    [Fact]
    public async Task a_changed_reorder_point_is_evaluated_in_every_store()
    {
        var (tenant, shop) = await CreateTenant(15);
        (await tenant.Admin.Post("stores", new { code = "S2", name = "Another" })).ShouldBe(201);
        (await (shop with { Store = "S2" }).Receive(12)).ShouldBe(200);
        (await tenant.Admin.Put("products/P1", new { name = "Milk", reorderPoint = 14 })).ShouldBe(200);
        Text((await WaitForAlerts(tenant.Admin, "active")).ShouldHaveSingleItem()!, "store").ShouldBe("S2");
        (await tenant.Admin.Put("products/P1", new { name = "Milk", reorderPoint = 12 })).ShouldBe(200);
        await WaitForAlerts(tenant.Admin, "resolved");
    }

    [Fact]
    public async Task a_scan_raises_the_alerts_of_events_without_messages_on_one_node_only()
    {
        var (tenant, _) = await CreateTenant(50);
        var registered = host.Services.GetRequiredService<TenantRegistry>().Get(tenant.Id);
        await using (
            var session = host
                .Services.GetRequiredService<TenantDocumentStores>()
                .ForTenant(tenant.Id.ToString())
                .LightweightSession(tenant.Id.ToString())
        )
        {
            var ledger = new LedgerSession(session, registered, Caller.System(registered));
            await ledger.Begin(Ct);
            var issue = new IssueStock("S1", "damage", [new IssueStock.Line("P1", 45)]);
            (
                await StockLedger.Move(
                    ledger,
                    host.Services.GetRequiredService<IStockDocuments>(),
                    issue,
                    requiresActiveProduct: false,
                    (lockedStock, document) => IssueStockEndpoint.Decide(issue, lockedStock, document),
                    Ct
                )
            ).ShouldBeOfType<Reply.Accepted>();
            await ledger.Commit(Ct);
        }
        (await Alerts(tenant.Admin)).ShouldBeEmpty();
        var scans = host.Services.GetRequiredService<AlertScans>();
        var changed = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => scans.Scan(registered, Ct)));
        changed.Sum(count => count ?? 0).ShouldBe(1);
        var alert = (await Alerts(tenant.Admin)).ShouldHaveSingleItem()!;
        alert["data"]!["events"]!.AsArray().Count.ShouldBe(1, "the latest movement");
        (await scans.Scan(registered, Ct)).ShouldBe(0);
    }

    [Fact]
    public async Task acknowledging_resolving_and_dismissing_record_the_user()
    {
        var (tenant, shop) = await CreateTenant(5);
        var id = Text((await WaitForAlerts(tenant.Admin, "active"))[0]!, "id");
        var key = Guid.CreateVersion7().ToString();
        var first = (await tenant.Admin.Post($"alerts/{id}/acknowledge", null, key)).ShouldBe(200);
        (await tenant.Admin.Post($"alerts/{id}/acknowledge", null, key)).ShouldBe(200).Text.ShouldBe(first.Text);
        var alert = (await tenant.Admin.Get($"alerts/{id}")).ShouldBe(200).Json;
        var me = (await tenant.Admin.Get("users")).Json["items"]![0]!["id"]!.GetValue<string>();
        Text(alert, "acknowledgedBy").ShouldBe(me);
        Text(alert["history"]![1]!, "by").ShouldBe(TestTenant.AdminEmail);
        (await tenant.Admin.Post($"alerts/{id}/dismiss", null)).ShouldBe(200);
        (await shop.Issue(5)).ShouldBe(200); // still low
        await WaitForMessages(tenant);
        (await Alerts(tenant.Admin)).ShouldHaveSingleItem();
        (await shop.Receive(20)).ShouldBe(200); // resolved
        await WaitForMessages(tenant);
        (await shop.Issue(15)).ShouldBe(200); // and low again
        var both = await WaitForAlerts(tenant.Admin, "active");
        both.Count.ShouldBe(2);
        (await History(tenant.Admin, both[1]!)).ShouldBe("raised acknowledged dismissed cleared");
        (await tenant.Admin.Post($"alerts/{Text(both[0]!, "id")}/resolve", null)).ShouldBe(200).Json["status"]!
            .GetValue<string>()
            .ShouldBe("resolved");
    }

    [Fact]
    public async Task each_alert_command_is_refused_in_the_states_that_do_not_allow_it()
    {
        var (tenant, _) = await CreateTenant(0);
        string[] commands = [.. Alert.Allowed.Keys];
        var (made, tried) = ((string?[])[null, .. commands], commands);
        foreach (var i in Enumerable.Range(0, made.Length * tried.Length))
        {
            (
                await tenant.Admin.Post(
                    "products",
                    new
                    {
                        sku = $"Q{i}",
                        name = "Milk",
                        reorderPoint = 10,
                    }
                )
            ).ShouldBe(201);
            (await new TestStore(tenant.Admin, "S1", $"Q{i}").Receive(5)).ShouldBe(200);
        }
        var alerts = await WaitForAlerts(tenant.Admin, alerts => alerts.Count == made.Length * tried.Length);
        foreach (var (i, alert) in alerts.Index())
        {
            var (before, command) = (made[i / tried.Length], tried[i % tried.Length]);
            var state = before is null
                ? Alert.Active
                : Text((await tenant.Admin.Post($"alerts/{alert!["id"]}/{before}", null)).ShouldBe(200).Json, "status");
            (await tenant.Admin.Post($"alerts/{alert!["id"]}/{command}", null)).ShouldBe(
                Alert.Allowed[command].Contains(state) ? 200 : 409
            );
        }
    }

    [Fact]
    public async Task users_of_one_store_see_and_close_only_its_alerts_and_filters_apply()
    {
        var (tenant, shop) = await CreateTenant(5);
        (await tenant.Admin.Post("stores", new { code = "S2", name = "Another" })).ShouldBe(201);
        (await (shop with { Store = "S2" }).Receive(1)).ShouldBe(200);
        var all = await WaitForAlerts(tenant.Admin, alerts => alerts.Count == 2);
        var eva = await tenant.CreateUser(host, "eva@company.test", "user", "S2");
        var hers = (await Alerts(eva)).ShouldHaveSingleItem()!;
        Text(hers, "store").ShouldBe("S2");
        var other = Text(all.Single(a => Text(a!, "store") == "S1")!, "id");
        (await eva.Get($"alerts/{other}")).ShouldBe(404);
        foreach (var command in Alert.Allowed.Keys)
            (await eva.Post($"alerts/{other}/{command}", null)).ShouldBe(403);
        (await eva.Post($"alerts/{Text(hers, "id")}/acknowledge", null)).ShouldBe(200);
        foreach (
            var unknown in (string[])
                [Guid.CreateVersion7().ToString(), "x", (await tenant.Admin.Get("products/P1")).Json["id"]!.GetValue<string>()]
        )
        {
            (await tenant.Admin.Get($"alerts/{unknown}")).ShouldBe(404);
            (await tenant.Admin.Post($"alerts/{unknown}/resolve", null)).ShouldBe(404);
        }
        foreach (
            var (filter, count) in ((string, int)[])
                [
                    ("status=open", 2),
                    ("status=active", 1),
                    ("status=acknowledged", 1),
                    ("status=resolved", 0),
                    ("type=low_stock", 2),
                    ("type=overstock", 0),
                    ("priority=high", 1),
                    ("priority=medium", 1),
                    ("store=s2", 1),
                    ("sku=P1&limit=1", 1),
                ]
        )
            (await tenant.Admin.Get($"alerts?{filter}")).ShouldBe(200).Json["items"]!.AsArray().Count.ShouldBe(count, filter);
        foreach (var wrong in (string[])["status=gone", "type=x", "priority=1"])
            (await tenant.Admin.Get($"alerts?{wrong}")).ShouldBe(400).Fields.ShouldHaveSingleItem();
        (await tenant.Admin.Get("alerts", "text/csv"))
            .ShouldBe(200)
            .Text.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Length.ShouldBe(3);
    }
}
