using Npgsql;

namespace Fluxion.Host.Database;

/// <summary>
/// The maximum numbers of connections of a host. <c>Maximum Pool Size</c> of a connection string limits all connections opened with it. A
/// third of the service's connections is reserved for queries.
/// </summary>
/// <param name="Commands">For commands and the host's own work: seals, scans, messages, verification.</param>
/// <param name="Queries">For reads of requests.</param>
/// <param name="Owner">For migrations, provisioning, analysts, retention and replays.</param>
public sealed record Pools(int Commands, int Queries, int Owner)
{
    /// <summary>The default for the service. With it, two hosts fit in a server of 100 connections.</summary>
    public const int Usual = 36;

    /// <summary>The minimum for the service: the host's own work at its peak, and a few commands and queries beside it.</summary>
    public const int Least = 24;

    public const int UsualOfTheOwner = 24;

    /// <summary>The minimum for the owner: two replays on eight cores, or four concurrent schema migrations.</summary>
    public const int LeastOfTheOwner = 20;

    public static Pools From(string service, string? owner)
    {
        var all = Size(service) ?? Usual;
        return new Pools(all - (all / 3), all / 3, owner is null ? 0 : Size(owner) ?? UsualOfTheOwner);
    }

    /// <summary>The size in a connection string; null when it specifies none.</summary>
    internal static int? Size(string connectionString)
    {
        var builder = new NpgsqlConnectionStringBuilder(connectionString);
        return builder.ConnectionString.Contains("Maximum Pool Size=", StringComparison.OrdinalIgnoreCase) ? builder.MaxPoolSize : null;
    }
}
