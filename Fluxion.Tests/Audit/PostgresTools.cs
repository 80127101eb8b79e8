using System.Diagnostics;
using System.Globalization;
using Fluxion.Tests.Host;
using Npgsql;

namespace Fluxion.Tests.Audit;

/// <summary>psql, pg_dump and pg_restore as they came with the embedded database.</summary>
public static class PostgresTools
{
    public static string Folder => Path.Combine(TestServer.Options.Home, "pg17", "usr", "lib", "postgresql", "17", "bin");

    /// <summary>Has a process find the tools, and them the server.</summary>
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
