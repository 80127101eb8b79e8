using System.Data.Common;
using Npgsql;

namespace Fluxion.Host.Database;

/// <summary>
/// Checks a configured connection string before it is used. No message repeats the connection string, because it contains a password.
/// </summary>
internal static class ConnectionStrings
{
    private const string Form = "for example Host=localhost;Database=fluxion;Username=fluxion_app;Password=…";

    /// <exception cref="SettingsException">The connection string cannot be used.</exception>
    public static void Check(string name, string connectionString, int leastPoolSize)
    {
        if (ValidationError(connectionString, leastPoolSize) is { } error)
            throw new SettingsException($"ConnectionStrings__{name} {error}.");
    }

    /// <summary>
    /// The known keywords whose values Npgsql refuses; each is tried alone. An unknown keyword is not even named, because it may be part
    /// of a password.
    /// </summary>
    private static List<string> NotAllowed(string connectionString)
    {
        DbConnectionStringBuilder parts;
        try
        {
            parts = new DbConnectionStringBuilder { ConnectionString = connectionString };
        }
        catch (ArgumentException)
        {
            return [];
        }
        var known = new NpgsqlConnectionStringBuilder();
        return [.. parts.Keys.Cast<string>().Where(keyword => known.ContainsKey(keyword) && !IsAllowed(keyword, parts[keyword]))];
    }

    private static bool IsAllowed(string keyword, object value)
    {
        try
        {
            _ = new NpgsqlConnectionStringBuilder { [keyword] = value };
            return true;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }

    private static string? ValidationError(string connectionString, int leastPoolSize)
    {
        NpgsqlConnectionStringBuilder builder;
        try
        {
            builder = new NpgsqlConnectionStringBuilder(connectionString);
        }
        catch (ArgumentException)
        {
            return NotAllowed(connectionString) is { Count: > 0 } keywords
                ? $"is not a connection string: {string.Join(" and ", keywords)} must have another value"
                : $"is not a connection string, {Form}. A value with ; or = in it must be in double quotes";
        }
        return builder switch
        {
            { Host: null or "" } => $"must name the Host, {Form}",
            { Database: null or "" } => $"must name the Database, {Form}",
            { Username: null or "" } => $"must name the Username, {Form}",
            { Pooling: false } => "says Pooling=false: connections must be pooled, or nothing limits their number",
            { Multiplexing: true } => "says Multiplexing=true: it must be off, because settings belong to a transaction",
            _ when Pools.Size(connectionString) < leastPoolSize =>
                $"says Maximum Pool Size={builder.MaxPoolSize}: it must be {leastPoolSize} or more",
            _ => null,
        };
    }
}
