using System.Text.Json;
using Fluxion.Ledger.Http;
using Fluxion.Ledger.Session;
using Fluxion.Tests.Host;
using Microsoft.AspNetCore.Http;

namespace Fluxion.Tests.Stock;

public sealed class IdempotencyTests(LedgerHost host)
{
    [Fact]
    public async Task a_repeated_request_with_the_same_key_changes_nothing_and_gets_the_same_answer()
    {
        var shop = await TestStore.Create(host, stock: 10);
        var key = Guid.CreateVersion7().ToString();
        var first = (await shop.Issue(3, key)).ShouldBe(200);
        var second = (await shop.Issue(3, key)).ShouldBe(200);
        second.Text.ShouldBe(first.Text);
        second.ContentType.ShouldBe(first.ContentType);
        second.Headers.GetValues("Idempotent-Replayed").ShouldBe(["true"]);
        (await shop.OnHand()).ShouldBe(7);
        (await shop.Movements()).ShouldBe(2);
    }

    [Fact]
    public async Task a_key_reused_for_another_request_answers_422()
    {
        var shop = await TestStore.Create(host, stock: 10);
        var key = Guid.CreateVersion7().ToString();
        (await shop.Issue(3, key)).ShouldBe(200);
        (await shop.Issue(4, key)).ShouldBe(422).Detail!.ShouldContain(key);
        (await shop.Receive(3, key: key)).ShouldBe(422);
        (await shop.OnHand()).ShouldBe(7);
    }

    [Fact]
    public async Task spaces_and_trailing_zeros_do_not_change_the_request_hash()
    {
        var shop = await TestStore.Create(host, stock: 10);
        var key = Guid.CreateVersion7().ToString();
        (
            await shop.Manager.Post(
                "stock/issues",
                $$"""{"store":"{{shop.Store}}","reason":"sample","lines":[{"sku":"{{shop.Sku}}","quantity":3}]}""",
                key
            )
        ).ShouldBe(200);
        (
            await shop.Manager.Post(
                "stock/issues",
                $$"""{ "reason": "sample", "store": "{{shop.Store}}", "lines": [ {"quantity": 3.00, "sku": "{{shop.Sku}}"} ] }""",
                key
            )
        ).ShouldBe(200);
        (await shop.OnHand()).ShouldBe(7);
    }

    private sealed record CommandOfYesterday(string Store, IReadOnlyList<CommandOfYesterday.Line> Lines)
    {
        public sealed record Line(string Sku, decimal Quantity);
    }

    private sealed record CommandOfToday(
        string Store,
        string? Reservation,
        IReadOnlyList<CommandOfToday.Line> Lines,
        bool Immediate = false
    )
    {
        public sealed record Line(string Sku, decimal Quantity, decimal Discount = 0, decimal? UnitPrice = null);
    }

    [Fact]
    public void a_field_added_by_an_upgrade_does_not_change_the_request_hash_until_it_is_used()
    {
        static byte[] Hash<T>(T command) =>
            IdempotencyKey
                .Read(
                    new DefaultHttpContext
                    {
                        Request =
                        {
                            Method = "POST",
                            Path = "/api/acme/sales",
                            Headers = { [IdempotencyKey.Header] = "k" },
                        },
                    },
                    "tenant_acme",
                    Guid.Empty,
                    command,
                    JsonSerializerOptions.Web,
                    required: true
                )
                .Key!.RequestHash;
        var yesterday = Hash(new CommandOfYesterday("S1", [new("MILK", 2)]));
        Hash(new CommandOfToday("S1", null, [new("MILK", 2)])).ShouldBe(yesterday);
        Hash(new CommandOfToday("S1", "R-1", [new("MILK", 2)])).ShouldNotBe(yesterday);
        // given away for 0, and not sold at the catalog's price
        Hash(new CommandOfToday("S1", null, [new("MILK", 2, UnitPrice: 0)])).ShouldNotBe(yesterday);
        Hash(new CommandOfToday("S1", null, [new("MILK", 2, Discount: 1)])).ShouldNotBe(yesterday);
        Hash(new CommandOfToday("S1", null, [new("MILK", 2)], Immediate: true)).ShouldNotBe(yesterday);
    }

    [Fact]
    public async Task one_of_24_concurrent_repeats_is_applied_and_all_get_the_same_answer()
    {
        var shop = await TestStore.Create(host, stock: 1);
        var key = Guid.CreateVersion7().ToString();
        var answers = await Task.WhenAll(Enumerable.Range(0, 24).Select(_ => shop.Issue(1, key)));
        answers.ShouldAllBe(a => a.Status == 200);
        answers.Select(a => a.Text).Distinct().Count().ShouldBe(1);
        (await shop.Movements()).ShouldBe(2);
    }

    [Fact]
    public async Task a_refused_request_leaves_its_key_free()
    {
        var shop = await TestStore.Create(host, stock: 1);
        var key = Guid.CreateVersion7().ToString();
        (await shop.Issue(2, key)).ShouldBe(409);
        (await shop.Receive(1)).ShouldBe(200);
        (await shop.Issue(2, key)).ShouldBe(200);
    }

    [Fact]
    public async Task two_users_may_choose_the_same_key()
    {
        var shop = await TestStore.Create(host, stock: 10);
        var key = Guid.CreateVersion7().ToString();
        (await shop.Issue(1, key)).ShouldBe(200);
        (await (shop with { Manager = await Client.Demo(host, "manager") }).Issue(1, key)).ShouldBe(200);
        (await shop.OnHand()).ShouldBe(8);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("with space")]
    [InlineData("a key of more than two hundred characters")]
    public async Task a_command_that_moves_stock_requires_a_well_formed_key(string? key)
    {
        var shop = await TestStore.Create(host);
        if (key?.StartsWith("a key", StringComparison.Ordinal) == true)
            key = new string('k', 201);
        (await shop.Receive(1, key: key)).ShouldBe(400).Fields.ShouldBe(["Idempotency-Key"]);
        (await shop.Movements()).ShouldBe(0);
    }

    [Fact]
    public async Task a_catalog_command_may_have_a_key()
    {
        var admin = await Client.Demo(host, "admin");
        var (key, code) = (Guid.CreateVersion7().ToString(), $"K-{Guid.CreateVersion7().ToString("N")[^8..]}");
        var first = (await admin.Post("stores", new { code, name = "Once" }, key)).ShouldBe(201);
        var second = (await admin.Post("stores", new { code, name = "Once" }, key)).ShouldBe(201);
        second.Text.ShouldBe(first.Text);
        second.Headers.Location.ShouldBe(first.Headers.Location);
        (await admin.Post("stores", new { code, name = "Once" })).ShouldBe(409);
    }
}
