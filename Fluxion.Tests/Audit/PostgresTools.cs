using System.Diagnostics;
using System.Globalization;
using Fluxion.Tests.Host;
using Npgsql;

namespace Fluxion.Tests.Audit;

/// <summary>psql, pg_dump and pg_restore of the embedded database.</summary>
public static class PostgresTools
{
    public static string Folder => Path.Combine(TestServer.Options.Home, "pg17", "usr", "lib", "postgresql", "17", "bin");

    /// <summary>Sets the environment by which a process finds the tools, and the tools find the server.</summary>
    public static void Connect(ProcessStartInfo start, string connectionString)
    {
        var connection = new NpgsqlConnectionStringBuilder(connectionString);
        start.Environment["PATH"] = $"{Folder}:{start.Environment["PATH"]}";
        start.Environment["PGHOST"] = connection.Host;
        start.Environment["PGPORT"] = connection.Port.ToString(CultureInfo.InvariantCulture);
        start.Environment["PGUSER"] = connection.Username;
        start.Environment["PGPASSWORD"] = connection.Password;
        start.Environment["PGDATABASE"] = connection.Database;
    }
}
