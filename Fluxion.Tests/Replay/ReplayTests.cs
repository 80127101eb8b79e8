using Fluxion.Host.Demo;
using Fluxion.Ledger.Tenancy;
using Fluxion.Projections.Replay;
using Fluxion.Tests.Host;
using Fluxion.Tests.Tenancy;
using Microsoft.Extensions.DependencyInjection;

namespace Fluxion.Tests.Replay;

/// <summary>A tenant with a row in every read model, and the result of its replay.</summary>
public sealed class TradingTenant(LedgerHost host) : IAsyncLifetime
{
    public TestTenant Tenant { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Tenant = await TestTenant.Create(host, altered: true);
        await CreateDocuments(Tenant.Admin);
    }

    /// <summary>Creates stores, products and documents of each kind, and changes them afterwards.</summary>
    public static async Task CreateDocuments(Client admin)
    {
        (await admin.Put("settings", new { overReceiptPercent = 5, timezone = "America/Caracas" })).ShouldBe(200);
        (
            await admin.Post(
                "stores",
                new
                {
                    code = "S1",
                    name = "A store",
                    timezone = "Asia/Kathmandu",
                    address = new { city = "Caracas" },
                }
            )
        ).ShouldBe(201);
        (await admin.Post("stores", new { code = "S2", name = "Another" })).ShouldBe(201);
        (
            await admin.Post(
                "users",
                new
                {
                    email = "luis@company.test",
                    fullName = "Luis",
                    role = "user",
                    password = TestTenant.Password,
                    stores = new[] { "S1", "S2" },
                }
            )
        ).ShouldBe(201);
        (
            await admin.Put(
                "users/luis@company.test",
                new
                {
                    fullName = "Luis Pérez",
                    role = "manager",
                    stores = new[] { "S1" },
                    permissions = new { Discount = 5 },
                }
            )
        ).ShouldBe(200);
        (
            await admin.Post(
                "categories",
                new
                {
                    code = "C1",
                    name = "A category",
                    settings = new { color = "red" },
                }
            )
        ).ShouldBe(201);
        (
            await admin.Post(
                "suppliers",
                new
                {
                    code = "V1",
                    businessName = "A supplier, S.A.",
                    taxId = "J-1",
                    email = "Ventas@v.test",
                    creditLimit = 1000.5,
                }
            )
        ).ShouldBe(201);
        (
            await admin.Post(
                "products",
                new
                {
                    sku = "P1",
                    name = "Milk",
                    category = "C1",
                    supplier = "V1",
                    costPrice = 2.5,
                    sellingPrice = 3.25,
                    taxRate = 16,
                    settings = new { aisle = "7" },
                }
            )
        ).ShouldBe(201);
        (
            await admin.Post(
                "products",
                new
                {
                    sku = "P2",
                    name = "Cheese",
                    unitType = "kg",
                    costPrice = 4.1234,
                    barcodes = new object[]
                    {
                        new { code = "7591007000023" },
                        new
                        {
                            code = "17591007000020",
                            unit = "case",
                            packQuantity = 24,
                        },
                        new { code = "CHEESE", kind = "internal" },
                    },
                }
            )
        ).ShouldBe(201);
        (
            await admin.Put(
                "products/P2",
                new
                {
                    name = "Cheese",
                    unitType = "kg",
                    costPrice = 4.1234,
                    version = 1,
                    barcodes = new object[]
                    {
                        new { code = "7591007000023" },
                        new
                        {
                            code = "17591007000020",
                            unit = "case",
                            packQuantity = 12,
                        },
                    },
                }
            )
        ).ShouldBe(200);
        (
            await admin.Put(
                "products/P1",
                new
                {
                    name = "Milk, whole",
                    costPrice = 2.6,
                    version = 1,
                }
            )
        ).ShouldBe(200);
        (
            await admin.Post(
                "stock/receipts",
                new
                {
                    store = "S1",
                    reference = "GRN-1",
                    lines = new object[]
                    {
                        new
                        {
                            sku = "P1",
                            quantity = 100,
                            unitCost = 2.4,
                        },
                        new
                        {
                            sku = "P2",
                            quantity = 10.125,
                            unitCost = 4,
                        },
                    },
                }
            )
        ).ShouldBe(200);
        (
            await admin.Post(
                "stock/receipts",
                new
                {
                    store = "S2",
                    occurredAt = TimeProvider.System.GetUtcNow().AddMonths(-3),
                    lines = new[]
                    {
                        new
                        {
                            sku = "P1",
                            quantity = 7,
                            unitCost = 2.25,
                        },
                    },
                }
            )
        ).ShouldBe(200);
        (await admin.Post("stock/counts", new { store = "S1", lines = new[] { new { sku = "P1", quantity = 98 } } })).ShouldBe(200);
        var transfer = (
            await admin.Post(
                "stock/transfers",
                new
                {
                    fromStore = "S1",
                    toStore = "S2",
                    notes = "with the van",
                    lines = new[] { new { sku = "P1", quantity = 5 } },
                }
            )
        ).ShouldBe(201).Json["id"];
        (
            await admin.Post(
                $"stock/transfers/{transfer}/receipts",
                new
                {
                    lines = new[]
                    {
                        new
                        {
                            sku = "P1",
                            received = 3,
                            damaged = 1,
                        },
                    },
                }
            )
        ).ShouldBe(200);
        var reservation = (
            await admin.Post(
                "stock/reservations",
                new
                {
                    reference = "web-1",
                    lines = new[]
                    {
                        new
                        {
                            store = "S1",
                            sku = "P1",
                            quantity = 2,
                        },
                    },
                }
            )
        ).ShouldBe(201).Json["id"];
        (
            await admin.Post(
                "stock/reservations",
                new
                {
                    reference = "web-2",
                    lines = new[]
                    {
                        new
                        {
                            store = "S1",
                            sku = "P1",
                            quantity = 4,
                        },
                        new
                        {
                            store = "S1",
                            sku = "P2",
                            quantity = 1,
                        },
                    },
                }
            )
        ).ShouldBe(201);
        (
            await admin.Post(
                "sales",
                new
                {
                    store = "S1",
                    invoiceNumber = "F-1",
                    reservation,
                    lines = new[] { new { sku = "P1", quantity = 2 } },
                }
            )
        ).ShouldBe(201);
        var sale = (
            await admin.Post(
                "sales",
                new
                {
                    store = "S1",
                    invoiceNumber = "F-2",
                    clientName = "Eva",
                    lines = new[]
                    {
                        new
                        {
                            sku = "P1",
                            quantity = 3,
                            unitPrice = 3.33,
                            discount = 0.5,
                        },
                    },
                }
            )
        ).ShouldBe(201).Json["id"];
        (await admin.Post($"sales/{sale}/payments", new { amount = 1.5, method = "cash" })).ShouldBe(200);
        (await admin.Post($"sales/{sale}/returns", new { lines = new[] { new { lineNumber = 1, quantity = 1 } } })).ShouldBe(200);
        (
            await admin.Post(
                $"sales/{sale}/refunds",
                new
                {
                    amount = 0.5,
                    method = "card",
                    reason = "Damaged",
                }
            )
        ).ShouldBe(200);
        var cancelled = (
            await admin.Post(
                "sales",
                new
                {
                    store = "S1",
                    invoiceNumber = "F-3",
                    posTransactionId = "T-3",
                    pricesIncludeTax = true,
                    paymentMethod = "cash",
                    paymentStatus = "paid",
                    lines = new[] { new { sku = "P1", quantity = 1 }, new { sku = "P2", quantity = 1 } },
                }
            )
        ).ShouldBe(201).Json["id"];
        (await admin.Post($"sales/{cancelled}/cancel", new { reason = "a mistake" })).ShouldBe(200);
        (
            await admin.Post(
                "purchase-orders",
                new
                {
                    store = "S1",
                    supplier = "V1",
                    orderNumber = "OC-1",
                    lines = new[] { new { sku = "P1", quantity = 24 } },
                }
            )
        ).ShouldBe(201);
        (
            await admin.Put(
                "purchase-orders/OC-1",
                new
                {
                    supplier = "V1",
                    version = 1,
                    lines = new[] { new { sku = "P2", quantity = 3.5 } },
                }
            )
        ).ShouldBe(200);
        (await admin.Post("purchase-orders/OC-1/send", null)).ShouldBe(200);
        (await admin.Post("purchase-orders/OC-1/receipts", new { lines = new[] { new { sku = "P2", quantity = 2 } } })).ShouldBe(200);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}

/// <summary>A replay of the events equals the tables, and names every altered value.</summary>
[Collection(AlteredTables.Name)]
public sealed class ReplayTests(LedgerHost host, TradingTenant trading) : IClassFixture<TradingTenant>
{
    private TenantReplay Replay => host.Services.GetRequiredService<TenantReplay>();

