using System.Globalization;
using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using Fluxion.Ledger.Access;
using Fluxion.Ledger.Catalog;
using Fluxion.Ledger.Session;
using Fluxion.Ledger.Stock;
using Fluxion.Ledger.Tenancy;
using Fluxion.Tests.Host;
using Fluxion.Tests.Replay;
using Fluxion.Tests.Tenancy;
using Marten;
using Microsoft.Extensions.DependencyInjection;

namespace Fluxion.Tests.Projections;

/// <summary>A tenant in which every kind of command has run: some were refused, one occurred two months ago.</summary>
public sealed class BusyTenant(LedgerHost host) : IAsyncLifetime
{
    public const string Agent = "till/1.0 (test)";

    public TestTenant Tenant { get; private set; } = null!;
    public Guid AdminId { get; private set; }

    public async ValueTask InitializeAsync()
    {
        Tenant = await TestTenant.Create(host);
        var admin = Tenant.Admin;
        AdminId = (await admin.Get("users")).Json["items"]![0]!["id"]!.GetValue<Guid>();
        foreach (var code in (string[])["S1", "S2"])
            (
                await admin.Post(
                    "stores",
                    new
                    {
                        code,
                        name = $"Store {code}",
                        address = new { city = "Caracas" },
                        contact = new { phone = "+58" },
                        settings = new { shelf = 3 },
                    }
                )
            ).ShouldBe(201);
        (await admin.Post("categories", new { code = "C1", name = "A category" })).ShouldBe(201);
        (
            await admin.Post(
                "categories",
                new
                {
                    code = "C2",
                    name = "Below",
                    parent = "C1",
                    description = "x",
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
                    email = "v@v.test",
                    creditLimit = 1000.5,
                    address = new { city = "Valencia" },
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
                    category = "C2",
                    supplier = "V1",
                    barcode = "759",
                    description = "1 L",
                    costPrice = 2.5,
                    sellingPrice = 3.25,
                    taxRate = 16,
                    reorderPoint = 5,
                    minStockLevel = 2,
                    maxStockLevel = 50,
                    settings = new { allowBackorder = true, aisle = "7" },
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
                }
            )
        ).ShouldBe(201);
        (await admin.Post("products", new { sku = "P3", name = "Wine" })).ShouldBe(201);

        (await Receive("S1", null, ("P1", 10, 2), ("P2", 1.125m, 4.6m), ("P1", 10, 3))).ShouldBe(200);
        (await Receive("S2", TimeProvider.System.GetUtcNow().AddMonths(-2), ("P1", 7, 2.25m))).ShouldBe(200);
        (await Receive("S2", null, ("P3", 4, null))).ShouldBe(200);
        (await Issue("S1", "P1", 5)).ShouldBe(200);
        (await Issue("S1", "P1", 40)).ShouldBe(200); // below zero, as the product's settings allow
        (await Issue("S2", "P3", 5)).ShouldBe(409);
        (await Adjust("S1", "P1", 3)).ShouldBe(200);
        (await Adjust("S1", "P2", -0.125m)).ShouldBe(200);
        (
            await admin.Put(
                "products/P1",
                new
                {
                    name = "Milk, whole",
                    costPrice = 2.6,
                    reorderPoint = 6,
                    version = 1,
                }
            )
        ).ShouldBe(200);
        (await admin.Put("products/P1", new { name = "Stale", version = 1 })).ShouldBe(409);
        (await admin.Put("stores/S2", new { name = "Store S2, renamed", type = "warehouse" })).ShouldBe(200);
        (await admin.Post("products/P3/deactivate", null)).ShouldBe(200);
        (await admin.Post("stores/S2/deactivate", null)).ShouldBe(200);
        (
            await admin.Post(
                "users",
                new
                {
                    email = "luis@company.test",
                    fullName = "Luis",
                    role = "user",
                    password = TestTenant.Password,
                    stores = new[] { "S1" },
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
        (await admin.Post("users/luis@company.test/password", new { newPassword = "another password" })).ShouldBe(200);
        (await admin.Post("users/luis@company.test/deactivate", null)).ShouldBe(200);
        (await admin.Post($"users/{TestTenant.AdminEmail}/deactivate", null)).ShouldBe(409);
        (await admin.Put("categories/C1", new { name = "Below itself", parent = "C2" })).ShouldBe(409);
        (await admin.Put("categories/C2", new { name = "Moved to the top", settings = new { color = "red" } })).ShouldBe(200);
        (await admin.Post("categories/C1/deactivate", null)).ShouldBe(200);
        (await admin.Post("categories/C1/activate", null)).ShouldBe(200);
        (
            await admin.Put(
                "suppliers/V1",
                new
                {
                    businessName = "A supplier, C.A.",
                    taxId = "J000063729",
                    creditLimit = 2000,
                }
            )
        ).ShouldBe(200);
        (await admin.Post("suppliers/V1/deactivate", null)).ShouldBe(200);
        (await admin.Post("suppliers/V1/activate", null)).ShouldBe(200);
        (await admin.Post("stores/S2/activate", null)).ShouldBe(200);
        (await admin.Post("stores/S2/deactivate", null)).ShouldBe(200);
    }

    public Task<Answer> Receive(
        string store,
        DateTimeOffset? occurredAt,
        params (string Sku, decimal Quantity, decimal? UnitCost)[] lines
    ) =>
        Tenant.Admin.Post(
            "stock/receipts",
            new
            {
                store,
                occurredAt,
                reference = "GRN",
                notes = "n",
                lines = lines.Select(l => new
                {
                    sku = l.Sku,
                    quantity = l.Quantity,
                    unitCost = l.UnitCost,
                }),
            }
        );

    private Task<Answer> Issue(string store, string sku, decimal quantity) =>
        Tenant.Admin.Post(
            "stock/issues",
            new
            {
                store,
                reason = "sample",
                lines = new[] { new { sku, quantity } },
            }
        );

    private Task<Answer> Adjust(string store, string sku, decimal quantity) =>
        Tenant.Admin.Post(
            "stock/adjustments",
            new
            {
                store,
                reason = "correction",
                lines = new[] { new { sku, quantity } },
            }
        );

    /// <summary>Receives one P2 from a network address, which the in-process client does not have.</summary>
    public async Task ReceiveFrom(string address, string reference)
    {
        var token = (
            await Client
                .Anonymous(host)
                .Post(
                    "/api/token",
                    new
                    {
                        tenant = Tenant.Slug,
                        email = TestTenant.AdminEmail,
                        password = TestTenant.Password,
                    },
                    key: null
                )
        ).ShouldBe(200).Json["access_token"]!.GetValue<string>();
        var body = JsonSerializer.SerializeToUtf8Bytes(
            new
            {
                store = "S1",
                reference,
                lines = new[]
                {
                    new
                    {
                        sku = "P2",
                        quantity = 1,
                        unitCost = 5,
                    },
                },
            }
        );
        var http = await host.Http.Server.SendAsync(http =>
        {
            http.Connection.RemoteIpAddress = IPAddress.Parse(address);
            http.Request.Method = "POST";
            http.Request.Path = $"/api/{Tenant.Slug}/stock/receipts";
            http.Request.Headers.Authorization = $"Bearer {token}";
            http.Request.Headers.UserAgent = Agent;
            http.Request.Headers[IdempotencyKey.Header] = Guid.CreateVersion7().ToString();
            http.Request.ContentType = "application/json";
            http.Request.ContentLength = body.Length;
            http.Request.Body = new MemoryStream(body);
        });
        http.Response.StatusCode.ShouldBe(200, address);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}

/// <summary>Commands, Marten's documents and the tables agree, for every table and in every tenant.</summary>
[Collection(AlteredTables.Name)]
public sealed class AllTablesTests(LedgerHost host, BusyTenant busy) : IClassFixture<BusyTenant>
{
    private string Schema => busy.Tenant.Schema;

    private async Task<List<object?[]>> Rows(string sql)
    {
        await using var superuser = await host.OpenSuperuser();
        return await superuser.Rows(sql);
    }

    private IQuerySession Documents() =>
        host
            .Services.GetRequiredService<TenantDocumentStores>()
            .ForTenant(busy.Tenant.Id.ToString())
            .QuerySession(busy.Tenant.Id.ToString());

    private static JsonNode? Json(object? column) => column is null ? null : JsonNode.Parse((string)column);

    [Fact]
    public async Task accepted_commands_record_events_and_refused_ones_do_not()
    {
        // NET-… are the receipts of a test below; alerts follow commands asynchronously
        (
            await Rows(
                $"""
                select type, count(*)::int from {Schema}.mt_events where not data::text like '%NET-%' and type not like 'alert%'
                group by type
                """
            )
        )
            .ToDictionary(r => (string)r[0]!, r => (int)r[1]!)
            .ShouldBe(
                new Dictionary<string, int>
                {
                    ["user_registered"] = 2,
                    ["user_changed"] = 1,
                    ["user_password_changed"] = 1,
                    ["user_deactivated"] = 1,
                    ["store_opened"] = 2,
                    ["store_changed"] = 1,
                    ["store_deactivated"] = 2,
                    ["store_activated"] = 1,
                    ["category_created"] = 2,
                    ["category_changed"] = 1,
                    ["category_deactivated"] = 1,
                    ["category_activated"] = 1,
                    ["supplier_registered"] = 1,
                    ["supplier_changed"] = 1,
                    ["supplier_deactivated"] = 1,
                    ["supplier_activated"] = 1,
                    ["product_created"] = 3,
                    ["product_changed"] = 1,
                    ["product_deactivated"] = 1,
                    ["stock_received"] = 5,
                    ["stock_issued"] = 2,
                    ["stock_adjusted"] = 2,
                },
                ignoreOrder: true
            );
    }

    [Theory]
    [MemberData(nameof(Invariants.Names), MemberType = typeof(Invariants))]
    public async Task every_tenant_keeps_the_invariant(string invariant)
    {
        await using var superuser = await host.OpenSuperuser();
        (await superuser.Violations(invariant)).ShouldBeEmpty();
    }

    [Fact]
    public async Task movement_types_signs_and_costs_follow_the_event()
    {
        object?[][] expected =
        [
            ["in", "receipt", null, 10m, 2m, 20m],
            ["in", "receipt", null, 10m, 3m, 30m],
            ["out", "issue", "sample", -5m, 2.5m, -12.5m],
            ["out", "issue", "sample", -40m, 2.5m, -100m],
            ["adjustment", "adjustment", "correction", 3m, 2.5m, 7.5m],
        ];
        (
            await Rows(
                $"""
                select m.movement_type, m.reference_type, m.reason, m.quantity, m.cost_per_unit, m.total_cost
                from {Schema}.inventory_movements m join {Schema}.products p on p.id = m.product_id
                    join {Schema}.stores s on s.id = m.store_id
                join {Schema}.mt_events e on e.id = m.id
                where s.code = 'S1' and p.sku = 'P1' order by e.version
                """
            )
        ).Select(Line).ShouldBe(expected.Select(Line));
    }

    [Fact]
    public async Task the_audit_trail_names_the_user_unless_the_system_acted()
    {
        (
            await Rows(
                $"""
                select event_type, user_id from {Schema}.events where user_id is distinct from '{busy.AdminId}'
                    and event_type not like 'alert%'
                """
            )
        ).ShouldHaveSingleItem().ShouldBe(["user_registered", null], "the first admin, whom provisioning registered");
    }

    [Theory]
    [InlineData("203.0.113.7", "203.0.113.7")]
    [InlineData("2001:db8::7", "2001:db8::7")]
    [InlineData("::ffff:203.0.113.8", "203.0.113.8")] // an IPv4 client, as a listener on [::] sees it
    [InlineData("fe80::1%2", "fe80::1")] // a scope id names a network of this machine only; the type inet has none
    public async Task the_audit_trail_names_address_and_agent_of_the_request(string address, string shown)
    {
        var reference = $"NET-{address}";
        await busy.ReceiveFrom(address, reference);
        (
            await Rows(
                $"""
                select host(ip_address), user_agent from {Schema}.events
                where metadata -> 'event' -> 'document' ->> 'reference' = '{reference}'
                """
            )
        ).ShouldHaveSingleItem().ShouldBe([shown, BusyTenant.Agent]);
    }

    [Fact]
    public async Task a_request_without_address_or_agent_leaves_both_empty()
    {
        (await Rows($"select ip_address, user_agent from {Schema}.events where event_type = 'product_changed'"))
            .ShouldHaveSingleItem()
            .ShouldBe([null, null]);
    }

    // Tables compared with Marten's documents

    [Fact]
    public async Task the_products_table_equals_the_documents()
    {
        await using var session = Documents();
        var documents = (await session.Query<Product>().ToListAsync(TestContext.Current.CancellationToken)).ToDictionary(p => p.Id);
        var rows = await Rows(
            $"""
            select id, sku, name, unit_type, barcode, description, category_id, supplier_id, min_stock_level, max_stock_level,
                reorder_point,
                   cost_price, selling_price, tax_rate, is_active, settings::text, version, tenant_id
            from {Schema}.products
            """
        );
        rows.Count.ShouldBe(documents.Count);
        foreach (var row in rows)
        {
            var p = documents[(Guid)row[0]!];
            var d = p.Details;
            row[1..15]
                .ShouldBe(
                    [
                        p.Code,
                        d.Name,
                        d.UnitType,
                        d.Barcode,
                        d.Description,
                        d.CategoryId,
                        d.SupplierId,
                        d.MinStockLevel,
                        d.MaxStockLevel,
                        d.ReorderPoint,
                        d.CostPrice,
                        d.SellingPrice,
                        d.TaxRate,
                        p.IsActive,
                    ],
                    p.Code
                );
            (Json(row[15])!["allow_backorder"]?.GetValue<bool>() ?? false).ShouldBe(p.AllowsBackorder);
            row[16].ShouldBe(p.Code == "P2" ? 1L : 2L);
            row[17].ShouldBe(busy.Tenant.Id);
        }
        rows.ShouldContain(r => (string)r[1]! == "P3" && !(bool)r[14]!);
    }

    [Fact]
    public async Task custom_fields_of_a_product_are_stored_as_sent()
    {
        var product = new
        {
            sku = "P9",
            name = "With fields",
            settings = new
            {
                allowBackorder = true,
                aisle = "7",
                Nested = new { Depth = 1.50m },
            },
        };
        var tenant = await TestTenant.Create(host);
        (await tenant.Admin.Post("products", product)).ShouldBe(201);
        JsonNode
            .DeepEquals(
                Json((await Rows($"select settings::text from {tenant.Schema}.products where sku = 'P9'")).Single()[0]),
                JsonNode.Parse("""{"allow_backorder":true,"aisle":"7","Nested":{"Depth":1.50}}""")
            )
            .ShouldBeTrue();
    }

    [Fact]
    public async Task the_stores_table_equals_the_documents()
    {
        await using var session = Documents();
        var documents = (await session.Query<Store>().ToListAsync(TestContext.Current.CancellationToken)).ToDictionary(s => s.Id);
        var rows = await Rows(
            $"""
            select id, code, name, type, is_active, address ->> 'city', contact ->> 'phone', settings::text from {Schema}.stores
            order by code
            """
        );
        rows.Count.ShouldBe(documents.Count);
        foreach (var row in rows)
        {
            var s = documents[(Guid)row[0]!];
            row[1..7]
                .ShouldBe([s.Code, s.Details.Name, s.Details.Type, s.IsActive, s.Details.Address?.City, s.Details.Contact?.Phone], s.Code);
        }
        rows[0][7].ShouldBe("""{"shelf": 3}""");
        rows[1][1..8].ShouldBe(["S2", "Store S2, renamed", "warehouse", false, null, null, "{}"]);
    }

    [Fact]
    public async Task the_users_table_equals_the_documents_and_has_no_password()
    {
        await using var session = Documents();
        var documents = (await session.Query<User>().ToListAsync(TestContext.Current.CancellationToken)).ToDictionary(u => u.Id);
        var rows = await Rows($"select id, email::text, full_name, role, is_active, store_ids, password_hash from {Schema}.users");
        rows.Count.ShouldBe(2);
        documents.Count.ShouldBe(2);
        foreach (var row in rows)
        {
            var u = documents[(Guid)row[0]!];
            row[1..5].ShouldBe([u.Email, u.FullName, u.Role, u.IsActive]);
            ((Guid[]?)row[5]).ShouldBe(u.StoreIds);
            row[6].ShouldBeNull();
        }
        rows.Single(r => (string)r[1]! == "luis@company.test")[5].ShouldBeOfType<Guid[]>().Length.ShouldBe(1);
    }

    [Fact]
    public async Task the_tables_of_categories_suppliers_and_stock_equal_the_documents()
    {
        await using var session = Documents();
        var ct = TestContext.Current.CancellationToken;
        (await Rows($"select id, code, name, parent_id, description, is_active from {Schema}.categories order by code"))
            .Select(Line)
            .ShouldBe(
                (await session.Query<Category>().ToListAsync(ct))
                    .OrderBy(c => c.Code, StringComparer.Ordinal)
                    .Select(c => Line([c.Id, c.Code, c.Name, c.ParentId, c.Description, c.IsActive]))
            );
        (await Rows($"select id, code, business_name, tax_id, email::text, credit_limit, address ->> 'city' from {Schema}.suppliers"))
            .Select(Line)
            .ShouldBe(
                (await session.Query<Supplier>().ToListAsync(ct)).Select(s =>
                    Line([
                        s.Id,
                        s.Code,
                        s.Details.BusinessName,
                        s.Details.TaxId,
                        s.Details.Email,
                        s.Details.CreditLimit,
                        s.Details.Address?.City,
                    ])
                )
            );
    }

    /// <summary>The values in one line, numbers without trailing zeros.</summary>
    private static string Line(object?[] values) =>
        string.Join(
            " | ",
            values.Select(v =>
                v switch
                {
                    decimal number => number.ToString("0.####", CultureInfo.InvariantCulture),
                    _ => Convert.ToString(v, CultureInfo.InvariantCulture),
                }
            )
        );

    // Cost

    [Fact]
    public async Task the_moving_average_restarts_after_stock_reaches_zero()
    {
        var tenant = await TestTenant.Create(host);
        var shop = await tenant.CreateStore("M1", "M1");
        async Task<decimal> Average() =>
            (await tenant.Admin.Get("inventory?store=M1")).ShouldBe(200).Json["items"]![0]!["costPerUnit"]!.GetValue<decimal>();

        (await shop.Receive(10, 2)).ShouldBe(200);
        (await shop.Receive(10, 3)).ShouldBe(200);
        (await shop.Issue(5)).ShouldBe(200);
        (await Average()).ShouldBe(2.5m); // an outbound movement does not change the average
        (await shop.Adjust(-15)).ShouldBe(200);
        (await shop.Receive(3, 7)).ShouldBe(200);
        (await Average()).ShouldBe(7m);
        // the value of the remaining stock is inbound less outbound: 20 + 30 − 12.50 − 37.50 + 21
        (await Rows($"select sum(total_cost) from {tenant.Schema}.inventory_movements"))
            .Single()
            .ShouldBe([21m]);
    }

    [Theory]
    [InlineData(3, 1.0, 3, 2.0, 1.5)]
    [InlineData(3, 1.0, 1, 2.0, 1.25)]
    [InlineData(2, 1.0, 1, 1.0001, 1.0)] // 3.0001 / 3 = 1.00003…
    [InlineData(1, 1.0, 1, 1.0001, 1.0001)] // 1.00005: a half is rounded away from zero
    [InlineData(-4, 9.0, 10, 2.0, 2.0)] // negative stock has no cost to average with
    [InlineData(0, 9.0, 10, 2.0, 2.0)]
    public void a_receipt_updates_the_moving_average_to_four_decimals(
        decimal onHand,
        decimal average,
        decimal quantity,
        decimal cost,
        decimal expected
    )
    {
        var (id, at) = (Guid.CreateVersion7(), DateTimeOffset.UnixEpoch);
        var item = new StockItem(id, id, id, onHand, 0, average, at);
        StockItem
            .Fold(id, item, new StockReceived(id, id, quantity, new StockDocument(id, null, null, at)) { UnitCost = cost })
            .UnitCost.ShouldBe(expected);
    }
}
