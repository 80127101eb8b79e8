namespace Fluxion.Host.Database;

/// <summary>
/// The embedded database can not be had. The message says why, what to do about it, and what to use instead:
/// it is meant to be shown as it is.
/// </summary>
public sealed class EmbeddedDatabaseException(string reason, Exception? inner = null)
    : Exception($"The embedded database can not be used: {reason}{Environment.NewLine}{Alternatives}", inner)
{
    private const string Alternatives = """
        Instead of the embedded database:
          - `docker compose up` starts the host and TimescaleDB in containers, or
          - set ConnectionStrings__Fluxion to any PostgreSQL 17 with TimescaleDB, for example
            ConnectionStrings__Fluxion="Host=localhost;Port=5432;Username=postgres;Password=...;Database=fluxion_dev"
        """;
}
