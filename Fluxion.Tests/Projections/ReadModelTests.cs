using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using Fluxion.Ledger.Session;
using Fluxion.Ledger.Time;
using Fluxion.Tests.Host;
using Fluxion.Tests.Stock;
using Fluxion.Tests.Tenancy;
using Npgsql;

namespace Fluxion.Tests.Projections;

/// <summary>A tenant with a known history: catalog, a user, and receipts, issues and adjustments of two products in two stores.</summary>
public sealed class KnownHistory(LedgerHost host) : IAsyncLifetime
{
    public const string Address = "203.0.113.7";
    public const string Agent = "fluxion-tests/1.0 (till 7)";
    public const string ClerkEmail = "clerk@company.test";

    public TestTenant Tenant { get; private set; } = null!;
    public Guid ClerkId { get; private set; }
    public DateTimeOffset TwoMonthsAgo { get; } = Timestamps.ToMicroseconds(TimeProvider.System.GetUtcNow().AddDays(-61));

    public Task<NpgsqlConnection> Open() => host.OpenSuperuser();

    public async ValueTask InitializeAsync()
    {
        Tenant = await TestTenant.Create(host);
        var admin = Tenant.Admin;
        var first = await Tenant.CreateStore("S1", "P1");
        await Tenant.CreateStore("S2", "P2");
        (
            await admin.Post(
                "users",
                new
                {
                    email = ClerkEmail,
                    fullName = "Clerk",
                    role = "user",
                    password = TestTenant.Password,
                }
            )
        ).ShouldBe(201);

        (await first.Receive(10, 2)).ShouldBe(200);
        (await first.Receive(10, 3)).ShouldBe(200);
        (await first.Issue(5)).ShouldBe(200);
        (await first.Receive(5, 4)).ShouldBe(200);
        (await first.Adjust(-3)).ShouldBe(200);
        (await first.Adjust(1)).ShouldBe(200);
        foreach (var shop in (TestStore[])[new(admin, "S1", "P2"), new(admin, "S2", "P1"), new(admin, "S2", "P2")])
        {
            (await shop.Receive(7, 1.25m)).ShouldBe(200);
            (await shop.Issue(2)).ShouldBe(200);
        }
        // two lines of one item, so that one command appends two events to one stream
        (
            await admin.Post(
                "stock/receipts",
                new
                {
                    store = "S2",
                    reference = "TWICE",
                    lines = new[] { new { sku = "P1", quantity = 1 }, new { sku = "P1", quantity = 2 } },
                }
            )
        ).ShouldBe(200);
        // all of it is refused, including the line with enough stock
        (
            await admin.Post(
                "stock/issues",
                new
                {
                    store = "S2",
                    reason = "damage",
                    lines = new[] { new { sku = "P2", quantity = 1 }, new { sku = "P1", quantity = 1000 } },
                }
            )
        ).ShouldBe(409);

        (
            await admin.Put(
                "products/P1",
                new
                {
                    name = "Another name",
                    unitType = "unit",
                    reorderPoint = 4,
                    version = 1,
                }
            )
        ).ShouldBe(200);
        (
            await admin.Put(
                "products/P1",
                new
                {
                    name = "A third name",
                    unitType = "unit",
                    reorderPoint = 5,
                    version = 2,
                }
            )
        ).ShouldBe(200);
        (await admin.Post("products/P2/deactivate", null)).ShouldBe(200);
        (
            await admin.Put(
                "stores/S1",
                new
                {
                    name = "Another store",
                    type = "warehouse",
                    address = new { city = "Caracas" },
                }
            )
        ).ShouldBe(200);
        (await admin.Post("stores/S2/deactivate", null)).ShouldBe(200);

        var token = (
            await Client
                .Anonymous(host)
                .Post(
                    "/api/token",
                    new
                    {
                        tenant = Tenant.Slug,
                        email = ClerkEmail,
                        password = TestTenant.Password,
                    },
                    null
                )
        ).ShouldBe(200).Json["access_token"]!.GetValue<string>();
        await ReceiveFromRemoteAddress(token, "TODAY", null);
        // as a till in Caracas sends it
        await ReceiveFromRemoteAddress(token, "BACK", TwoMonthsAgo.ToOffset(TimeSpan.FromHours(-4)));

        await using var connection = await Open();
        ClerkId = (await connection.Column<Guid>($"select id from {Tenant.Schema}.users where email = '{ClerkEmail}'")).Single();
    }

