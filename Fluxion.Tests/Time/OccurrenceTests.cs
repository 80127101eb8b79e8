using System.Text.Json.Nodes;
using Fluxion.Tests.Host;
using Fluxion.Tests.Tenancy;

namespace Fluxion.Tests.Time;

/// <summary>The rules of occurredAt hold for every command that has it; the OpenAPI document lists those commands.</summary>
public sealed class OccurrenceTests(LedgerHost host)
{
    /// <summary>
    /// How to prepare a command.
    /// </summary>
    /// <param name="Causes">The commands before it, each with its path and body; the last is its cause. {id} is the id in the previous
    /// answer.</param>
    /// <param name="Path">The path after the tenant, with {id} as above.</param>
    private sealed record Prepared((string Path, object Body)[] Causes, string Path, object Body, bool MovesStock = true);

    private static object[] Lines(string sku, decimal quantity = 1) => [new { sku, quantity }];

    private static object Sale(string sku) =>
        new
        {
            store = "M1",
            invoiceNumber = $"F-{Guid.CreateVersion7():N}",
            lines = new[]
            {
                new
                {
                    sku,
                    quantity = 3,
                    unitPrice = 3,
                },
            },
        };

    private static object Transfer(string sku) =>
        new
        {
            fromStore = "M1",
            toStore = "M2",
            lines = Lines(sku, 3),
        };

    /// <summary>Prepared commands by the operation of the OpenAPI document.</summary>
    private static readonly Dictionary<string, Func<string, Prepared>> Commands = new()
    {
        ["post /stock/receipts"] = sku => new([], "stock/receipts", new { store = "M1", lines = Lines(sku) }),
        ["post /stock/issues"] = sku =>
            new(
                [],
                "stock/issues",
                new
                {
                    store = "M1",
                    reason = "damage",
                    lines = Lines(sku),
                }
            ),
        ["post /stock/adjustments"] = sku =>
            new(
                [],
                "stock/adjustments",
                new
                {
                    store = "M1",
                    reason = "found",
                    lines = Lines(sku),
                }
            ),
        ["post /stock/counts"] = sku => new([], "stock/counts", new { store = "M1", lines = Lines(sku, 17) }),
        ["post /stock/movements"] = sku =>
            new(
                [],
                "stock/movements",
                new
                {
                    lines = new[]
                    {
                        new
                        {
                            type = "receipt",
                            store = "M1",
                            sku,
                            quantity = 1,
                        },
                    },
                }
            ),
        ["post /stock/transfers"] = sku => new([], "stock/transfers", Transfer(sku)),
        ["post /sales"] = sku => new([], "sales", Sale(sku)),
        ["post /stock/receipts/{id}/returns"] = sku =>
            new([("stock/receipts", new { store = "M1", lines = Lines(sku) })], "stock/receipts/{id}/returns", new { lines = Lines(sku) }),
        ["post /stock/transfers/{id}/receipts"] = sku =>
            new([("stock/transfers", Transfer(sku))], "stock/transfers/{id}/receipts", new { lines = new[] { new { sku, received = 1 } } }),
        ["post /stock/transfers/{id}/cancel"] = sku =>
            new([("stock/transfers", Transfer(sku))], "stock/transfers/{id}/cancel", new { reason = "Sent in error" }),
        ["post /sales/{id}/payments"] = sku =>
            new([("sales", Sale(sku))], "sales/{id}/payments", new { amount = 1, method = "cash" }, MovesStock: false),
        ["post /sales/{id}/refunds"] = sku =>
            new(
                [("sales", Sale(sku)), ("sales/{id}/payments", new { amount = 2, method = "cash" })],
                "sales/{id}/refunds",
                new { amount = 1, method = "cash" },
                MovesStock: false
            ),
        ["post /sales/{id}/returns"] = sku =>
            new([("sales", Sale(sku))], "sales/{id}/returns", new { lines = new[] { new { lineNumber = 1, quantity = 1 } } }),
        ["post /sales/{id}/cancel"] = sku => new([("sales", Sale(sku))], "sales/{id}/cancel", new { reason = "Void" }),
        ["post /purchase-orders/{id}/receipts"] = sku =>
            new([Order(sku), Sent], "purchase-orders/{id}/receipts", new { lines = Lines(sku) }),
        ["post /purchase-orders/{id}/returns"] = sku =>
            new(
                [Order(sku), Sent, ("purchase-orders/{id}/receipts", new { lines = Lines(sku, 2) })],
                "purchase-orders/{id}/returns",
                new { lines = Lines(sku) }
            ),
    };

    private static (string, object) Order(string sku) =>
        (
            "purchase-orders",
            new
            {
                store = "M1",
                supplier = "V1",
                orderNumber = $"OC-{Guid.CreateVersion7():N}",
                orderDate = "2026-01-01",
                lines = Lines(sku, 3),
            }
        );

    private static readonly (string, object) Sent = ("purchase-orders/{id}/send", new { });

    public static TheoryData<string> Names => [.. Commands.Keys];

    [Fact]
    public async Task these_tests_cover_every_command_with_occurredAt()
    {
        var api = await OpenApi.Of(await Client.Demo(host, "admin"));
        api.Operations.Where(o => o.Body is { } body && api.Schema(body["schema"]!)["properties"]!["occurredAt"] is not null)
            .Select(o => o.ToString().Replace("/api/{tenant}", "", StringComparison.Ordinal))
            .Order()
            .ShouldBe(Commands.Keys.Order());
    }

