using System.Globalization;
using Fluxion.Ledger.Time;
using Fluxion.Tests.Host;
using Fluxion.Tests.Reports;
using Fluxion.Tests.Tenancy;

namespace Fluxion.Tests.Time;

/// <summary>
/// A day is a calendar day of the shop's time zone in every list, report and document, whatever the zone of server, session or client.
/// </summary>
public sealed class LocalDayTests(LedgerHost host)
{
    /// <summary>
    /// Time zones with a day in each: offsets of half and quarter hours, a past offset, both ends of the earth, and midnights that were
    /// skipped or repeated.
    /// </summary>
    private static readonly (string Zone, string Day)[] Days =
    [
        ("UTC", "2026-03-10"),
        ("America/Caracas", "2026-03-10"),
        ("America/Caracas", "2010-03-10"),
        ("Asia/Kolkata", "2026-03-10"),
        ("Asia/Kathmandu", "2026-03-10"),
        ("Pacific/Kiritimati", "2026-03-10"),
        ("Pacific/Pago_Pago", "2026-03-10"),
        ("America/New_York", "2026-03-08"),
        ("America/New_York", "2025-11-02"),
        ("Africa/Cairo", "2024-04-26"),
        ("America/Havana", "2025-03-09"),
        ("Atlantic/Azores", "2025-10-26"),
        ("Australia/Lord_Howe", "2026-04-05"),
    ];

    /// <summary>Sells a piece at the first moment of a local day and another at its last, and one just outside on each side.</summary>
    private static async Task<DateTimeOffset> SellAround(TestLedger ledger, string store, string timezone, string day)
    {
        var (zone, date) = (new Zone(timezone), DateOnly.Parse(day, CultureInfo.InvariantCulture));
        var (start, end) = (zone.StartOf(date), zone.StartOf(date.AddDays(1)));
        await ledger.Receive("P1", 100, 2m, start.AddDays(-5).ToString("O"), store);
        foreach (var at in (DateTimeOffset[])[start.AddTicks(-10), start, end.AddTicks(-10), end])
            await ledger.Sell("P1", 1, at.ToString("O"), store: store);
        return start;
    }

    [Fact]
    public async Task reports_of_one_day_agree_when_every_store_has_its_own_time_zone()
    {
        var ledger = await TestLedger.Create(host, "P1");
        await ledger.SetTimeZone("America/Caracas");
        foreach (var (i, (timezone, day)) in Days.Index())
        {
            await ledger.Do(
                "stores",
                new
                {
                    code = $"Z{i}",
                    name = timezone,
                    timezone,
                }
            );
            await SellAround(ledger, $"Z{i}", timezone, day);
        }
        foreach (var (i, (_, day)) in Days.Index())
            await ReportsAgree(ledger, $"Z{i}", day);
    }

    [Theory]
    [InlineData("Asia/Kathmandu", "2026-03-10")]
    [InlineData("Atlantic/Azores", "2025-10-26")]
    public async Task reports_of_one_day_agree_when_the_tenant_has_a_time_zone(string timezone, string day)
    {
        var ledger = await TestLedger.Create(host, "P1");
        await ledger.SetTimeZone(timezone);
        await SellAround(ledger, "M1", timezone, day);
        await ReportsAgree(ledger, "M1", day);
    }

