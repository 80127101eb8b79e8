using System.Globalization;
using CsCheck;
using Fluxion.Tests.Host;

namespace Fluxion.Tests.Stock;

/// <summary>
/// The ledger's law under random commands of all kinds, valid and invalid, repeated, backdated and concurrent, through the real host and
/// database. A failing run prints its seed; CsCheck_Seed=… replays it. FLUXION_MODEL_COMMANDS sets how many commands each test sends.
/// </summary>
public sealed class ConservationTests(LedgerHost host)
{
    private const int Products = 3; // counted, counted with backorder, measured
    private static readonly int Commands = int.TryParse(Environment.GetEnvironmentVariable("FLUXION_MODEL_COMMANDS"), CultureInfo.InvariantCulture, out var n) ? n : 3000;
    private static readonly DateTimeOffset Epoch = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private sealed record Command(string Kind, int Store, int Product, decimal Quantity, int Hour, int Of);

    private static Gen<Command> Of(params string[] kinds) => Gen.Select(Gen.Int[0, kinds.Length - 1].Select(i => kinds[i]), Gen.Int[0, 1], Gen.Int[0, Products - 1],
        Gen.Frequency((8, Gen.Int[1, 30].Select(q => (decimal)q)), (1, Gen.Int[-2, 0].Select(q => (decimal)q)), (1, Gen.Int[1, 9999].Select(q => q / 1000m))),
        Gen.Int[0, 99], Gen.Int[0, 1000], (kind, store, product, quantity, hour, of) => new Command(kind, store, product, quantity, hour, of));

    /// <summary>Two stores and three products of a run's own, and the commands that have been accepted in it.</summary>
    private sealed class Run(Client client, string name)
    {
        public readonly List<(Command Command, Guid Id, string Key, object Body, string Path)> Accepted = [];

        public static async Task<Run> Open(LedgerHost host)
        {
            var run = new Run(await Client.Demo(host, "admin"), Guid.CreateVersion7().ToString("N")[^12..].ToUpperInvariant());
            for (var i = 0; i < 2; i++) (await run.Client.Post("stores", new { code = run.Store(i), name = "A store" })).ShouldBe(201);
            for (var i = 0; i < Products; i++)
            {
                (await run.Client.Post("products", new { sku = run.Sku(i), name = "A product", unitType = i == 2 ? "kg" : "unit", costPrice = 2, sellingPrice = 3, taxRate = 16, settings = new { allowBackorder = i == 1 } }))
                    .ShouldBe(201);
            }
            return run;
        }

        public Client Client => client;
        public string Store(int i) => $"S{i}-{name}";
        public string Sku(int i) => $"P{i}-{name}";

        /// <summary>Sends a command; null when it refers to a sale and there is none.</summary>
        public (string Path, object Body)? Request(Command c)
        {
            var (store, sku, at) = (Store(c.Store), Sku(c.Product), (DateTimeOffset?)(c.Hour < 0 ? null : Epoch.AddHours(c.Hour)));
            object[] Lines(object line) => [line];
            var sales = Accepted.Where(a => a.Command.Kind == "sell").ToList();
            if (c.Kind is "cancel" or "return" && sales.Count == 0) return null;
            var sale = sales.Count == 0 ? default : sales[c.Of % sales.Count];
            return c.Kind switch
            {
                "receive" => ("stock/receipts", new { store, occurredAt = at, lines = Lines(new { sku, quantity = c.Quantity, unitCost = 2 }) }),
                "issue" => ("stock/issues", new { store, occurredAt = at, reason = "damage", lines = Lines(new { sku, quantity = c.Quantity }) }),
                "adjust" => ("stock/adjustments", new { store, occurredAt = at, reason = "correction", lines = Lines(new { sku, quantity = c.Of % 2 == 0 ? c.Quantity : -c.Quantity }) }),
                "count" => ("stock/counts", new { store, occurredAt = at, lines = Lines(new { sku, quantity = c.Quantity }) }),
                "bulk" => ("stock/movements", new { occurredAt = at, lines = (object[])[new { type = "receipt", store, sku, quantity = c.Quantity }, new { type = "issue", store, sku, quantity = 1, reason = "sample" }] }),
                "sell" => ("sales", new { store, occurredAt = at, invoiceNumber = Guid.CreateVersion7().ToString(), lines = Lines(new { sku, quantity = c.Quantity }) }),
                "cancel" => ($"sales/{sale.Id}/cancel", new { reason = "a test", occurredAt = at }),
                "return" => ($"sales/{sale.Id}/returns", new { occurredAt = at, lines = Lines(new { lineNumber = 1, quantity = c.Quantity }) }),
                _ => ("stock/issues", (object)new { store, reason = "damage", lines = Lines(new { sku = "NO-SUCH", quantity = 1 }) }),
            };
        }

        public async Task<Dictionary<(int Store, int Product), decimal>> OnHand()
        {
            var rows = new Dictionary<(int, int), decimal>();
            for (var store = 0; store < 2; store++)
            {
                foreach (var row in (await client.Get($"inventory?store={Store(store)}")).ShouldBe(200).Json["items"]!.AsArray())
                    rows[(store, row!["sku"]!.GetValue<string>()[1] - '0')] = row["onHand"]!.GetValue<decimal>();
            }
            return rows;
        }

