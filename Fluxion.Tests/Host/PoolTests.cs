using Fluxion.Host.Database;
using Fluxion.Host.Demo;
using Npgsql;

namespace Fluxion.Tests.Host;

/// <summary>Tests of the connections that a host opens, and how its requests share them.</summary>
public sealed class PoolTests(LedgerHost ledger)
{
    /// <summary>The number of concurrent requests, greater than the size of the smallest pool for commands.</summary>
    private const int AtOnce = 24;

    [Theory]
    [InlineData("Host=h", null, 24, 12, 0)]
    [InlineData("Host=h", "Host=h", 24, 12, 24)]
    [InlineData("Host=h;Maximum Pool Size=90", "Host=h;MaxPoolSize=30", 60, 30, 30)]
    [InlineData("Host=h;Maximum Pool Size=100", null, 67, 33, 0)]
    public void a_host_opens_at_most_the_connections_that_its_connection_strings_allow(
        string service,
        string? owner,
        int commands,
        int queries,
        int owners
    ) => Pools.From(service, owner).ShouldBe(new Pools(commands, queries, owners));

    [Fact]
    public async Task no_request_uses_two_connections_at_once()
    {
        await using var database = await ledger.NewDatabase();
        string Smallest(string connections, int size) =>
            new NpgsqlConnectionStringBuilder(connections) { MaxPoolSize = size, Timeout = 5 }.ConnectionString;
        await using var host = await HostProcess.Serve(
            new DatabaseConnections(
                Smallest(database.Connections.Service, Pools.Least),
                Smallest(database.Connections.Owner!, Pools.LeastOfTheOwner),
                null
            )
        );
        var admin = await host.Demo("admin");
        foreach (var (sku, unitType) in ((string, string)[])[("LAC001", "unit"), ("HAR001", "unit"), ("QUE001", "kg")])
            (
                await admin.Put(
                    $"products/{sku}",
                    new
                    {
                        name = sku,
                        unitType,
                        costPrice = 2,
                        sellingPrice = 3,
                        settings = new { allowBackorder = true },
                    }
                )
            ).ShouldBe(200);
        var document = await OpenApi.Of(admin);
        // if each request needed a second connection, the first ones would use up the pool and deadlock
        foreach (var operation in document.Operations.Where(o => !o.IsStream && !o.IsOfThePlatform && o.Path != "/api/token"))
        {
            var address =
                operation.Path.EndsWith("/replays/{id}", StringComparison.Ordinal)
                    ? operation.Address.Replace("{id}", $"{Guid.Empty}", StringComparison.Ordinal)
                : operation.Address.Contains("{id}", StringComparison.Ordinal) ? await document.OfANewDocument(admin, operation.Address)
                : operation.Address;
            var answers = await Task.WhenAll(Enumerable.Range(0, AtOnce).Select(_ => Send(admin, operation, address)));
            answers.ShouldAllBe(a => a.Status < 500, operation.ToString());
        }
        host.Output.ShouldNotContain("pool_exhausted");
    }

    private static Task<Answer> Send(Client admin, Operation operation, string address)
    {
        var (method, key) = (HttpMethod.Parse(operation.Method), Guid.CreateVersion7().ToString());
        if (!operation.IsCommand)
            return admin.Send(method, address + operation.Query(), null, null);
        if (operation.CsvExample is { } file)
            return admin.Send(method, address, file, key, contentType: "text/csv");
        var example = operation.Body?["example"]?.DeepClone().AsObject();
        foreach (
            var name in ((string[])["email", "code", "sku", "invoiceNumber", "orderNumber"]).Where(name =>
                example?.ContainsKey(name) == true
            )
        )
            example![name] = name == "email" ? $"{key}@{DemoTenant.Slug}.demo" : $"N-{key[^12..]}";
        example?.Remove("barcodes"); // the product of the example already has these barcodes
        return admin.Send(method, address, example?.ToJsonString(), key);
    }
}
