using System.Collections.Concurrent;
using System.Text.Json.Nodes;

namespace Fluxion.Tests.Host;

/// <summary>The quantities of a stock item, or a change of them.</summary>
public readonly record struct Stock(decimal OnHand, decimal Reserved = 0)
{
    public static Stock operator +(Stock one, Stock other) => new(one.OnHand + other.OnHand, one.Reserved + other.Reserved);
}

/// <summary>
/// Scenarios in the demo tenant's shops, many of them concurrent: sales that are paid and then returned or cancelled, receipts, transfers
/// that arrive in parts, purchase orders, reservations and counts. Each request has a fixed idempotency key, so that a second run sends the
/// same requests.
/// </summary>
public sealed class MixedLoad(int concurrency)
{
    public const string KeyPrefix = "scenario-";
    public const int Requests = Rounds * 24;
    private const int Rounds = 50;
    private static readonly string[] Stores = ["CCS-01", "VLN-01", "MCY-01"];
    private static readonly string[] MovedSkus = ["LAC001", "HAR001", "ARR001", "PAS001", "CAR001"];
    private static readonly string[] CountedSkus =
    [
        "SAL001",
        "AZU001",
        "CAF001",
        "MAY001",
        "SAR001",
        "CHO001",
        "GAL001",
        "AGU001",
        "REF001",
        "MAL001",
        "JUG001",
        "DET001",
        "LAV001",
        "JAB001",
        "CRE001",
        "PAP002",
        "LEN001",
    ];

    private readonly ConcurrentDictionary<string, Answer> _answers = new();
    private readonly ConcurrentDictionary<(string Store, string Sku), Stock> _changes = new();
    private int _replayed;
    private int _refused;

    /// <summary>The number of requests that were answered.</summary>
    public int Answered => _answers.Count;

    /// <summary>The number of answers that were marked as the answer to an earlier request.</summary>
    public int Replayed => _replayed;

    /// <summary>The number of answers with status 503; their requests were sent again.</summary>
    public int Refused => _refused;

    /// <summary>The total change of each stock item once all scenarios have run to their end.</summary>
    public IReadOnlyDictionary<(string Store, string Sku), Stock> Changes => _changes;

    public decimal Paid => Rounds * 2;

    /// <summary>Runs all scenarios. The answer to a repeated request must be identical to the first.</summary>
    /// <param name="isGone">Whether the host was killed: the scenario then stops.</param>
    public async Task Run(Client client, Func<bool>? isGone = null)
    {
        _changes.Clear();
        Func<Scenario, Task>[] round =
        [
            e => Sell(e, cancels: true),
            Receive,
            Transfer,
            Order,
            e => Reserve(e, releases: true),
            Count,
            e => Sell(e, cancels: false),
            Receive,
            e => Reserve(e, releases: false),
            Order,
        ];
        var scenarios = Enumerable
            .Range(0, Rounds)
            .SelectMany(n => round.Select((play, place) => (Run: play, Scenario: new Scenario(this, client, n, place))));
        await Parallel.ForEachAsync(
            scenarios,
            new ParallelOptions { MaxDegreeOfParallelism = concurrency },
            async (next, _) =>
            {
                try
                {
                    if (isGone?.Invoke() != true)
                        await next.Run(next.Scenario);
                }
                catch (HttpRequestException) when (isGone?.Invoke() == true)
                {
                    // the host was killed while this request was in flight
                }
            }
        );
    }

    /// <summary>Requests that run in sequence, because later ones take their ids from earlier answers.</summary>
    private sealed class Scenario(MixedLoad load, Client client, int round, int place)
    {
        private int _sent;

        public string Name => $"{KeyPrefix}{round}-{place}";
        public string Store => Stores[(round + place) % Stores.Length];
        public string OtherStore => Stores[(round + place + 1) % Stores.Length];
        public string Sku => MovedSkus[(round + place) % MovedSkus.Length];

        /// <summary>A stock item that no concurrent scenario counts.</summary>
        public (string Store, string Sku) Item => (Stores[round % Stores.Length], CountedSkus[round % CountedSkus.Length]);

