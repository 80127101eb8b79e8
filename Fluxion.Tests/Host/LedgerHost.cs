using Alba;
using Fluxion.Host;
using Fluxion.Host.Database;
using Fluxion.Host.Demo;
using Fluxion.Tests.Host;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Npgsql;

[assembly: AssemblyFixture(typeof(LedgerHost))]

namespace Fluxion.Tests.Host;

/// <summary>
/// The real host on the real database, shared by all tests. The embedded PostgreSQL + TimescaleDB has the tests' own data folder and port.
/// Each run has a database of its own, with the demo tenant in it.
/// </summary>
public sealed class LedgerHost : IAsyncLifetime
{
    private EmbeddedDatabase _server = null!;

    public DatabaseConnections Connections { get; private set; } = null!;
    public IAlbaHost Http { get; private set; } = null!;
    public IServiceProvider Services => Http.Services;

    public async ValueTask InitializeAsync()
    {
        var options = TestServer.Options;
        _server = await EmbeddedDatabase.StartAsync(options, line => Console.Error.WriteLine(line));
        Connections = await DatabaseConnections.Prepare(
            _server,
            options.Password,
            $"fluxion_test_{Guid.CreateVersion7():N}",
            CancellationToken.None
        );
        await using (var first = NewBuilder().Build())
            await first.Prepare(Connections, CancellationToken.None);
        Http = await AlbaHost.For(NewBuilder(), app => app.MapFluxion());
    }

    private WebApplicationBuilder NewBuilder()
    {
        var builder = WebApplication.CreateBuilder(
            new WebApplicationOptions
            {
                EnvironmentName = "Development",
                ContentRootPath = AppContext.BaseDirectory,
                ApplicationName = typeof(FluxionHost).Assembly.GetName().Name,
            }
        );
        builder.Configuration.AddInMemoryCollection(
            new Dictionary<string, string?>
            {
                ["Fluxion:SigningKey"] = "a signing key of the tests, long enough for HMAC-SHA256",
                ["Fluxion:SignInsPerMinute"] = "100000",
            }
        );
        // the in-process server does not support limits of the body size, and routing warns of it
        builder.Logging.AddFilter("Microsoft.AspNetCore.Routing.EndpointRoutingMiddleware", LogLevel.Error);
        builder.AddFluxion(FluxionSettings.Read(builder.Configuration, builder.Environment));
        builder.Services.AddSingleton(Connections);
        return builder;
    }

    public NpgsqlConnection Superuser() =>
        new(new NpgsqlConnectionStringBuilder(_server.SuperuserConnectionString(Database)) { Pooling = false }.ConnectionString);

    public string Database => new NpgsqlConnectionStringBuilder(Connections.Service).Database!;

    /// <summary>An empty database on the same server, for a host of a test's own.</summary>
    public async Task<OwnDatabase> NewDatabase() =>
        new(
            _server,
            await DatabaseConnections.Prepare(
                _server,
                TestServer.Options.Password,
                $"fluxion_test_{Guid.CreateVersion7():N}",
                CancellationToken.None
            )
        );

    public async ValueTask DisposeAsync()
    {
        await Http.DisposeAsync();
        await new OwnDatabase(_server, Connections).DisposeAsync();
        await _server.DisposeAsync();
    }
}

/// <summary>A database on an embedded server. Disposal drops the database and keeps the server.</summary>
public sealed class OwnDatabase(EmbeddedDatabase server, DatabaseConnections connections) : IAsyncDisposable
{
    public DatabaseConnections Connections => connections;

    public string Name { get; } = new NpgsqlConnectionStringBuilder(connections.Service).Database!;

    public NpgsqlConnection Superuser(string? database = null) =>
        new(new NpgsqlConnectionStringBuilder(server.SuperuserConnectionString(database ?? Name)) { Pooling = false }.ConnectionString);

    public async Task<NpgsqlConnection> OpenSuperuser(string? database = null)
    {
        var connection = Superuser(database);
        await connection.OpenAsync();
        return connection;
    }

    public async ValueTask DisposeAsync()
    {
        await using var postgres = await OpenSuperuser("postgres");
        // a database has thousands of files to delete
        await using var drop = new NpgsqlCommand($"drop database \"{Name}\" with (force)", postgres) { CommandTimeout = 0 };
        await drop.ExecuteNonQueryAsync();
    }
}

/// <summary>The tests' own server: its data folder is next to that of a normal host, and its port is any free one.</summary>
public static class TestServer
{
    public static EmbeddedDatabaseOptions Options
    {
        get
        {
            var options = EmbeddedDatabaseOptions.FromEnvironment();
            return options with { Data = Path.Combine(options.Home, "test-data"), Port = 0, Keep = false };
        }
    }
}
