using System.Text.RegularExpressions;
using Fluxion.Host.Database;
using Fluxion.Host.Demo;
using Fluxion.Ledger.Alerts;
using Fluxion.Projections.Streaming;
using Fluxion.Tests.Host;
using Fluxion.Tests.Stock;
using Npgsql;

namespace Fluxion.Tests.Alerts;

/// <summary>PostgreSQL has one notification queue for the whole server, and any login can fill it.</summary>
public sealed class FullQueueTests
{
    /// <summary>The smallest queue size that PostgreSQL allows. The default is 8 GB.</summary>
    private const int Pages = 64;

    [Fact]
    public async Task alerts_are_raised_acknowledged_and_streamed_while_the_notification_queue_is_full()
    {
        var ct = TestContext.Current.CancellationToken;
        await using var own = new OwnServer();
        await using (var first = await own.Start())
        {
            await using var admin = await Sql.Open(first.SuperuserConnectionString());
            await admin.Execute($"alter system set max_notify_queue_pages = {Pages}");
        }
        await using var server = await own.Start();
        await using var connections = await DatabaseConnections.Prepare(server, own.Options.Password, "fluxion_full_queue", ct);
        await using var serving = await HostProcess.Serve(connections);
        var environment = HostProcess.Development(connections);
        environment["FLUXION_PASSWORD"] = "an analyst's own";
        (await HostProcess.Run(environment, "analysts", "grant", DemoTenant.Slug, "bi_reader")).ExitCode.ShouldBe(0);
        var analyst = new NpgsqlConnectionStringBuilder(connections.Service)
        {
            Username = "bi_reader",
            Password = "an analyst's own",
        }.ConnectionString;

        var manager = await serving.Demo("manager");
        (
            await manager.Post(
                "products",
                new
                {
                    sku = "Q1",
                    name = "Milk",
                    reorderPoint = 10,
                }
            )
        ).ShouldBe(201);
        var shop = new TestStore(manager, "CCS-01", "Q1");
        using var stream = await AlertStreamClient.Open(manager.Http, DemoTenant.Slug);

        // a session that listens and does not read keeps all later notifications in the queue
        await using var reads = await Sql.Open(analyst);
        await reads.Execute("listen x; set idle_in_transaction_session_timeout = 0");
        await reads.Execute("begin; select 1");
        await using var fills = await Sql.Open(analyst);
        string? full = null;
        for (var i = 0; full is null && i < 10 * Pages; i++)
            full = await Notify(fills, "x", new string('a', 7900));
        full.ShouldBe(PostgresErrorCodes.ProgramLimitExceeded);
        await using var superuser = await Sql.Open(server.SuperuserConnectionString("fluxion_full_queue"));
        (await Notify(superuser, AlertNotifications.Channel, "x")).ShouldBe(PostgresErrorCodes.ProgramLimitExceeded, "for everybody");

        // the stream also sends an alert whose transaction drew its number early and commits only after several polls
        await using (await superuser.BeginTransactionAsync(ct))
        {
            await superuser.Execute("lock table tenant_fluxion_demo.alerts in share mode");
            (await shop.Receive(5)).ShouldBe(200);
            const string waits = "select from pg_locks where relation = 'tenant_fluxion_demo.alerts'::regclass and not granted";
            for (var attempt = 0; (await superuser.Rows(waits)).Count == 0; attempt++)
            {
                attempt.ShouldBeLessThan(200);
                await Task.Delay(50, ct);
            }
            await Task.Delay(2.5 * AlertFeed.PollInterval, ct);
        }
        var raised = await Next();
        raised.Summary.ShouldBe("alert_raised Q1 active");
        (await manager.Post($"alerts/{raised.Alert["id"]}/acknowledge", null)).ShouldBe(200);
        (await shop.Receive(50)).ShouldBe(200);
        var (second, third) = (await Next(), await Next());
        (second.Name, third.Name).ShouldBe(("alert_acknowledged", "alert_resolved"));
        second.Id.ShouldBeGreaterThan(raised.Id);
        third.Id.ShouldBeGreaterThan(second.Id);
        Regex.Count(serving.Output, "Hosts are not notified").ShouldBe(1, serving.Output);
        (await manager.Get("alerts?sku=Q1")).ShouldBe(200).Json["items"]!.AsArray().ShouldHaveSingleItem()!["status"]!
            .GetValue<string>()
            .ShouldBe("resolved");

        await reads.Execute("rollback");
        (await Notify(superuser, AlertNotifications.Channel, "x")).ShouldBe(
            PostgresErrorCodes.ProgramLimitExceeded,
            "nobody has given the read part free"
        );
        (await shop.Issue(50)).ShouldBe(200);
        (await Next()).Name.ShouldBe("alert_reopened");
        // the host sends notifications outside of its commands too
        for (var attempt = 0; await Notify(superuser, AlertNotifications.Channel, "x") is not null; attempt++)
        {
            attempt.ShouldBeLessThan(100);
            await Task.Delay(50, ct);
        }

        // the same stream has the alerts of the demo's own products
        async Task<AlertStreamClient.Event> Next()
        {
            while (true)
            {
                var received = await stream.Next();
                if (received.Alert["sku"]?.GetValue<string>() == shop.Sku)
                    return received;
            }
        }
    }

    /// <summary>The SQLSTATE of the failed commit; null when it succeeds.</summary>
    private static async Task<string?> Notify(NpgsqlConnection connection, string channel, string payload)
    {
        try
        {
            await connection.Execute($"select pg_notify('{channel}', '{payload}')");
            return null;
        }
        catch (PostgresException e)
        {
            return e.SqlState;
        }
    }
}
