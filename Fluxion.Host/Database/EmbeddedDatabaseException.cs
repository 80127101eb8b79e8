namespace Fluxion.Host.Database;

/// <summary>
/// The embedded database cannot be used. The message gives the reason, the remedy and the alternatives, and is shown unchanged.
/// </summary>
public sealed class EmbeddedDatabaseException(string reason, Exception? inner = null)
    : Exception($"The embedded database cannot be used: {reason}{Environment.NewLine}{Alternatives}", inner)
{
    private const string Alternatives = """
        Instead of the embedded database:
          - `docker compose up` starts the host and TimescaleDB in containers, or
          - use any PostgreSQL 17 with TimescaleDB: set
              ConnectionStrings__Fluxion="Host=localhost;Database=fluxion_dev;Username=fluxion_app;Password=..."
              ConnectionStrings__FluxionOwner="Host=localhost;Database=fluxion_dev;Username=fluxion_owner;Password=..."
            and make both once: database init --admin "Host=localhost;Username=postgres;Password=..."
        """;
}