        /// <summary>What no interleaving may break: on hand is the sum of the movements, and available is not below zero without backorder.</summary>
        public async Task ShouldConserve(LedgerHost host)
        {
            await using var superuser = await host.OpenSuperuser();
            (await superuser.Column<string>($"""
                select p.sku || ' ' || i.quantity_on_hand || ' <> ' || coalesce(sum(m.quantity), 0)
                from tenant_fluxion_demo.inventory i
                join tenant_fluxion_demo.products p on p.id = i.product_id and p.sku like '%{name}'
                left join tenant_fluxion_demo.inventory_movements m on m.product_id = i.product_id and m.store_id = i.store_id
                group by p.sku, i.id, i.quantity_on_hand, i.quantity_reserved, i.quantity_available
                having i.quantity_on_hand <> coalesce(sum(m.quantity), 0) or i.quantity_reserved <> 0
                    or (i.quantity_available < 0 and p.sku not like 'P1%')
                """)).ShouldBeEmpty();
        }
    }

    /// <summary>The model of one stock item: what occurred when; a count is what was there; the past before a count does not reach today.</summary>
    private sealed class Model
    {
        private readonly List<(int Hour, decimal Change)> _movements = [];
        private readonly List<int> _counts = [];

        public decimal OnHand => _movements.Sum(m => m.Change);

        public void Move(int hour, decimal change)
        {
            _movements.Add((hour, change));
            if (_counts.Where(count => count > hour).Order().Select(count => (int?)count).FirstOrDefault() is { } seen) _movements.Add((seen, -change));
        }

        public void Count(int hour, decimal counted)
        {
            Move(hour, counted - _movements.Where(m => m.Hour <= hour).Sum(m => m.Change));
            _counts.Add(hour);
        }
    }

    [Fact]
    public async Task whatever_is_sent_one_after_the_other_on_hand_is_what_the_model_says() => await Of(
        "receive", "receive", "issue", "adjust", "count", "bulk", "sell", "cancel", "return", "repeat", "nonsense").Array[100].SampleAsync(async commands =>
    {
        var run = await Run.Open(host);
        var models = new Dictionary<(int, int), Model>();
        foreach (var c in commands)
        {
            if (c.Kind == "repeat")
            {
                if (run.Accepted.Count == 0) continue;
                var earlier = run.Accepted[c.Of % run.Accepted.Count];
                (await run.Client.Post(earlier.Path, earlier.Body, earlier.Key)).Status.ShouldBeInRange(200, 201);
                continue;
            }
            if (run.Request(c) is not var (path, body)) continue;
            var key = Guid.CreateVersion7().ToString();
            var answer = await run.Client.Post(path, body, key);
            answer.Status.ShouldBeOneOf(200, 201, 400, 404, 409);
            if (answer.Status >= 400) continue;
            var id = answer.Json["id"]!.GetValue<Guid>();
            var sale = c.Kind is "cancel" or "return" ? run.Accepted.First(a => a.Command.Kind == "sell" && a.Id == id).Command : c;
            var model = models.TryGetValue((sale.Store, sale.Product), out var known) ? known : models[(sale.Store, sale.Product)] = new Model();
            switch (c.Kind)
            {
                case "receive": model.Move(c.Hour, c.Quantity); break;
                case "issue" or "sell": model.Move(c.Hour, -c.Quantity); break;
                case "adjust": model.Move(c.Hour, c.Of % 2 == 0 ? c.Quantity : -c.Quantity); break;
                case "count": model.Count(c.Hour, c.Quantity); break;
                case "bulk": model.Move(c.Hour, c.Quantity); model.Move(c.Hour, -1); break;
                case "return": model.Move(c.Hour, c.Quantity); break;
                case "cancel": model.Move(c.Hour, sale.Quantity); break;
            }
            run.Accepted.Add((c, id, key, body, path));
        }
        var onHand = await run.OnHand();
        foreach (var (item, model) in models) onHand.GetValueOrDefault(item).ShouldBe(model.OnHand, item.ToString());
        await run.ShouldConserve(host);
    }, iter: Math.Max(1, Commands / 100), threads: 1);

    [Fact]
    public async Task whatever_is_sent_together_and_twice_on_hand_is_the_sum_of_what_was_accepted() => await Of(
        "receive", "receive", "issue", "adjust", "bulk", "sell", "nonsense").Array[48].SampleAsync(async commands =>
    {
        var run = await Run.Open(host);
        var sums = new Dictionary<(int, int), decimal>();
        foreach (var together in commands.Chunk(12))
        {
            var answers = await Task.WhenAll(together.Select(async c =>
            {
                var (path, body) = run.Request(c with { Hour = -1 })!.Value;
                var key = Guid.CreateVersion7().ToString();
                var both = await Task.WhenAll(run.Client.Post(path, body, key), run.Client.Post(path, body, key));
                return (Command: c, both);
            }));
            foreach (var (c, both) in answers)
            {
                foreach (var answer in both) answer.Status.ShouldBeOneOf(200, 201, 400, 404, 409);
                if (both.All(a => a.Status >= 400)) continue; // refused twice; the repeat of a refusal may be accepted, once
                both.Where(a => a.Status < 400).Select(a => a.Json["id"]!.GetValue<Guid>()).Distinct().Count().ShouldBe(1);
                sums[(c.Store, c.Product)] = sums.GetValueOrDefault((c.Store, c.Product)) + c.Kind switch
                {
                    "receive" => c.Quantity,
                    "issue" or "sell" => -c.Quantity,
                    "adjust" => c.Of % 2 == 0 ? c.Quantity : -c.Quantity,
                    _ => c.Quantity - 1,
                };
            }
        }
        var onHand = await run.OnHand();
        foreach (var (item, sum) in sums) onHand.GetValueOrDefault(item).ShouldBe(sum, item.ToString());
        await run.ShouldConserve(host);
    }, iter: Math.Max(1, Commands / 96), threads: 1);
}
