using System.Net;
using System.Net.Sockets;
using Fluxion.Host.Database;
using Npgsql;

namespace Fluxion.Tests.Host;

public sealed class EmbeddedDatabaseTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>The server is installed once for all tests, by this fixture; therefore every test of the class waits for it.</summary>
    public EmbeddedDatabaseTests(LedgerHost ledger) => ledger.ShouldNotBeNull();

    [Fact]
    public async Task two_concurrent_starts_share_one_server_and_its_starter_stops_it()
    {
        await using var server = new OwnServer();
        var both = await Task.WhenAll(server.Start(), server.Start());
        both[0].Port.ShouldBe(both[1].Port);
        both.Count(b => b.StartedHere).ShouldBe(1);
        (await Scalar<string>(both[0], "select pg_read_file('postmaster.pid')")).ShouldBe(
            await Scalar<string>(both[1], "select pg_read_file('postmaster.pid')")
        );
        server.Progress.Count(line => line.EndsWith(", started now", StringComparison.Ordinal)).ShouldBe(1);
        var process = server.Process().ShouldNotBeNull();

        (await both.Single(b => !b.StartedHere).StopAsync()).ShouldBeFalse(); // it found the server and did not start it
        server.Process().ShouldBe(process);
        var starter = both.Single(b => b.StartedHere);
        (await starter.StopAsync()).ShouldBeTrue();
        server.Process().ShouldBeNull();
        (await starter.StopAsync()).ShouldBeFalse(); // a second stop does nothing
    }

    [Fact]
    public async Task the_starter_of_a_server_leaves_it_running_while_others_use_it()
    {
        await using var server = new OwnServer();
        var starter = await server.Start();
        var guest = await server.Start();
        (starter.StartedHere, guest.StartedHere).ShouldBe((true, false));
        (await starter.StopAsync()).ShouldBeFalse();
        (await Scalar<int>(guest, "select 1")).ShouldBe(1);
        (await guest.StopAsync()).ShouldBeFalse();
        server.Process().ShouldNotBeNull();
    }

    [Fact]
    public async Task the_embedded_database_starts_again_with_its_data_after_kill_9()
    {
        await using var server = new OwnServer();
        var first = await server.Start();
        await Scalar<object>(first, "create table survivor as select generate_series(1, 1000) as n");
        await server.Kill();

        await using var second = await server.Start();
        second.StartedHere.ShouldBeTrue();
        (await Scalar<long>(second, "select sum(n) from survivor")).ShouldBe(500_500);
        (await first.StopAsync()).ShouldBeFalse(); // the server that it had started is gone; the one that runs now was started by another
        (await Scalar<long>(second, "select count(*) from survivor")).ShouldBe(1000);
    }

    [Fact]
    public async Task a_taken_port_is_an_error_that_names_the_setting()
    {
        await using var server = new OwnServer();
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        var port = ((IPEndPoint)other.LocalEndpoint).Port;
        var error = await Should.ThrowAsync<EmbeddedDatabaseException>(server.Start(port));
        error.Message.ShouldContain($"port {port} of 127.0.0.1 is taken");
        error.Message.ShouldContain("FLUXION_DATABASE_PORT");
        server.Process().ShouldBeNull();
    }

    [Fact]
    public async Task an_unreachable_mirror_is_an_error_that_names_the_alternatives()
    {
        var home = $"/var/tmp/fluxion-test-{Guid.CreateVersion7():N}";
        try
        {
            var options = new EmbeddedDatabaseOptions
            {
                Home = home,
                Port = 0,
                Mirror = "http://127.0.0.1:9/",
            };
            var error = await Should.ThrowAsync<EmbeddedDatabaseException>(EmbeddedDatabase.StartAsync(options, _ => { }, Ct));
            error.Message.ShouldContain("http://127.0.0.1:9/ can not be reached");
            error.Message.ShouldContain("docker compose up");
            error.Message.ShouldContain("ConnectionStrings__Fluxion");
            Directory.EnumerateFileSystemEntries(home).Select(Path.GetFileName).ShouldBe([".lock"]); // no partial installation is left
        }
        finally
        {
            if (Directory.Exists(home))
                Directory.Delete(home, recursive: true);
        }
    }

    private static async Task<T?> Scalar<T>(EmbeddedDatabase server, string sql)
    {
        await using var connection = new NpgsqlConnection(
            new NpgsqlConnectionStringBuilder(server.SuperuserConnectionString()) { Pooling = false }.ConnectionString
        );
        await connection.OpenAsync(Ct);
        await using var command = new NpgsqlCommand(sql, connection);
        return (T?)await command.ExecuteScalarAsync(Ct);
    }
}
