using Npgsql;

namespace Fluxion.Host.Database;

/// <summary>
/// How many connections a host opens at most. <c>Maximum Pool Size</c> of a connection string sets the sum of what is opened with it; a third of the
/// service's connections is for reading.
/// </summary>
/// <param name="Commands">Commands and the host's own work: seals, scans, messages, verification.</param>
/// <param name="Queries">What requests read.</param>
/// <param name="Owner">Migrations, provisioning, replays.</param>
public sealed record Pools(int Commands, int Queries, int Owner)
{
    /// <summary>Of the service, when the connection string does not say: two hosts fit in a server of 100 connections.</summary>
    public const int Usual = 36;

    /// <summary>What the host's own work can hold at once, and a few commands and queries beside it.</summary>
    public const int Least = 24;

    public const int UsualOfTheOwner = 24;

    /// <summary>Two replays on eight cores, or four schemas that are migrated.</summary>
    public const int LeastOfTheOwner = 20;

    public static Pools From(string service, string? owner)
    {
        var all = Size(service) ?? Usual;
        return new Pools(all - (all / 3), all / 3, owner is null ? 0 : Size(owner) ?? UsualOfTheOwner);
    }

    /// <summary>What a connection string says; null when it does not say.</summary>
    internal static int? Size(string connectionString)
    {
        var builder = new NpgsqlConnectionStringBuilder(connectionString);
        return builder.ConnectionString.Contains("Maximum Pool Size=", StringComparison.OrdinalIgnoreCase) ? builder.MaxPoolSize : null;
    }
}
