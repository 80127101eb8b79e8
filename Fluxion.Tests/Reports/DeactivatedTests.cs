using System.Text.Json.Nodes;
using Fluxion.Ledger.Alerts;
using Fluxion.Ledger.Catalog;
using Fluxion.Ledger.Tenancy;
using Fluxion.Tests.Alerts;
using Fluxion.Tests.Catalog;
using Fluxion.Tests.Host;
using Microsoft.Extensions.DependencyInjection;

namespace Fluxion.Tests.Reports;

/// <summary>
/// A tenant with an active and a deactivated product and store. All have low stock, no sale for a long time, and a history.
/// </summary>
public sealed class PartlyDeactivatedTenant(LedgerHost host) : IAsyncLifetime
{
    public TestLedger TestLedger { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        TestLedger = await TestLedger.Create(host, "P1", "GONE");
        var longAgo = TimeProvider.System.GetUtcNow().AddDays(-200).ToString("O");
        var lately = TimeProvider.System.GetUtcNow().AddDays(-1).ToString("O");
        await TestLedger.Do("suppliers", new { code = "V1", businessName = "V1" });
        // on order in a store that never had the product; one product stays active, the other is deactivated
        foreach (var sku in (string[])["NEW", "NEW-GONE"])
            await TestLedger.Do(
                "products",
                new
                {
                    sku,
                    name = sku,
                    reorderPoint = 8,
                }
            );
        foreach (var (store, sku) in ((string, string)[])[("M1", "P1"), ("M1", "GONE"), ("M2", "P1"), ("M2", "GONE")])
        {
            await TestLedger.Receive(sku, 5, 2m, longAgo, store);
            await TestLedger.Receive(sku, 5, 2m, longAgo, store);
            await TestLedger.Issue(sku, 1, lately, "return_to_supplier", store);
            await TestLedger.Issue(sku, 1, longAgo, "damage", store);
            await TestLedger.Sell(sku, 4, longAgo, store: store);
            await TestLedger.Do("stock/counts", new { store, lines = new[] { new { sku, quantity = 4 } } });
            await TestLedger.Issue(sku, 1, lately, "return_to_supplier", store);
            await TestLedger.Do(
                "stock/reservations",
                new
                {
                    reference = "web",
                    lines = new[]
                    {
                        new
                        {
                            store,
                            sku,
                            quantity = 1,
                        },
                    },
                }
            );
        }
        await TestLedger.Do(
            "stock/transfers",
            new
            {
                fromStore = "M1",
                toStore = "M2",
                lines = new[] { new { sku = "P1", quantity = 1 }, new { sku = "GONE", quantity = 1 } },
            }
        );
        foreach (var (number, store) in ((string, string)[])[("O1", "M1"), ("O2", "M2")])
        {
            await TestLedger.Do(
                "purchase-orders",
                new
                {
                    store,
                    supplier = "V1",
                    orderNumber = number,
                    lines = ((string[])["P1", "GONE", "NEW", "NEW-GONE"]).Select(sku => new { sku, quantity = 1 }),
                }
            );
            await TestLedger.Do($"purchase-orders/{number}/send", null);
            await TestLedger.Do($"purchase-orders/{number}/confirm", null);
        }
        await AlertTests.WaitForAlerts(TestLedger.Tenant.Admin, alerts => alerts.Count == 4, "status=open");
        foreach (
            var (path, deactivated) in ((string, object)[])
                [
                    ("products/GONE", new ProductDeactivated()),
                    ("products/NEW-GONE", new ProductDeactivated()),
                    ("stores/M2", new StoreDeactivated()),
                ]
        )
            await TestLedger.Tenant.DeactivateUnchecked(
                host,
                (await TestLedger.Tenant.Admin.Get(path)).ShouldBe(200).Json["id"]!.GetValue<Guid>(),
                deactivated
            );
        await host
            .Services.GetRequiredService<AlertScans>()
            .Scan(host.Services.GetRequiredService<TenantRegistry>().Get(TestLedger.Tenant.Id), TestContext.Current.CancellationToken);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}

/// <summary>
/// Deactivated products and stores are absent from everything that asks for an action, and present in everything that shows stock or
/// history. The tests enumerate lists, views and functions, so that a new one must be classified.
/// </summary>
public sealed class DeactivatedTests(PartlyDeactivatedTenant half) : IClassFixture<PartlyDeactivatedTenant>
{
    /// <summary>Views and functions that ask for an action.</summary>
    private static readonly string[] WithoutDeactivated = ["low_stock"];

    /// <summary>Views and functions of stock and its value, of history, and of master data.</summary>
    private static readonly string[] WithDeactivated =
    [
        "abc_classification",
        "count_corrections",
        "dead_stock",
        "inventory_turnover",
        "movements_by",
        "movements_between",
        "movements_hourly",
        "payments_by_method",
        "sales_by",
        "sales_by_product",
        "sales_by_store",
        "sales_lines",
        "shrinkage_by_reason",
        "stock_ageing",
        "stock_as_of",
        "stock_on_hand",
        "stock_value_as_of",
        "store_moments",
        "store_periods",
        "store_zones",
    ];

    /// <summary>Arguments for the parameters of functions that have no default.</summary>
    private static readonly Dictionary<string, string> Arguments = new()
    {
        ["period"] = "'day'",
        ["since"] = "'2020-01-01'",
        ["until"] = "now() + interval '1 day'",
        ["at"] = "now()",
    };

    private static bool IsDeactivated(string? sku, string? store) => sku is "GONE" or "NEW-GONE" || store is "M2";

