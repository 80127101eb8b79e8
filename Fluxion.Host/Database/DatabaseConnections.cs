using Fluxion.Ledger.Tenancy;
using Npgsql;

namespace Fluxion.Host.Database;

/// <summary>The database of the host: configured, or embedded in Development.</summary>
/// <param name="Embedded">The embedded database if that is used; the owner of this record disposes of it after the host.</param>
public sealed record DatabaseConnections(string Service, string? Owner, EmbeddedDatabase? Embedded) : IAsyncDisposable
{
    public const string ServiceName = "Fluxion";
    public const string OwnerName = "FluxionOwner";
    public const string AdminName = "FluxionAdmin"; // a superuser, only for `database init`
    private const string DevelopmentDatabase = "fluxion_dev";

    /// <summary>A placeholder for commands that never connect.</summary>
    public static DatabaseConnections None { get; } = new("Host=none.invalid", "Host=none.invalid", null);

    /// <exception cref="SettingsException">A connection string is missing outside Development, or is not valid.</exception>
    /// <exception cref="EmbeddedDatabaseException">The embedded database cannot run on this machine.</exception>
    public static async Task<DatabaseConnections> Resolve(
        IConfiguration configuration,
        IHostEnvironment environment,
        Action<string> progress,
        CancellationToken ct
    )
    {
        var owner = configuration.GetConnectionString(OwnerName) is { Length: > 0 } text ? text : null;
        if (configuration.GetConnectionString(ServiceName) is { Length: > 0 } service)
        {
            ConnectionStrings.Check(ServiceName, service, Pools.Least);
            if (owner is not null)
                ConnectionStrings.Check(OwnerName, owner, Pools.LeastOfTheOwner);
            return new DatabaseConnections(service, owner, null);
        }
        if (owner is not null)
            throw new SettingsException(
                $"ConnectionStrings__{OwnerName} is set and ConnectionStrings__{ServiceName} is not. "
                    + "The host needs both, or neither in Development."
            );
        if (!environment.IsDevelopment())
        {
            throw new SettingsException(
                "Set ConnectionStrings__Fluxion (role fluxion_app). "
                    + "For migrations and provisioning, set also ConnectionStrings__FluxionOwner (role fluxion_owner). "
                    + "This command prepares a database for both: database init --admin \"Host=…;Username=postgres;Password=…\". "
                    + "An embedded database exists in Development only."
            );
        }
        var options = EmbeddedDatabaseOptions.FromEnvironment();
        var embedded = await EmbeddedDatabase.StartAsync(options, progress, ct);
        return await Prepare(embedded, options.Password, DevelopmentDatabase, ct);
    }

    /// <summary>Creates the roles and the database on an embedded server.</summary>
    public static async Task<DatabaseConnections> Prepare(EmbeddedDatabase embedded, string password, string database, CancellationToken ct)
    {
        string Connect(string role) =>
            new NpgsqlConnectionStringBuilder(embedded.SuperuserConnectionString(database))
            {
                Username = role,
                Password = password,
                MaxPoolSize = 50,
            }.ConnectionString;
        var connections = new DatabaseConnections(Connect("fluxion_app"), Connect("fluxion_owner"), embedded);
        await DatabaseInitialization.Run(embedded.SuperuserConnectionString(), connections, setPasswords: true, ct);
        return connections;
    }

    public Databases Open(ILoggerFactory loggers)
    {
        NpgsqlDataSource Pool(string connectionString, int connections) =>
            new NpgsqlDataSourceBuilder(new NpgsqlConnectionStringBuilder(connectionString) { MaxPoolSize = connections }.ConnectionString)
                .UseLoggerFactory(loggers)
                .Build();

        var pools = Pools.From(Service, Owner);
        return new Databases(Pool(Service, pools.Commands), Owner is null ? null : Pool(Owner, pools.Owner))
        {
            Queries = Pool(Service, pools.Queries),
        };
    }

    public async ValueTask DisposeAsync()
    {
        if (Embedded is not null)
            await Embedded.DisposeAsync();
    }
}