    /// <summary>A receipt with a client address and a user agent, which an HttpClient of the test server does not have.</summary>
    private async Task ReceiveFromRemoteAddress(string token, string reference, DateTimeOffset? occurredAt)
    {
        var body = JsonSerializer.SerializeToUtf8Bytes(
            new
            {
                store = "S1",
                reference,
                occurredAt,
                lines = new[]
                {
                    new
                    {
                        sku = "P1",
                        quantity = 1,
                        unitCost = 2.5m,
                    },
                },
            }
        );
        var answer = await host.Http.Server.SendAsync(http =>
        {
            http.Connection.RemoteIpAddress = IPAddress.Parse(Address);
            var request = http.Request;
            (request.Method, request.Scheme, request.Host, request.Path) = (
                "POST",
                "http",
                new("localhost"),
                $"/api/{Tenant.Slug}/stock/receipts"
            );
            request.Headers.Authorization = $"Bearer {token}";
            request.Headers.UserAgent = Agent;
            request.Headers[IdempotencyKey.Header] = Guid.CreateVersion7().ToString();
            request.ContentType = "application/json";
            request.ContentLength = body.Length;
            request.Body = new MemoryStream(body);
        });
        using var text = new StreamReader(answer.Response.Body, Encoding.UTF8);
        answer.Response.StatusCode.ShouldBe(200, await text.ReadToEndAsync());
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}

public sealed class ReadModelTests(KnownHistory history, LedgerHost host) : IClassFixture<KnownHistory>
{
    private string Schema => history.Tenant.Schema;

    private async Task<List<object?[]>> Rows(string sql)
    {
        await using var connection = await history.Open();
        return await connection.Rows(sql.Replace("{t}", Schema, StringComparison.Ordinal));
    }

    private static DateTimeOffset Instant(object? value) => new(((DateTime)value!).ToUniversalTime());