    private string Schema => trading.Tenant.Schema;

    private Task<ReplayResult> Run(ReplayRequest? request = null) =>
        Replay.Run(trading.Tenant.Registered, request ?? new(), null, TestContext.Current.CancellationToken);

    [Fact]
    public async Task the_demo_tenant_equals_its_replay() =>
        await host.ReplayShouldBeEqual(
            (await host.Services.GetRequiredService<TenantRegistry>().Find(DemoTenant.Slug, TestContext.Current.CancellationToken))!
        );

    [Fact]
    public async Task audit_rows_dropped_by_retention_are_no_difference_and_other_missing_rows_are()
    {
        var tenant = await TestTenant.Create(host, altered: true);
        await TradingTenant.CreateDocuments(tenant.Admin);
        await using var superuser = await host.OpenSuperuser();
        async Task<long?> Missing() =>
            (await Replay.Run(tenant.Registered, new("events"), null, TestContext.Current.CancellationToken)).Tables.Single().Differences;
        await superuser.Execute(
            $"""
            set app.current_tenant_id = '{tenant.Id}';
            create temp table kept as select * from {tenant.Schema}.events;
            update {tenant.Schema}.mt_events set timestamp = timestamp - interval '400 days' where type = 'product_created';
            delete from {tenant.Schema}.events where event_type = 'product_created'
            """
        );
        (await Missing()).ShouldBe(2);
        await superuser.Execute(
            $"""
            update shared.tenants set settings = jsonb_build_object('retention', jsonb_build_object('events', '1 year'))
            where id = '{tenant.Id}'
            """
        );
        (await Missing()).ShouldBe(0);
        await superuser.Execute($"delete from {tenant.Schema}.events where event_type = 'store_opened'");
        (await Missing()).ShouldBe(2);
        await superuser.Execute(
            $"""
            update {tenant.Schema}.mt_events set timestamp = timestamp + interval '400 days' where type = 'product_created';
            insert into {tenant.Schema}.events select * from kept where id not in (select id from {tenant.Schema}.events)
            """
        );
        (await Missing()).ShouldBe(0);
    }

