using Fluxion.Host.Web;
using Fluxion.Tests.Host;
using Npgsql;

namespace Fluxion.Tests.Messages;

/// <summary>The host recognizes some errors of libraries by their English messages. An upgrade that changes one fails here.</summary>
public sealed class LibraryMessageTests(LedgerHost host)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("""{"colour":"red"}""", "colour", "unknown field")]
    [InlineData("""{"notes":"one","notes":"two"}""", "notes", "appears more than once")]
    public async Task a_body_with_an_unknown_or_a_repeated_field_is_refused_with_its_name(string body, string field, string message)
    {
        var client = await Client.Demo(host, "admin");
        var answer = (await client.Post("stock/receipts", body)).ShouldBe(400);
        answer.Json["errors"]![field]![0]!.GetValue<string>().ShouldBe(message);
    }

    [Fact]
    public async Task an_exhausted_pool_is_recognized()
    {
        var settings = new NpgsqlConnectionStringBuilder(host.Connections.Service) { MaxPoolSize = 1, Timeout = 1 };
        await using var pool = NpgsqlDataSource.Create(settings);
        await using var held = await pool.OpenConnectionAsync(Ct);
        var exhausted = await Should.ThrowAsync<NpgsqlException>(async () => await pool.OpenConnectionAsync(Ct));
        Failure.From(exhausted).Cause.ShouldBe("pool_exhausted");
    }

    [Fact]
    public async Task a_command_that_exceeds_its_time_limit_is_recognized()
    {
        await using var database = NpgsqlDataSource.Create(host.Connections.Service);
        await using var command = database.CreateCommand("select pg_sleep(30)");
        command.CommandTimeout = 1;
        var timeout = await Should.ThrowAsync<NpgsqlException>(async () => await command.ExecuteNonQueryAsync(Ct));
        Failure.From(timeout).Cause.ShouldBe("command_timeout");
    }
}