    private async Task ReportsAgree(TestLedger ledger, string store, string day)
    {
        var admin = ledger.Tenant.Admin;
        var next = DateOnly.Parse(day, CultureInfo.InvariantCulture).AddDays(1).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
        async Task<int> Items(string path) => (await admin.Get(path)).ShouldBe(200).Json["items"]!.AsArray().Count;
        async Task<decimal> OnHand(string asOf) =>
            (await admin.Get($"inventory?store={store}&asOf={asOf}")).ShouldBe(200).Json["items"]![0]!["onHand"]!.GetValue<decimal>();
        (await Items($"sales?store={store}&from={day}&to={next}")).ShouldBe(2);
        (await Items($"movements?store={store}&from={day}&to={next}")).ShouldBe(2);
        (await OnHand(day)).ShouldBe(99);
        (await OnHand(next)).ShouldBe(97);
        (await admin.Get($"inventory/value?store={store}&asOf={next}")).ShouldBe(200).Json["items"]![0]!["value"]!
            .GetValue<decimal>()
            .ShouldBe(97 * 2);
        (await admin.Get($"audit/explain?store={store}&sku=P1&at={next}")).ShouldBe(200).Json["onHand"]!.GetValue<decimal>().ShouldBe(97);

        // analysts get the same results, whatever the time zone of their session
        await using var analyst = await host.OpenSuperuser();
        await analyst.Execute($"set role {ledger.Tenant.Analyst}; set search_path to {ledger.Tenant.Schema}, public");
        foreach (var session in (string[])["UTC", "America/Caracas", "Asia/Kolkata", "Pacific/Kiritimati", "Pacific/Pago_Pago"])
        {
            await analyst.Execute($"set timezone to '{session}'");
            Task<string[]> Query(string sql) => TestLedger.Query(analyst, sql);
            (await Query($"select quantity from sales_by('day', '{day}', '{next}') where store = '{store}'")).ShouldBe(["2"], session);
            (
                await Query(
                    $"""
                    select period_start::text, quantity from sales_by('day', date '{day}' - 3, date '{day}' + 3)
                    where store = '{store}' and period_start = '{day}'
                    """
                )
            ).ShouldBe([$"{day} 00:00:00 2"], session);
            (await Query($"select quantity from movements_by('day', '{day}', '{next}') where store = '{store}'")).ShouldBe(["-2"], session);
            (
                await Query(
                    $"""
                    select quantity from movements_by('day', date '{day}' - 3, date '{day}' + 3)
                    where store = '{store}' and period_start = '{day}'
                    """
                )
            ).ShouldBe(["-2"], session);
            (await Query($"select sum(quantity) from movements_by('hour', '{day}', '{next}') where store = '{store}'")).ShouldBe(
                ["-2"],
                session
            );
            (await Query($"select quantity from sales_by_product('{day}', '{next}', '{store}')")).ShouldBe(["2"], session);
            (await Query($"select quantity from sales_by_category('{day}', '{next}', '{store}')")).ShouldBe(["2"], session);
            (await Query($"select quantity from sales_by_store('{day}', '{next}') where store = '{store}'")).ShouldBe(["2"], session);
            (await Query($"select quantity from sales_by_payment_method('{day}', '{next}', '{store}')")).ShouldBe(["2"], session);
            (await Query($"select net_sales from abc_classification('{day}', '{next}', '{store}')")).ShouldBe(["8"], session);
            (await Query($"select quantity_sold from inventory_turnover('{day}', '{next}') where store = '{store}'")).ShouldBe(
                ["2"],
                session
            );
            (await Query($"select quantity_on_hand from stock_as_of('{day}', store => '{store}')")).ShouldBe(["99"], session);
            (await Query($"select quantity_on_hand, value from stock_value_as_of('{next}', store => '{store}')")).ShouldBe(
                ["97 194"],
                session
            );
        }
    }

    [Fact]
    public async Task a_point_in_time_is_exact_in_every_report()
    {
        var ledger = await TestLedger.Create(host, "P1");
        await ledger.SetTimeZone("Asia/Kathmandu");
        var start = await SellAround(ledger, "M1", "Asia/Kathmandu", "2026-03-10");
        var (since, until) = ($"'{start.AddSeconds(-1):O}'", $"'{start.AddSeconds(1):O}'");
        (await ledger.Query($"select quantity from sales_by('day', {since}, {until}) order by period_start")).ShouldBe(["1", "1"]);
        (await ledger.Query($"select sum(quantity) from movements_by('hour', {since}, {until})")).ShouldBe(["-2"]);
        (await ledger.Query($"select quantity_on_hand from stock_as_of('{start:O}')")).ShouldBe(["98"]);
        (await ledger.Tenant.Admin.Get($"movements?from={Uri.EscapeDataString($"{start:O}")}")).ShouldBe(200).Json["items"]!
            .AsArray()
            .Count.ShouldBe(3);
    }