        public async Task<JsonNode> Send(string path, object? body)
        {
            var key = $"{Name}-{_sent++}";
            var answer = await client.Post(path, body, key);
            while (answer.Status == 503)
            {
                Interlocked.Increment(ref load._refused);
                await Task.Delay(100);
                answer = await client.Post(path, body, key);
            }
            answer.Status.ShouldBeInRange(200, 201, $"{path}: {answer.Text}");
            load._answers.GetOrAdd(key, answer).Text.ShouldBe(answer.Text);
            if (answer.Headers.Contains("Idempotent-Replayed"))
                Interlocked.Increment(ref load._replayed);
            return answer.Json;
        }

        public void Changes(decimal onHand, decimal reserved = 0) => Changes((Store, Sku), onHand, reserved);

        public void Changes((string, string) item, decimal onHand, decimal reserved = 0) =>
            load._changes.AddOrUpdate(item, new Stock(onHand, reserved), (_, stock) => stock + new Stock(onHand, reserved));
    }

    private static async Task Sell(Scenario e, bool cancels)
    {
        var sale = await e.Send(
            "sales",
            new
            {
                store = e.Store,
                invoiceNumber = e.Name,
                lines = new[] { new { sku = e.Sku, quantity = 3 } },
            }
        );
        await e.Send($"sales/{sale["id"]}/payments", new { amount = 1, method = "cash" });
        if (cancels)
            await e.Send($"sales/{sale["id"]}/cancel", new { reason = "changed his mind" });
        else
            await e.Send($"sales/{sale["id"]}/returns", new { lines = new[] { new { lineNumber = 1, quantity = 1 } } });
        e.Changes(cancels ? 0 : -2);
    }

    private static async Task Receive(Scenario e)
    {
        await e.Send(
            "stock/receipts",
            new
            {
                store = e.Store,
                lines = new[]
                {
                    new
                    {
                        sku = e.Sku,
                        quantity = 5,
                        unitCost = 1.25,
                    },
                },
            }
        );
        e.Changes(5);
    }

    private static async Task Transfer(Scenario e)
    {
        var transfer = await e.Send(
            "stock/transfers",
            new
            {
                fromStore = e.Store,
                toStore = e.OtherStore,
                lines = new[] { new { sku = e.Sku, quantity = 4 } },
            }
        );
        await e.Send(
            $"stock/transfers/{transfer["id"]}/receipts",
            new
            {
                lines = new[]
                {
                    new
                    {
                        sku = e.Sku,
                        received = 1,
                        damaged = 1,
                    },
                },
            }
        );
        await e.Send($"stock/transfers/{transfer["id"]}/receipts", new { lines = new[] { new { sku = e.Sku, received = 2 } } });
        e.Changes(-4);
        e.Changes((e.OtherStore, e.Sku), 3);
    }

    private static async Task Order(Scenario e)
    {
        var order = await e.Send(
            "purchase-orders",
            new
            {
                store = e.Store,
                supplier = "POLAR",
                orderNumber = e.Name,
                lines = new[] { new { sku = e.Sku, quantity = 6 } },
            }
        );
        await e.Send($"purchase-orders/{order["id"]}/send", null);
        await e.Send($"purchase-orders/{order["id"]}/receipts", new { lines = new[] { new { sku = e.Sku, quantity = 4 } } });
        await e.Send($"purchase-orders/{order["id"]}/receipts", new { lines = new[] { new { sku = e.Sku, quantity = 2 } } });
        e.Changes(6);
    }

    private static async Task Reserve(Scenario e, bool releases)
    {
        var reservation = await e.Send(
            "stock/reservations",
            new
            {
                reference = e.Name,
                lines = new[]
                {
                    new
                    {
                        store = e.Store,
                        sku = e.Sku,
                        quantity = 2,
                    },
                },
            }
        );
        if (releases)
            await e.Send($"stock/reservations/{reservation["id"]}/release", null);
        e.Changes(0, releases ? 0 : 2);
    }

    private static async Task Count(Scenario e)
    {
        var (store, sku) = e.Item;
        await e.Send("stock/receipts", new { store, lines = new[] { new { sku, quantity = 7 } } });
        var count = await e.Send("stock/counts", new { store, lines = new[] { new { sku, quantity = 40 } } });
        e.Changes((store, sku), 7 + count["variances"]![0]!["variance"]!.GetValue<decimal>());
    }
}
