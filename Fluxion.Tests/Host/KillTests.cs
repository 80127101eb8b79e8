using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.Sockets;
using Npgsql;

namespace Fluxion.Tests.Host;

public sealed class KillTests(LedgerHost ledger)
{
    private const int Requests = 2000;
    private const int AtOnce = 8;
    private static readonly (string Store, string Sku)[] Items = [("CCS-01", "LAC001"), ("CCS-01", "HAR001"), ("VLN-01", "HAR001"), ("VLN-01", "ACE001"), ("MCY-01", "ARR001")];

    [Fact]
    public async Task after_kill_9_amid_2000_requests_repeating_all_applies_each_exactly_once()
    {
        await using var database = await ledger.NewDatabase();
        var keys = Enumerable.Range(0, Requests).Select(_ => Guid.CreateVersion7().ToString()).ToArray();
        var answered = new ConcurrentDictionary<int, Answer>();
        Dictionary<(string, string), decimal> before;
        int movementsBefore;
        await using (var host = await HostProcess.Serve(database.Connections))
        {
            var client = await host.Demo("user");
            before = await OnHand(client);
            movementsBefore = await Movements(client);
            var killed = 0;
            await AllOf(async i =>
            {
                if (Volatile.Read(ref killed) > 0) return;
                try
                {
                    answered[i] = (await Move(client, i, keys[i])).ShouldBe(200);
                }
                catch (HttpRequestException) when (Volatile.Read(ref killed) > 0)
                {
                    return; // it was killed with this one in flight
                }
                if (answered.Count >= Requests * 2 / 5 && Interlocked.Exchange(ref killed, 1) == 0) await host.Kill();
            });
        }
        answered.Count.ShouldBeLessThan(Requests);

        await using var again = await HostProcess.Serve(database.Connections);
        var survivor = await again.Demo("user");
        var appliedUnanswered = await Movements(survivor) - movementsBefore - answered.Count;
        appliedUnanswered.ShouldBeInRange(0, AtOnce);
        var watch = Stopwatch.StartNew();
        var replayed = 0;
        await AllOf(async i =>
        {
            var answer = (await Move(survivor, i, keys[i])).ShouldBe(200);
            if (answered.TryGetValue(i, out var first)) answer.Text.ShouldBe(first.Text);
            if (answer.Headers.Contains("Idempotent-Replayed")) Interlocked.Increment(ref replayed);
        });
        TestContext.Current.TestOutputHelper!.WriteLine(
            $"answered before the kill: {answered.Count}, applied but unanswered: {appliedUnanswered}, repeated in {watch.Elapsed}");

        replayed.ShouldBe(answered.Count + appliedUnanswered);
        (await Movements(survivor)).ShouldBe(movementsBefore + Requests);
        var expected = Items.ToDictionary(item => item, item => before[item] + Enumerable.Range(0, Requests).Where(i => Item(i) == item).Sum(Quantity));
        var after = await OnHand(survivor);
        foreach (var item in Items) after[item].ShouldBe(expected[item], $"{item}");
        foreach (var (item, quantity) in before.Where(b => !expected.ContainsKey(b.Key))) after[item].ShouldBe(quantity, $"{item}");
    }

    [Fact]
    public async Task sigterm_finishes_what_is_in_flight_and_exits_with_0()
    {
        await using var database = await ledger.NewDatabase();
        await using var host = await HostProcess.Serve(database.Connections);
        var client = await host.Demo("user");
        (await Move(client, 0, "warm")).ShouldBe(200);

        await using var superuser = database.Superuser();
        await superuser.OpenAsync(TestContext.Current.CancellationToken);
        Task<Answer>[] inFlight;
        await using (var obstacle = database.Superuser())
        {
            // every stock command waits for a lock on its stream: here all of them wait for this transaction
            await obstacle.OpenAsync(TestContext.Current.CancellationToken);
            await using var transaction = await obstacle.BeginTransactionAsync(TestContext.Current.CancellationToken);
            await Scalar<object>(obstacle, "lock table tenant_fluxion_demo.mt_streams in exclusive mode");
            inFlight = [.. Enumerable.Range(0, AtOnce).Select(i => Move(client, i, $"in-flight-{i}"))];
            await Until(async () => await Scalar<long>(superuser,
                "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'") == AtOnce);
            host.Terminate();
            await Until(async () => !await Accepts(host.Address)); // it has begun to stop
            inFlight.ShouldAllBe(request => !request.IsCompleted);
            await transaction.CommitAsync(TestContext.Current.CancellationToken);
        }
        foreach (var answer in await Task.WhenAll(inFlight)) answer.ShouldBe(200);
        (await host.Exit()).ShouldBe(0, host.Output);
        host.Output.ShouldNotContain("Exception");
        (await Scalar<long>(superuser, "select count(*) from tenant_fluxion_demo.inventory_movements where reference = 'KILL'")).ShouldBe(AtOnce + 1);
    }

    private static (string Store, string Sku) Item(int i) => Items[i / 5 % Items.Length];

    /// <summary>Three receipts to two issues.</summary>
    private static int Quantity(int i) => i % 5 < 3 ? 1 : -1;

    private static Task<Answer> Move(Client client, int i, string key)
    {
        var (store, sku) = Item(i);
        var lines = new[] { new { sku, quantity = 1 } };
        return Quantity(i) > 0
            ? client.Post("stock/receipts", new { store, reference = "KILL", lines }, key)
            : client.Post("stock/issues", new { store, reason = "damage", reference = "KILL", lines }, key);
    }

    private static Task AllOf(Func<int, Task> request) =>
        Parallel.ForEachAsync(Enumerable.Range(0, Requests), new ParallelOptions { MaxDegreeOfParallelism = AtOnce }, async (i, _) => await request(i));

    private static async Task<Dictionary<(string Store, string Sku), decimal>> OnHand(Client client) =>
        (await client.Get("inventory?limit=1000")).ShouldBe(200).Json["items"]!.AsArray()
        .ToDictionary(row => (row!["store"]!.GetValue<string>(), row["sku"]!.GetValue<string>()), row => row!["onHand"]!.GetValue<decimal>());

    private static async Task<int> Movements(Client client)
    {
        var (count, after) = (0, "");
        while (true)
        {
            var page = (await client.Get($"movements?limit=1000{after}")).ShouldBe(200).Json;
            count += page["items"]!.AsArray().Count;
            if (page["next"]?.GetValue<string>() is not { } next) return count;
            after = $"&after={Uri.EscapeDataString(next)}";
        }
    }

    private static async Task<T?> Scalar<T>(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        return (T?)await command.ExecuteScalarAsync();
    }

    private static async Task<bool> Accepts(Uri address)
    {
        using var client = new TcpClient();
        try
        {
            await client.ConnectAsync(address.Host, address.Port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private static async Task Until(Func<Task<bool>> condition)
    {
        for (var attempt = 0; attempt < 600; attempt++)
        {
            if (await condition()) return;
            await Task.Delay(50);
        }
        throw new TimeoutException();
    }
}