    [Fact]
    public async Task a_replay_covers_every_table_that_events_write()
    {
        await using var superuser = await host.OpenSuperuser();
        var tables = await superuser.Column<string>(
            $"""
            select relname::text from pg_class where relnamespace = '{Schema}'::regnamespace and relkind in ('r', 'p')
               and relname not in ('schema_versions', 'idempotency_keys', 'ledger_seals', 'replays', 'mt_doc_deadletterevent')
               and (relname not like 'mt\_%' or relname like 'mt\_doc\_%')
            """
        );
        (await Run()).Tables.Select(t => t.Name).ShouldBe(tables, ignoreOrder: true);
    }

    [Fact]
    public async Task every_read_model_has_rows_in_this_test()
    {
        var result = await Run();
        result
            .Tables.Where(t => t.ReplayedRows == 0 && !t.Name.Contains("alert", StringComparison.Ordinal))
            .Select(t => t.Name)
            .ShouldBe(["forecasts"]);
        result.Tables.ShouldAllBe(t => t.LiveRows == t.ReplayedRows);
    }

    /// <summary>
    /// Statements on {t}, and the table and the column that they alter. The column is null when a row is missing or was added.
    /// </summary>
    public static TheoryData<string, string, string?> Corruptions =>
        new()
        {
            { "update {t}.users set role = 'admin' where email = 'luis@company.test'", "users", "role" },
            { "update {t}.users set email = 'LUIS@company.test' where email = 'luis@company.test'", "users", "email" },
            { "update {t}.users set store_ids = store_ids || store_ids where store_ids is not null", "users", "store_ids" },
            { "update {t}.users set last_login_at = now() where role = 'manager'", "users", "last_login_at" },
            { "update {t}.stores set name = name || ' ' where code = 'S1'", "stores", "name" },
            { "update {t}.stores set address = '{}' where code = 'S1'", "stores", "address" },
            { "insert into {t}.stores (id, code, name, type) values (gen_random_uuid(), 'S9', 'x', 'store')", "stores", null },
            { "update {t}.categories set settings = '{\"color\": \"blue\"}'", "categories", "settings" },
            { "update {t}.suppliers set credit_limit = credit_limit + 0.01", "suppliers", "credit_limit" },
            { "insert into {t}.suppliers (id, code, business_name) values (gen_random_uuid(), 'V9', 'x')", "suppliers", null },
            { "update {t}.products set created_at = created_at - interval '1 microsecond' where sku = 'P1'", "products", "created_at" },
            { "update {t}.products set barcode = '' where sku = 'P2'", "products", "barcode" },
            { "update {t}.product_barcodes set pack_quantity = 24 where pack_quantity = 12", "product_barcodes", "pack_quantity" },
            { "delete from {t}.product_barcodes where is_removed", "product_barcodes", null },
            { "delete from {t}.product_prices where id in (select id from {t}.product_prices limit 1)", "product_prices", null },
            { "update {t}.product_prices set selling_price = 0.0001 where cost_price = 4.1234", "product_prices", "selling_price" },
            { "update {t}.purchase_orders set status = 'received', version = version", "purchase_orders", "status" },
            { "update {t}.purchase_order_items set is_removed = false where is_removed", "purchase_order_items", "is_removed" },
            { "delete from {t}.purchase_order_items where is_removed", "purchase_order_items", null },
            { "update {t}.transfers set notes = null", "transfers", "notes" },
            { "update {t}.transfer_items set quantity_lost = quantity_damaged, quantity_damaged = 0", "transfer_items", "quantity_lost" },
            {
                "update {t}.reservations set expires_at = expires_at + interval '1 day' where status = 'open'",
                "reservations",
                "expires_at"
            },
            { "delete from {t}.reservation_items where line_number = 2", "reservation_items", null },
            {
                "update {t}.inventory set quantity_on_hand = quantity_on_hand + 0.001, version = version + 1 where quantity_reserved > 0",
                "inventory",
                "quantity_on_hand"
            },
            { "delete from {t}.inventory where quantity_reserved = 0", "inventory", null },
            { "update {t}.inventory_movements set quantity = quantity + 1 where reference = 'GRN-1'", "inventory_movements", "quantity" },
            {
                "update {t}.inventory_movements set created_at = created_at - interval '1 hour' where movement_type = 'out'",
                "inventory_movements",
                null
            },
            { "update {t}.inventory_movements set quantity = -quantity where reference_type = 'count'", "inventory_movements", "quantity" },
            { "delete from {t}.inventory_movements where reference_type = 'count'", "inventory_movements", null },
            {
                "insert into {t}.inventory_movements (id, product_id, store_id, movement_type, reference_type, quantity) "
                    + "select gen_random_uuid(), product_id, store_id, 'in', 'receipt', 1 from {t}.inventory limit 1",
                "inventory_movements",
                null
            },
            { "update {t}.sales set amount_paid = 2 where invoice_number = 'F-2'", "sales", "amount_paid" },
            { "update {t}.sale_items set quantity_returned = 0", "sale_items", "quantity_returned" },
            { "delete from {t}.sale_items where quantity_returned > 0", "sale_items", null },
            { "update {t}.sales set invoiced_method = 'card' where invoice_number = 'F-2'", "sales", "invoiced_method" },
            { "update {t}.sale_items set net_amount = net_amount + 0.01 where line_number = 2", "sale_items", "net_amount" },
            { "update {t}.sale_payments set amount = -0.6 where reason = 'Damaged'", "sale_payments", "amount" },
            { "delete from {t}.sale_payments where kind = 'payment'", "sale_payments", null },
            { "update {t}.sale_returns set tax_amount = 0.01 where line_number = 2", "sale_returns", "tax_amount" },
            { "delete from {t}.sale_returns where kind = 'cancellation' and line_number = 1", "sale_returns", null },
            { "update {t}.settings set unique_references = false", "settings", "unique_references" },
            { "update {t}.events set user_id = null where event_type = 'stock_counted'", "events", "user_id" },
            { "update {t}.events set new_data = new_data - 'on_hand' where event_type = 'stock_sold'", "events", "new_data" },
            {
                "update {t}.events set new_data = jsonb_set(new_data, '{on_hand}', "
                    + "to_jsonb(-(new_data ->> 'on_hand')::numeric)) where event_type = 'stock_received'",
                "events",
                "new_data"
            },
            { "update {t}.events set ip_address = '203.0.113.9' where event_type = 'store_opened'", "events", "ip_address" },
            { "delete from {t}.events where event_type = 'payment_received'", "events", null },
            {
                "insert into {t}.alerts (id, alert_type, priority, title) select gen_random_uuid(), 'low_stock', 'high', 'x'",
                "alerts",
                null
            },
            {
                "insert into {t}.forecasts (id, product_id, store_id, forecast_type, period_type, forecast_date, "
                    + "predicted_value) select gen_random_uuid(), product_id, store_id, 'demand', 'daily', '2026-11-24', 1 "
                    + "from {t}.inventory limit 1",
                "forecasts",
                null
            },
            { "update {t}.mt_doc_stockitem set data = jsonb_set(data, '{onHand}', '1')", "mt_doc_stockitem", "data" },
            {
                "update {t}.mt_doc_stockitem set data = jsonb_set(data, '{onHand}', to_jsonb(-(data ->> 'onHand')::numeric))",
                "mt_doc_stockitem",
                "data"
            },
            { "delete from {t}.mt_doc_product where data ->> 'code' = 'P2'", "mt_doc_product", null },
        };