    [Fact]
    public async Task every_stock_view_and_function_documents_whether_it_includes_deactivated_items()
    {
        await using var superuser = await half.TestLedger.Host.OpenSuperuser();
        var schema = $"'{half.TestLedger.Tenant.Schema}'::regnamespace";
        var sources = await superuser.Rows(
            $"""
            select c.relname::text, null, (select array_agg(attname::text) from pg_attribute where attrelid = c.oid and attnum > 0)
            from pg_class c where c.relnamespace = {schema} and c.relkind = 'v' and c.relname not like 'service\_%'
            union all
            select p.proname::text, p.proargnames[1:p.pronargs - p.pronargdefaults]::text[], p.proargnames[p.pronargs + 1:]::text[]
            from pg_proc p where p.pronamespace = {schema} and p.proretset
            """
        );
        var (with, without) = (new List<string>(), new List<string>());
        foreach (var (name, needed, columns) in sources.Select(s => ((string)s[0]!, (string[]?)s[1], (string[])s[2]!)))
        {
            string? Column(string code, string id, string table, string key) =>
                columns.Contains(code) ? $"x.{code}"
                : columns.Contains(id) ? $"(select {key} from {table} t where t.id = x.{id})"
                : null;
            var (sku, store) = (Column("sku", "product_id", "products", "sku"), Column("store", "store_id", "stores", "code"));
            if (sku is null && store is null)
                continue;
            var call = needed is null
                ? name
                : $"{name}({string.Join(", ", needed.Select(argument => $"{argument} => {Arguments[argument]}"))})";
            var rows = await half.TestLedger.Query($"select {sku ?? "null"}, {store ?? "null"} from {call} x");
            rows.ShouldNotBeEmpty(name);
            (rows.Select(row => row.Split(' ')).Any(row => IsDeactivated(row[0], row[1])) ? with : without).Add(name);
        }
        with.Order().ShouldBe(WithDeactivated.Order());
        without.Order().ShouldBe(WithoutDeactivated.Order());
    }

    [Fact]
    public async Task every_stock_list_documents_whether_it_includes_deactivated_items()
    {
        var admin = half.TestLedger.Tenant.Admin;
        await AlertTests.WaitForAlerts(admin, alerts => alerts.Count == 1, "status=open&type=low_stock");
        var lists = (await OpenApi.Of(admin))
            .Operations.Where(o =>
                !o.IsCommand
                && !o.IsStream
                && !o.Path.Contains("{id}")
                && o.Path.StartsWith("/api/{tenant}/", StringComparison.Ordinal)
                && o.Parameters("query").Any(p => p.Name == "after")
                && !o.Path.EndsWith("/explain", StringComparison.Ordinal)
            )
            .Select(o => o.Path["/api/{tenant}/".Length..]);
        var (with, without) = (new List<string>(), new List<string>());
        foreach (var list in lists.Concat(["inventory?low=true", "inventory?low=false", "alerts?status=open"]))
        {
            var rows = (await admin.Get($"{list}{(list.Contains('?') ? '&' : '?')}limit=1000")).ShouldBe(200).Json["items"]!.AsArray();
            if (rows.Any(row => IsNamed(row, "GONE") || IsNamed(row, "NEW-GONE") || IsNamed(row, "M2")))
                with.Add(list);
            else if (rows.Any(row => IsNamed(row, "P1") || IsNamed(row, "M1")))
                without.Add(list);
        }
        with.Order()
            .ShouldBe(
                (
                    (string[])
                        [
                            "alerts",
                            "events",
                            "inventory",
                            "inventory/value",
                            "inventory?low=false",
                            "movements",
                            "payments",
                            "products",
                            "purchase-orders",
                            "sales",
                            "stock/count-corrections",
                            "stock/transfers",
                            "stores",
                        ]
                ).Order()
            );
        without.Order().ShouldBe(((string[])["alerts?status=open", "inventory?low=true", "reorder-suggestions"]).Order());
    }

    [Fact]
    public async Task lists_views_alerts_and_suggestions_agree_on_low_stock()
    {
        var (ledger, admin) = (half.TestLedger, half.TestLedger.Tenant.Admin);
        await AlertTests.WaitForAlerts(admin, alerts => alerts.Count == 1, "status=open&type=low_stock");
        async Task<string[]> Of(string list) =>
            [.. (await admin.Get(list)).ShouldBe(200).Json["items"]!.AsArray().Select(row => $"{row!["store"]} {row["sku"]}").Order()];
        (await Of("alerts?status=open&type=low_stock")).ShouldBe(["M1 P1"]);
        (await Of("reorder-suggestions")).ShouldBe(["M1 P1"]);
        // a store that never had a product is not low on it, also while some is on order
        (await Of("inventory?low=true")).ShouldBe(["M1 P1"]);
        (await ledger.Query("select store, sku from low_stock order by 1, 2")).ShouldBe(["M1 P1"]);
        (await ledger.Query("select store, sku from stock_on_hand where not is_active order by 1, 2")).ShouldBe([
            "M1 GONE",
            "M1 NEW-GONE",
            "M2 GONE",
            "M2 NEW",
            "M2 NEW-GONE",
            "M2 P1",
        ]);
        (await admin.Get("inventory?low=false&limit=1000")).Json["items"]!
            .AsArray()
            .Select(row => $"{row!["store"]} {row["sku"]}")
            .Order()
            .ShouldBe(["M1 GONE", "M1 NEW", "M1 NEW-GONE", "M2 GONE", "M2 NEW", "M2 NEW-GONE", "M2 P1"]);
        (await admin.Post("purchase-orders/from-suggestions", new { })).ShouldBe(200).Json["notOrdered"]!
            .AsArray()
            .Select(row => $"{row!["store"]} {row["sku"]}")
            .ShouldBe(["M1 P1"]);
    }

    private static bool IsNamed(JsonNode? row, string code) => row!.ToJsonString().Contains($"\"{code}\"", StringComparison.Ordinal);
}
