using System.Diagnostics;
using System.Net.Sockets;
using Fluxion.Host.Database;
using Fluxion.Tests.Projections;
using Npgsql;

namespace Fluxion.Tests.Host;

public sealed class KillTests(LedgerHost ledger)
{
    private const int AtOnce = 8;

    [Fact]
    public async Task commands_repeated_after_kill_9_of_the_host_are_applied_exactly_once()
    {
        await using var database = await ledger.NewDatabase();
        await using var superuser = await database.OpenSuperuser();
        var load = new MixedLoad(AtOnce);
        Dictionary<(string, string), Stock> before;
        await using (var host = await HostProcess.Serve(database.Connections))
        {
            before = await StockOf(superuser);
            var killed = false;
            var playing = load.Run(await host.Demo("manager"), isGone: () => Volatile.Read(ref killed));
            await Wait.Until(() => Task.FromResult(load.Answered >= MixedLoad.Requests * 2 / 5), "2 of 5 requests are answered");
            Volatile.Write(ref killed, true);
            await host.Kill();
            await playing;
        }
        var answered = load.Answered;
        var applied = await Scalar<long>(superuser, CountKeys);
        (applied - answered).ShouldBeInRange(0, AtOnce);
        applied.ShouldBeLessThan(MixedLoad.Requests);

        await using var again = await HostProcess.Serve(database.Connections);
        var watch = Stopwatch.StartNew();
        await load.Run(await again.Demo("manager"));
        TestContext.Current.TestOutputHelper!.WriteLine(
            $"answered before the kill: {answered}, applied but unanswered: {applied - answered}, "
                + $"all {load.Answered} repeated in {watch.Elapsed}"
        );
        ((long)load.Replayed).ShouldBe(applied);
        await ShouldBeAppliedOnce(superuser, load, before);
    }

    [Fact]
    public async Task kill_9_of_the_database_loses_no_answered_command_and_applies_none_twice()
    {
        await using var server = new OwnServer();
        await using var first = await server.Start();
        var connections = await DatabaseConnections.Prepare(first, server.Options.Password, "fluxion", CancellationToken.None);
        await using var host = await HostProcess.Serve(connections);
        var client = await host.Demo("manager");
        Task<NpgsqlConnection> Superuser() => Sql.Open(first.SuperuserConnectionString("fluxion"));
        Dictionary<(string, string), Stock> before;
        await using (var superuser = await Superuser())
            before = await StockOf(superuser);

        var load = new MixedLoad(AtOnce);
        var playing = load.Run(client);
        foreach (var part in (int[])[1, 2, 3])
        {
            await Wait.Until(() => Task.FromResult(load.Answered >= MixedLoad.Requests * part / 4), $"{part} of 4 requests are answered");
            await server.KillAll();
            (await server.Start(first.Port)).StartedHere.ShouldBeTrue();
        }
        await playing;
        load.Refused.ShouldBeGreaterThan(0);
        var unanswered = load.Replayed;
        await load.Run(client);
        TestContext.Current.TestOutputHelper!.WriteLine(
            $"{load.Refused} × 503, applied but unanswered at first: {unanswered}, all {load.Answered} repeated"
        );
        load.Replayed.ShouldBe(unanswered + MixedLoad.Requests);
        await using (var superuser = await Superuser())
            await ShouldBeAppliedOnce(superuser, load, before);
        host.Terminate();
        (await host.Exit()).ShouldBe(0, host.Output);
    }

    [Fact]
    public async Task sigterm_completes_requests_in_flight_and_exits_with_0()
    {
        await using var database = await ledger.NewDatabase();
        await using var host = await HostProcess.Serve(database.Connections);
        var client = await host.Demo("user");
        (await Receive(client, "warm")).ShouldBe(200);

        await using var superuser = await database.OpenSuperuser();
        Task<Answer>[] inFlight;
        await using (var obstacle = await database.OpenSuperuser())
        {
            // every stock command acquires a lock on its stream: here all of them wait for this transaction
            await using var transaction = await obstacle.BeginTransactionAsync(TestContext.Current.CancellationToken);
            await Scalar<object>(obstacle, "lock table tenant_fluxion_demo.mt_streams in exclusive mode");
            inFlight = [.. Enumerable.Range(0, AtOnce).Select(i => Receive(client, $"in-flight-{i}"))];
            await Wait.Until(
                async () =>
                    await Scalar<long>(
                        superuser,
                        "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
                    ) == AtOnce,
                "all commands wait for the lock"
            );
            host.Terminate();
            await Wait.Until(async () => !await Accepts(host.Address), "the host closes its port"); // the shutdown has begun
            inFlight.ShouldAllBe(request => !request.IsCompleted);
            await transaction.CommitAsync(TestContext.Current.CancellationToken);
        }
        foreach (var answer in await Task.WhenAll(inFlight))
            answer.ShouldBe(200);
        (await host.Exit()).ShouldBe(0, host.Output);
        host.Output.ShouldNotContain("Exception");
        (await Scalar<long>(superuser, "select count(*) from tenant_fluxion_demo.inventory_movements where reference = 'KILL'")).ShouldBe(
            AtOnce + 1
        );
    }

    private const string CountKeys = $"select count(*) from tenant_fluxion_demo.idempotency_keys where key like '{MixedLoad.KeyPrefix}%'";

    /// <summary>Every request was applied exactly once, and the read models match the events.</summary>
    private static async Task ShouldBeAppliedOnce(NpgsqlConnection superuser, MixedLoad load, Dictionary<(string, string), Stock> before)
    {
        load.Answered.ShouldBe(MixedLoad.Requests);
        (await Scalar<long>(superuser, CountKeys)).ShouldBe(MixedLoad.Requests);
        var expected = before.ToDictionary(item => item.Key, item => item.Value + load.Changes.GetValueOrDefault(item.Key));
        (await StockOf(superuser)).ShouldBe(expected, ignoreOrder: true);
        (await Scalar<decimal>(superuser, "select sum(amount_paid) from tenant_fluxion_demo.sales")).ShouldBe(load.Paid);
        // each reservation scheduled its expiry message exactly once
        (
            await Scalar<long>(
                superuser,
                "select count(*) from wolverine.wolverine_incoming_envelopes where message_type like '%ExpireReservation'"
            )
        ).ShouldBe(await Scalar<long>(superuser, "select count(*) from tenant_fluxion_demo.reservations"));
        (await superuser.Violations()).ShouldBeEmpty();
    }

    private static async Task<Dictionary<(string, string), Stock>> StockOf(NpgsqlConnection superuser) =>
        (
            await superuser.Rows(
                """
                select s.code, p.sku, i.quantity_on_hand, i.quantity_reserved
                from tenant_fluxion_demo.inventory i join tenant_fluxion_demo.stores s on s.id = i.store_id
                    join tenant_fluxion_demo.products p on p.id = i.product_id
                """
            )
        ).ToDictionary(row => ((string)row[0]!, (string)row[1]!), row => new Stock((decimal)row[2]!, (decimal)row[3]!));

    private static Task<Answer> Receive(Client client, string key) =>
        client.Post(
            "stock/receipts",
            new
            {
                store = "CCS-01",
                reference = "KILL",
                lines = new[] { new { sku = "LAC001", quantity = 1 } },
            },
            key
        );

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
}