    [Theory]
    [MemberData(nameof(Corruptions))]
    public async Task a_replay_names_every_altered_row_and_column(string alteration, string table, string? column)
    {
        await using var superuser = await host.OpenSuperuser();
        await superuser.Execute($"select set_config('app.current_tenant_id', '{trading.Tenant.Id}', false)");
        // as a superuser would: no trigger and no foreign key applies
        await superuser.Execute("set session_replication_role = replica");
        await superuser.Execute($"create table public.kept as table {Schema}.{table}");
        try
        {
            await superuser.Execute(alteration.Replace("{t}", Schema, StringComparison.Ordinal));
            var reported = new List<Difference>();
            var result = await Run(new ReplayRequest(Report: reported.Add));
            result.IsEqual.ShouldBeFalse();
            var differing = result.Tables.Where(t => t.Differences > 0).ShouldHaveSingleItem();
            differing.Name.ShouldBe(table);
            differing.First.ShouldContain(d => d.Column == column && d.Table == table, alteration);
            reported.ShouldBe(differing.First);
            (await Run(new ReplayRequest(table))).IsEqual.ShouldBeFalse("the table alone");
        }
        finally
        {
            var columns = string.Join(
                ", ",
                await superuser.Column<string>(
                    $"""
                    select quote_ident(attname) from pg_attribute where attrelid = '{Schema}.{table}'::regclass and attnum > 0
                        and attgenerated = '' and not attisdropped
                    """
                )
            );
            await superuser.Execute(
                $"""
                delete from {Schema}.{table}; insert into {Schema}.{table} ({columns}) select {columns} from public.kept;
                drop table public.kept
                """
            );
        }
        (await Run()).IsEqual.ShouldBeTrue("it is as it was again");
    }