    [Fact]
    public async Task on_hand_of_every_item_is_the_sum_of_its_movements()
    {
        var items = await Rows(
            """
            select s.code || '/' || p.sku, i.quantity_on_hand, i.quantity_reserved, i.quantity_available,
                   (select sum(m.quantity) from {t}.inventory_movements m where m.store_id = i.store_id and m.product_id = i.product_id)
            from {t}.inventory i join {t}.stores s on s.id = i.store_id join {t}.products p on p.id = i.product_id order by 1
            """
        );
        // by hand: S1/P1 10 + 10 − 5 + 5 − 3 + 1 + 1 + 1; the others 7 − 2, and S2/P1 1 + 2 more
        items
            .Select(r => $"{r[0]} {((decimal)r[1]!).ToString("0.###", CultureInfo.InvariantCulture)}")
            .ShouldBe(["S1/P1 20", "S1/P2 5", "S2/P1 8", "S2/P2 5"]);
        foreach (var row in items)
        {
            row[4].ShouldBe(row[1], (string)row[0]!);
            row[2].ShouldBe(0m);
            row[3].ShouldBe(row[1]);
        }
        (
            await Rows(
                """
                select 1 from {t}.inventory_movements m
                where not exists (select from {t}.inventory i where i.store_id = m.store_id and i.product_id = m.product_id)
                """
            )
        ).ShouldBeEmpty();
    }

    [Fact]
    public async Task each_movement_event_is_one_movement_and_a_refused_line_is_none()
    {
        var (events, movements) = (
            await Rows("select id from {t}.mt_events where type like 'stock\\_%' order by id"),
            await Rows("select id from {t}.inventory_movements order by id")
        );
        events.Count.ShouldBe(16);
        movements.Select(r => r[0]).ShouldBe(events.Select(r => r[0]));
    }

    [Fact]
    public async Task the_audit_trail_and_the_ledger_correspond_one_to_one()
    {
        var ledger = await Rows("select id, type, timestamp, version, stream_id, user_name from {t}.mt_events order by seq_id");
        var audit = (
            await Rows("select id, event_type, created_at, (metadata ->> 'version')::bigint, entity_id, user_id::text from {t}.events")
        ).ToDictionary(r => (Guid)r[0]!);
        ledger.Count.ShouldBeGreaterThan(25);
        audit.Count.ShouldBe(ledger.Count);
        foreach (var e in ledger)
        {
            var row = audit[(Guid)e[0]!];
            row[1].ShouldBe(e[1]);
            Instant(row[2]).ShouldBe(Instant(e[2]));
            row[3].ShouldBe(e[3]);
            row[4].ShouldBe(e[4]);
            row[5].ShouldBe(e[5]);
        }
        ledger
            .Select(e => (string)e[1]!)
            .Distinct()
            .Order()
            .ShouldBe([
                "product_changed",
                "product_created",
                "product_deactivated",
                "stock_adjusted",
                "stock_issued",
                "stock_received",
                "store_changed",
                "store_deactivated",
                "store_opened",
                "user_registered",
            ]);
    }

    [Fact]
    public async Task each_audit_row_starts_with_the_state_at_the_end_of_the_previous_row()
    {
        var rows = await Rows(
            """
            select event_type, action, (metadata ->> 'version')::bigint, old_data::text, new_data::text,
                   lag(new_data::text) over entity, lag((metadata ->> 'version')::bigint) over entity
            from {t}.events
            window entity as (partition by entity_type, entity_id order by (metadata ->> 'version')::bigint)
            """
        );
        foreach (var row in rows)
        {
            var (type, version) = ((string)row[0]!, (long)row[2]!);
            row[4].ShouldNotBeNull(type);
            row[3].ShouldBe(row[5], $"{type} {version}");
            version.ShouldBe(((long?)row[6] ?? 0) + 1, type);
            row[1].ShouldBe(version == 1 ? "created" : "updated", type);
            (row[3] is null).ShouldBe(version == 1, type);
        }
        rows.Count(r => r[3] is not null).ShouldBeGreaterThan(12);
    }

    [Fact]
    public async Task the_last_audit_row_of_an_entity_matches_its_read_model()
    {
        var rows = await Rows(
            """
            select i.quantity_on_hand, (e.new_data ->> 'on_hand')::numeric, i.cost_per_unit, (e.new_data ->> 'unit_cost')::numeric,
                i.version, (e.metadata ->> 'version')::bigint
            from {t}.inventory i
            join lateral (select * from {t}.events e where e.entity_type = 'inventory' and e.entity_id = i.id
                order by (e.metadata ->> 'version')::bigint desc limit 1) e on true
            """
        );
        rows.Count.ShouldBe(4);
        foreach (var row in rows)
            (row[0], row[2], row[4]).ShouldBe((row[1], row[3], row[5]));
    }

    [Fact]
    public async Task a_movement_has_the_times_of_occurrence_and_recording_and_the_user()
    {
        var rows = await Rows(
            """
            select m.reference, m.created_at, m.recorded_at, e.timestamp, m.created_by, e.data -> 'document' ->> 'occurredAt'
            from {t}.inventory_movements m join {t}.mt_events e on e.id = m.id
            """
        );
        rows.Count.ShouldBe(16);
        foreach (var row in rows)
        {
            Instant(row[2]).ShouldBe(Instant(row[3]));
            Instant(row[1]).ShouldBe(DateTimeOffset.Parse((string)row[5]!, CultureInfo.InvariantCulture));
        }
        var back = rows.Single(r => r[0] is "BACK");
        Instant(back[1]).ShouldBe(history.TwoMonthsAgo);
        (Instant(back[2]) - Instant(back[1])).ShouldBeGreaterThan(TimeSpan.FromDays(60));
        var today = rows.Single(r => r[0] is "TODAY");
        (Instant(today[2]) - Instant(today[1])).Duration().ShouldBeLessThan(TimeSpan.FromMinutes(5));
        (back[4], today[4]).ShouldBe((history.ClerkId, history.ClerkId));
        rows.ShouldAllBe(r => r[4] != null);
        (await Rows("select show_chunks('{t}.inventory_movements')::text")).Count.ShouldBeGreaterThanOrEqualTo(2);
    }

    [Fact]
    public async Task a_late_movement_does_not_set_the_last_movement_back()
    {
        var row = (
            await Rows(
                """
                select last_movement_at,
                       (select max(m.created_at) from {t}.inventory_movements m
                        where m.store_id = i.store_id and m.product_id = i.product_id)
                from {t}.inventory i
                """
            )
        ).ToList();
        foreach (var item in row)
            item[0].ShouldBe(item[1]);
    }

    [Fact]
    public async Task the_audit_trail_keeps_the_clients_address_and_user_agent()
    {
        var rows = await Rows(
            $$"""
            select host(ip_address), user_agent, user_id from {t}.events
            where metadata -> 'event' -> 'document' ->> 'reference' in ('TODAY', 'BACK')
            """
        );
        rows.Count.ShouldBe(2);
        foreach (var row in rows)
            (row[0], row[1], row[2]).ShouldBe((KnownHistory.Address, KnownHistory.Agent, history.ClerkId));
    }

    [Fact]
    public async Task every_stream_has_a_type_and_the_version_of_its_last_event()
    {
        var rows = await Rows(
            """
            select s.type, s.version, (select count(*) from {t}.mt_events e where e.stream_id = s.id),
                   (select max(e.version) from {t}.mt_events e where e.stream_id = s.id)
            from {t}.mt_streams s
            """
        );
        // a refused command leaves no stream behind
        rows.Count.ShouldBe(2 + 2 + 2 + 4); // users, stores, products, stock items
        rows.Select(r => r[0]).ShouldAllBe(type => type is string && ((string)type).Length > 0);
        rows.Select(r => r[0]).Distinct().Count().ShouldBe(4);
        foreach (var row in rows)
            (row[2], row[3]).ShouldBe((row[1], row[1]));
    }

    [Fact]
    public async Task the_catalog_tables_hold_the_last_state()
    {
        (await Rows("select name, reorder_point::int, is_active, version from {t}.products where sku = 'P1'"))
            .Single()
            .ShouldBe(["A third name", 5, true, 3L]);
        (await Rows("select is_active, version from {t}.products where sku = 'P2'")).Single().ShouldBe([false, 2L]);
        (await Rows("select name, type, address ->> 'city', version from {t}.stores where code = 'S1'"))
            .Single()
            .ShouldBe(["Another store", "warehouse", "Caracas", 2L]);
        (await Rows("select is_active, version from {t}.stores where code = 'S2'")).Single().ShouldBe([false, 2L]);
        (await Rows("select email::text, role from {t}.users order by 1"))
            .Select(r => $"{r[0]} {r[1]}")
            .ShouldBe([$"{TestTenant.AdminEmail} admin", $"{KnownHistory.ClerkEmail} user"]);
    }

    [Fact]
    public async Task the_moving_average_matches_a_manual_calculation()
    {
        var tenant = await TestTenant.Create(host);
        var shop = await tenant.CreateStore("S1", "P1");
        async Task CostShouldBe(decimal onHand, decimal cost)
        {
            await using var connection = await history.Open();
            (await connection.Rows($"select quantity_on_hand, cost_per_unit from {tenant.Schema}.inventory"))
                .Single()
                .ShouldBe([onHand, cost]);
        }
        (await shop.Receive(10, 2)).ShouldBe(200);
        await CostShouldBe(10, 2);
        (await shop.Receive(10, 3)).ShouldBe(200);
        await CostShouldBe(20, 2.5m); // (10 × 2 + 10 × 3) / 20
        (await shop.Issue(5)).ShouldBe(200);
        await CostShouldBe(15, 2.5m); // an outbound movement does not change the average
        (await shop.Receive(5, 4)).ShouldBe(200);
        await CostShouldBe(20, 2.875m); // (15 × 2.5 + 5 × 4) / 20
        await using var sql = await history.Open();
        (await sql.Rows($"select quantity::int, cost_per_unit, total_cost from {tenant.Schema}.inventory_movements order by recorded_at"))
            .Select(r => string.Create(CultureInfo.InvariantCulture, $"{r[0]} {r[1]:0.####} {r[2]:0.##}"))
            .ShouldBe(["10 2 20", "10 3 30", "-5 2.5 -12.5", "5 4 20"]);
    }
}