    [Theory]
    [InlineData("Pacific/Kiritimati")]
    [InlineData("Pacific/Pago_Pago")]
    [InlineData("America/Caracas")]
    public async Task an_order_without_a_date_has_the_local_day_of_its_store(string timezone)
    {
        var tenant = await TestTenant.Create(host);
        var admin = tenant.Admin;
        (await admin.Put("settings", new { overReceiptPercent = 0, timezone })).ShouldBe(200);
        await tenant.CreateStore("M1", "P1");
        (await admin.Post("suppliers", new { code = "V1", businessName = "A supplier" })).ShouldBe(201);
        string Today() => new Zone(timezone).DateOf(TimeProvider.System.GetUtcNow()).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
        var today = Today();
        (
            await admin.Post(
                "purchase-orders",
                new
                {
                    store = "M1",
                    supplier = "V1",
                    orderNumber = "OC-1",
                    expectedDate = today,
                    lines = new[] { new { sku = "P1", quantity = 1 } },
                }
            )
        ).ShouldBe(201);
        (await admin.Get("purchase-orders/OC-1")).ShouldBe(200).Json["orderDate"]!.GetValue<string>().ShouldBeOneOf(today, Today());
        (
            await admin.Post(
                "purchase-orders",
                new
                {
                    store = "M1",
                    supplier = "V1",
                    orderNumber = "OC-2",
                    orderDate = today,
                    expectedDate = today,
                    lines = new[] { new { sku = "P1", quantity = 1 } },
                }
            )
        ).ShouldBe(201);
        foreach (var (command, expected) in ((string, string)[])[("send", "sent"), ("receipts", "received")])
        {
            (
                await admin.Post(
                    $"purchase-orders/OC-2/{command}",
                    command == "send" ? null : new { lines = new[] { new { sku = "P1", quantity = 1 } } }
                )
            )
                .ShouldBe(200)
                .Json["status"]!
                .GetValue<string>()
                .ShouldBe(expected);
        }
        (await admin.Get("purchase-orders/OC-2")).ShouldBe(200).Json["receivedDate"]!.GetValue<string>().ShouldBeOneOf(today, Today());
    }

    [Fact]
    public async Task a_delivery_late_in_the_evening_counts_on_that_local_day()
    {
        var tenant = await TestTenant.Create(host);
        var admin = tenant.Admin;
        (await admin.Put("settings", new { overReceiptPercent = 0, timezone = "America/Caracas" })).ShouldBe(200);
        await tenant.CreateStore("M1", "P1");
        (
            await admin.Post(
                "suppliers",
                new
                {
                    code = "V1",
                    businessName = "A supplier",
                    leadTimeDays = 4,
                }
            )
        ).ShouldBe(201);
        (
            await admin.Post(
                "purchase-orders",
                new
                {
                    store = "M1",
                    supplier = "V1",
                    orderNumber = "OC-1",
                    orderDate = "2026-03-01",
                    expectedDate = "2026-03-05",
                    lines = new[] { new { sku = "P1", quantity = 1 } },
                }
            )
        ).ShouldBe(201);
        (await admin.Post("purchase-orders/OC-1/send", null)).ShouldBe(200);
        (
            await admin.Post(
                "purchase-orders/OC-1/receipts",
                new { occurredAt = "2026-03-05T23:30:00-04:00", lines = new[] { new { sku = "P1", quantity = 1 } } }
            )
        ).ShouldBe(200);
        (await admin.Get("purchase-orders/OC-1")).ShouldBe(200).Json["receivedDate"]!.GetValue<string>().ShouldBe("2026-03-05");
        (
            await new TestLedger(host, tenant).Query(
                "select lead_time_days, longest_lead_time_days, on_time_percent from supplier_performance('2026-03-01')",
                "Asia/Tokyo"
            )
        ).ShouldBe(["4 4 100"]);
        async Task<int> Orders(string filter) =>
            (await admin.Get($"purchase-orders?{filter}")).ShouldBe(200).Json["items"]!.AsArray().Count;
        (await Orders("from=2026-03-01&to=2026-03-02")).ShouldBe(1);
        (await Orders($"from={Uri.EscapeDataString("2026-03-02T03:59:00Z")}")).ShouldBe(1); // still March 1 in Caracas
        (await Orders($"from={Uri.EscapeDataString("2026-03-02T04:00:00Z")}")).ShouldBe(0);
    }