    [Fact]
    public async Task a_field_added_to_a_state_later_is_no_difference()
    {
        await using var superuser = await host.OpenSuperuser();
        await superuser.Execute($"update {Schema}.mt_doc_sale set data = jsonb_strip_nulls(data)");
        (await Run(new ReplayRequest("mt_doc_sale"))).IsEqual.ShouldBeTrue();
    }
}

/// <summary>Tests that alter tables, or check the tables of all tenants, never run in parallel.</summary>
public static class AlteredTables
{
    public const string Name = "altered tables";
}

public static class Replays
{
    /// <summary>Replays the tenant's events: every row of its read models and every state that its commands use must match.</summary>
    public static async Task ReplayShouldBeEqual(this LedgerHost host, Tenant tenant)
    {
        var result = await host.Services.GetRequiredService<TenantReplay>().Run(tenant, new(), null, CancellationToken.None);
        result.Tables.SelectMany(t => t.First).ShouldBeEmpty(tenant.Slug);
        result.IsEqual.ShouldBeTrue();
        result.SuspectBuckets.ShouldBe(0, "what is equal is equal at the first look");
        result.Events.ShouldBePositive();
    }

    public static Task ReplayShouldBeEqual(this LedgerHost host, TestTenant tenant) => host.ReplayShouldBeEqual(tenant.Registered);
}