    /// <summary>A tenant that had 20 of each product in two stores three days ago.</summary>
    private async Task<TestTenant> CreateTenant(IReadOnlyCollection<string> skus, DateTimeOffset now)
    {
        var tenant = await TestTenant.Create(host);
        var admin = tenant.Admin;
        foreach (var code in (string[])["M1", "M2"])
            (await admin.Post("stores", new { code, name = code })).ShouldBe(201);
        (await admin.Post("suppliers", new { code = "V1", businessName = "A supplier" })).ShouldBe(201);
        foreach (var sku in skus)
            (await admin.Post("products", new { sku, name = sku })).ShouldBe(201);
        foreach (var store in (string[])["M1", "M2"])
            (
                await admin.Post(
                    "stock/receipts",
                    new
                    {
                        store,
                        occurredAt = now.AddDays(-3),
                        lines = skus.Select(sku => new { sku, quantity = 20 }),
                    }
                )
            ).ShouldBe(200);
        return tenant;
    }

    /// <summary>Executes the causes of a command, and returns a function that sends the command with further fields.</summary>
    private static async Task<Func<object, Task<Answer>>> Ready(Client admin, Prepared command, DateTimeOffset causedAt)
    {
        var id = "";
        foreach (var (path, body) in command.Causes)
        {
            var address = path.Replace("{id}", id, StringComparison.Ordinal);
            var answer = address.EndsWith("/send", StringComparison.Ordinal)
                ? await admin.Post(address, null)
                : await admin.Post(address, path == "purchase-orders" ? body : With(body, new { occurredAt = causedAt }));
            answer.Status.ShouldBeInRange(200, 201, answer.Text);
            if (id.Length == 0)
                id = answer.Json["id"]!.GetValue<string>();
        }
        return extra => admin.Post(command.Path.Replace("{id}", id, StringComparison.Ordinal), With(command.Body, extra));
    }

    private static JsonObject With(object body, object extra)
    {
        var (all, more) = (Json(body), Json(extra));
        foreach (var (name, value) in more)
            all[name] = value?.DeepClone();
        return all;

        static JsonObject Json(object value) => System.Text.Json.JsonSerializer.SerializeToNode(value)!.AsObject();
    }

    private static DateTimeOffset OccurredAt(Answer answer)
    {
        answer.Status.ShouldBeInRange(200, 201, answer.Text);
        return answer.Json["occurredAt"]!.GetValue<DateTimeOffset>();
    }

    [Theory, MemberData(nameof(Names))]
    public async Task a_command_occurs_at_the_corrected_occurredAt_and_never_before_its_cause(string name)
    {
        var command = Commands[name];
        var now = TimeProvider.System.GetUtcNow();
        var tenant = await CreateTenant(["P1"], now);
        var (admin, caused) = (tenant.Admin, now.AddHours(-12));

        var send = await Ready(admin, command("P1"), caused);
        (await send(new { occurredAt = now.AddMinutes(30) })).ShouldBe(400).Fields.ShouldBe(["occurredAt"]);
        if (command("P1").Causes.Length > 0)
        {
            // an order occurs on a day, everything else at a moment
            var early =
                name == "post /purchase-orders/{id}/receipts"
                    ? new DateTimeOffset(2025, 12, 30, 0, 0, 0, TimeSpan.Zero)
                    : caused.AddMinutes(-1);
            (await send(new { occurredAt = early })).ShouldBe(400).Fields.ShouldBe(["occurredAt"], name);
        }
        OccurredAt(await send(new { occurredAt = now.AddMinutes(3) })).ShouldBe(TimeProvider.System.GetUtcNow(), TimeSpan.FromSeconds(30));

        var shown = now.AddDays(-400); // the client's clock was never set
        send = await Ready(admin, command("P1"), caused);
        OccurredAt(await send(new { occurredAt = shown.AddMinutes(-10), sentAt = shown }))
            .ShouldBe(TimeProvider.System.GetUtcNow().AddMinutes(-10), TimeSpan.FromSeconds(30));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task a_late_command_before_a_count_changes_only_the_history_and_says_so(string name)
    {
        var command = Commands[name]("P1");
        var now = TimeProvider.System.GetUtcNow();
        var tenant = await CreateTenant(["P1"], now);
        var admin = tenant.Admin;
        var send = await Ready(admin, command, now.AddHours(-12));
        foreach (var store in (string[])["M1", "M2"])
            (
                await admin.Post(
                    "stock/counts",
                    new
                    {
                        store,
                        reference = $"INV-{store}",
                        occurredAt = now.AddHours(-1),
                        lines = Lines("P1", 50),
                    }
                )
            ).ShouldBe(200);
        var answer = await send(new { occurredAt = now.AddHours(-2) });
        answer.Status.ShouldBeInRange(200, 201, answer.Text);
        var corrections = answer.Json["correctedByCount"]!.AsArray().Select(c => c!["count"]!["reference"]!.GetValue<string>()).ToList();
        corrections.ShouldBe(!command.MovesStock ? [] : [name == "post /stock/transfers/{id}/receipts" ? "INV-M2" : "INV-M1"]);
        foreach (var store in (string[])["M1", "M2"])
            (await admin.Get($"inventory?store={store}&sku=P1")).ShouldBe(200).Json["items"]![0]!["onHand"]!
                .GetValue<decimal>()
                .ShouldBe(50);
        (await admin.Get("stock/count-corrections")).ShouldBe(200).Json["items"]!.AsArray().Count.ShouldBe(corrections.Count);
    }
}