    [Fact]
    public async Task a_time_zone_must_be_valid_for_the_tenant_and_each_store()
    {
        var tenant = await TestTenant.Create(host);
        var admin = tenant.Admin;
        foreach (
            var wrong in (string[])
                ["Caracas", "america/caracas", "-04:00", "VET", "", "America/Caracas ", "posixrules", "<-04>4", "Venezuela Standard Time"]
        )
        {
            (await admin.Put("settings", new { overReceiptPercent = 0, timezone = wrong }))
                .ShouldBe(400)
                .Fields.ShouldBe(["timezone"], wrong);
            (
                await admin.Post(
                    "stores",
                    new
                    {
                        code = "X",
                        name = "X",
                        timezone = wrong,
                    }
                )
            ).ShouldBe(400).Fields.ShouldBe(["timezone"], wrong);
        }
        (await admin.Put("settings", new { overReceiptPercent = 0, timezone = "Caracas" })).Text.ShouldContain(
            "did you mean America/Caracas?"
        );
        (await admin.Put("settings", new { overReceiptPercent = 1, timezone = "America/Caracas" })).ShouldBe(200).Json["timezone"]!
            .GetValue<string>()
            .ShouldBe("America/Caracas");
        // a client that does not send the field does not change it
        (await admin.Put("settings", new { overReceiptPercent = 2 })).ShouldBe(
            200
        ).Json["timezone"]!.GetValue<string>().ShouldBe("America/Caracas");
        (await admin.Get("settings")).ShouldBe(200).Json["timezone"]!.GetValue<string>().ShouldBe("America/Caracas");
        (
            await admin.Post(
                "stores",
                new
                {
                    code = "M1",
                    name = "M1",
                    timezone = "America/Bogota",
                }
            )
        ).ShouldBe(201);
        (await admin.Get("stores/M1")).ShouldBe(200).Json["timezone"]!.GetValue<string>().ShouldBe("America/Bogota");
        (await new TestLedger(host, tenant).Query("select store, timezone from store_zones")).ShouldBe(["M1 America/Bogota"]);
        (await admin.Put("stores/M1", new { name = "M1" })).ShouldBe(200);
        (await new TestLedger(host, tenant).Query("select store, timezone from store_zones")).ShouldBe(["M1 America/Caracas"]);

        var slug = TestTenant.NewSlug();
        var platform = await Client.Platform(host);
        (
            await platform.Post(
                "/api/tenants",
                new
                {
                    slug,
                    name = "N",
                    adminEmail = TestTenant.AdminEmail,
                    adminFullName = "Ana",
                    adminPassword = TestTenant.Password,
                    timezone = "America/Lima",
                }
            )
        ).ShouldBe(201);
        (await (await TestTenant.SignIn(host, slug)).Get("settings")).ShouldBe(200).Json["timezone"]!
            .GetValue<string>()
            .ShouldBe("America/Lima");
        (
            await platform.Post(
                "/api/tenants",
                new
                {
                    slug = "no-zone",
                    name = "N",
                    adminEmail = TestTenant.AdminEmail,
                    adminFullName = "Ana",
                    adminPassword = TestTenant.Password,
                    timezone = "Lima",
                }
            )
        ).ShouldBe(400).Fields.ShouldBe(["timezone"]);
    }

    [Fact]
    public async Task no_command_may_precede_its_cause()
    {
        var tenant = await TestTenant.Create(host);
        var admin = tenant.Admin;
        await tenant.CreateStore("M1", "P1", stock: 10);
        (await admin.Post("stores", new { code = "M2", name = "M2" })).ShouldBe(201);
        var sale = (
            await admin.Post(
                "sales",
                new
                {
                    store = "M1",
                    invoiceNumber = "F-1",
                    lines = new[]
                    {
                        new
                        {
                            sku = "P1",
                            quantity = 2,
                            unitPrice = 3,
                        },
                    },
                }
            )
        ).ShouldBe(201).Json["id"];
        var transfer = (
            await admin.Post(
                "stock/transfers",
                new
                {
                    fromStore = "M1",
                    toStore = "M2",
                    lines = new[] { new { sku = "P1", quantity = 2 } },
                }
            )
        ).ShouldBe(201).Json["id"];
        const string occurredAt = "2019-01-01T00:00:00Z";
        (
            await admin.Post(
                $"sales/{sale}/payments",
                new
                {
                    amount = 1,
                    method = "cash",
                    occurredAt,
                }
            )
        ).ShouldBe(400).Fields.ShouldBe(["occurredAt"]);
        (await admin.Post($"sales/{sale}/returns", new { occurredAt, lines = new[] { new { lineNumber = 1, quantity = 1 } } }))
            .ShouldBe(400)
            .Fields.ShouldBe(["occurredAt"]);
        (await admin.Post($"sales/{sale}/cancel", new { reason = "x", occurredAt })).ShouldBe(400).Fields.ShouldBe(["occurredAt"]);
        (await admin.Post($"stock/transfers/{transfer}/receipts", new { occurredAt, lines = new[] { new { sku = "P1", received = 1 } } }))
            .ShouldBe(400)
            .Fields.ShouldBe(["occurredAt"]);
        (await admin.Post($"sales/{sale}/payments", new { amount = 1, method = "cash" })).ShouldBe(200);
    }
}
