using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Fluxion.Ledger.Session;
using Npgsql;

namespace Fluxion.Host.Database;

/// <summary>
/// The host's own PostgreSQL 17 with TimescaleDB, for development. <c>postgres.sh</c> installs it from Debian's packages and starts it.
/// All hosts with the same data directory share it, and the host that started it stops it.
/// </summary>
/// <remarks>
/// Each host holds a shared advisory lock in one session while it uses the server. A host that stops the server first acquires that lock
/// exclusively. So no host begins to use a server that is about to stop.
/// </remarks>
public sealed class EmbeddedDatabase : IAsyncDisposable
{
    private static readonly string InUseLock = AdvisoryLocks.GlobalKey("embedded database in use");
    private const int ConnectTimeoutSeconds = 5;
    private const int StartAttempts = 20;
    private const int UnusedAttempts = 10;
    private const int SignalTerminate = 15;
    private static readonly TimeSpan BetweenAttempts = TimeSpan.FromMilliseconds(100);

    private readonly EmbeddedDatabaseOptions _options;
    private readonly Action<string> _progress;
    private Session? _session;

    private EmbeddedDatabase(EmbeddedDatabaseOptions options, Action<string> progress, Session session, bool startedHere)
    {
        _options = options;
        _progress = progress;
        _session = session;
        Port = session.Port;
        StartedHere = startedHere;
    }

    /// <summary>The TCP port on 127.0.0.1. It differs from the configured port when the server already ran on another.</summary>
    public int Port { get; }

    /// <summary>True when this process started the server; false when the server was already running.</summary>
    public bool StartedHere { get; }

    /// <summary>
    /// Ensures that the server runs and accepts connections. It installs the server (once, about 15 s), creates the data directory, and
    /// starts the server (under 3 s). If the server already runs, this takes well under 0.5 s.
    /// </summary>
    /// <param name="options">The location and the credentials of the server.</param>
    /// <param name="progress">A callback that gets one line for people at each step; none when the server already runs.</param>
    /// <param name="cancellationToken">Cancels the start; an incomplete step is undone.</param>
    /// <exception cref="EmbeddedDatabaseException">
    /// The server cannot run on this machine, or not now. The message gives the reason and the alternatives.
    /// </exception>
    public static async Task<EmbeddedDatabase> StartAsync(
        EmbeddedDatabaseOptions options,
        Action<string> progress,
        CancellationToken cancellationToken = default
    )
    {
        if (!OperatingSystem.IsLinux())
        {
            throw new EmbeddedDatabaseException("it needs Debian or Ubuntu on amd64");
        }

        if (await Session.TryOpenAsync(options, surelyOurs: false, cancellationToken) is { } found)
        {
            return new EmbeddedDatabase(options, progress, found, startedHere: false);
        }

        var startedHere = false;
        try
        {
            // A second attempt is needed only when another host stops the server concurrently.
            for (var attempt = 0; attempt < StartAttempts; attempt++)
            {
                var port = options.Port.ToString(CultureInfo.InvariantCulture);
                startedHere |=
                    await RunScriptAsync(options, progress, ["start", port], cancellationToken) is { } outcome
                    && outcome.EndsWith(", started now", StringComparison.Ordinal);
                if (await Session.TryOpenAsync(options, surelyOurs: true, cancellationToken) is { } session)
                {
                    return new EmbeddedDatabase(options, progress, session, startedHere);
                }

                await Task.Delay(BetweenAttempts, cancellationToken);
            }

            throw new EmbeddedDatabaseException($"the server of {options.DataDirectory} runs, but accepts no connection");
        }
        catch when (startedHere && !options.Keep)
        {
            await RunScriptAsync(options, progress, ["stop"], CancellationToken.None);
            throw;
        }
    }

    /// <summary>A connection string for the superuser <c>postgres</c>.</summary>
    /// <param name="database">The name of the database, which need not exist yet.</param>
    public string SuperuserConnectionString(string database = "postgres") => ConnectionString(_options, Port, database).ConnectionString;

    /// <summary>
    /// Stops the server if this process started it, <see cref="EmbeddedDatabaseOptions.Keep"/> is false and no other client is connected.
    /// Connections of this process count as clients too, so dispose of its data sources first. A second call does nothing.
    /// </summary>
    /// <returns>True when this call stopped the server.</returns>
    /// <exception cref="EmbeddedDatabaseException">The server does not stop.</exception>
    public async Task<bool> StopAsync()
    {
        if (Interlocked.Exchange(ref _session, null) is not { } started)
        {
            return false;
        }

        await started.DisposeAsync();
        if (!StartedHere || _options.Keep)
        {
            return false;
        }

        NpgsqlConnection.ClearAllPools();
        await using var session = await Session.TryOpenAsync(_options, surelyOurs: false, CancellationToken.None);
        if (session is null || session.Server != started.Server)
        {
            return false; // it was stopped, or another process has restarted it and owns it now
        }

        if (!await session.TryLockUnusedAsync())
        {
            _progress("The embedded database keeps running: other clients are connected to it");
            return false;
        }

        await RunScriptAsync(_options, _progress, ["stop"], CancellationToken.None);
        return true;
    }

    /// <summary>The same as <see cref="StopAsync"/>.</summary>
    public async ValueTask DisposeAsync() => await StopAsync();

    private static NpgsqlConnectionStringBuilder ConnectionString(EmbeddedDatabaseOptions options, int port, string database) =>
        new()
        {
            Host = "127.0.0.1",
            Port = port,
            Username = "postgres",
            Password = options.Password,
            Database = database,
            SslMode = SslMode.Disable,
            GssEncryptionMode = GssEncryptionMode.Disable,
        };

    /// <summary>Runs <c>postgres.sh</c> and returns the last line of its output.</summary>
    private static async Task<string?> RunScriptAsync(
        EmbeddedDatabaseOptions options,
        Action<string> progress,
        string[] arguments,
        CancellationToken cancellationToken
    )
    {
        var script = Path.Combine(AppContext.BaseDirectory, "Database", "postgres.sh");
        var start = new ProcessStartInfo("bash", [script, .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["FLUXION_DATABASE_HOME"] = options.Home;
        start.Environment["FLUXION_DATABASE_DATA"] = options.DataDirectory;
        start.Environment["FLUXION_DATABASE_PASSWORD"] = options.Password;
        start.Environment["FLUXION_DEBIAN_MIRROR"] = options.Mirror;

        using var process = new Process { StartInfo = start };
        try
        {
            process.Start();
        }
        catch (Win32Exception missing)
        {
            throw new EmbeddedDatabaseException("the program bash is missing on this machine", missing);
        }

        // On SIGTERM the script undoes an incomplete step, and then exits.
        using var ending = cancellationToken.Register(() => _ = process.HasExited ? 0 : kill(process.Id, SignalTerminate));
        var errors = process.StandardError.ReadToEndAsync(CancellationToken.None);
        string? last = null;
        while (await process.StandardOutput.ReadLineAsync(CancellationToken.None) is { } line)
        {
            progress(last = line);
        }

        var reason = (await errors).Trim();
        await process.WaitForExitAsync(CancellationToken.None);
        if (process.ExitCode == 0)
        {
            return last;
        }

        cancellationToken.ThrowIfCancellationRequested();
        const string Prefix = "error: ";
        var says = reason.IndexOf(Prefix, StringComparison.Ordinal);
        throw new EmbeddedDatabaseException(
            says >= 0 ? reason[(says + Prefix.Length)..]
            : reason.Length > 0 ? reason
            : $"{script} ended with code {process.ExitCode.ToString(CultureInfo.InvariantCulture)}"
        );
    }

    [DllImport("libc")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int kill(int process, int signal);

    /// <summary>A connection to the server of the data directory, never to another server that listens on its port.</summary>
    /// <param name="Connection">The open connection, which is not pooled.</param>
    /// <param name="Server">
    /// The identity of the server's run: process, data directory, start time and port in <c>postmaster.pid</c>.
    /// </param>
    /// <param name="Port">The TCP port of the server.</param>
    private sealed record Session(NpgsqlConnection Connection, string Server, int Port) : IAsyncDisposable
    {
        private const int PidFileLines = 4;

        /// <returns>The session; <see langword="null"/> when the server does not run, does not answer or is about to stop.</returns>
        /// <param name="options">The data directory and the password.</param>
        /// <param name="surelyOurs">True when the server is known to run, so that a refused password is an error.</param>
        /// <param name="cancellationToken">Cancels the attempt.</param>
        public static async Task<Session?> TryOpenAsync(
            EmbeddedDatabaseOptions options,
            bool surelyOurs,
            CancellationToken cancellationToken
        )
        {
            string server;
            try
            {
                server = Identity(await File.ReadAllTextAsync(Path.Combine(options.DataDirectory, "postmaster.pid"), cancellationToken));
            }
            catch (Exception absent) when (absent is IOException or UnauthorizedAccessException)
            {
                return null;
            }

            if (!ushort.TryParse(server.Split('\n')[^1], CultureInfo.InvariantCulture, out var port) || port == 0)
            {
                return null; // the file is incomplete
            }

            var settings = ConnectionString(options, port, "postgres");
            settings.Pooling = false;
            settings.Timeout = ConnectTimeoutSeconds;
            settings.ApplicationName = "fluxion-host";
            var connection = new NpgsqlConnection(settings.ConnectionString);
            var accepted = false;
            try
            {
                await connection.OpenAsync(cancellationToken);
                await using var pidFile = new NpgsqlCommand("select pg_read_file('postmaster.pid')", connection);
                accepted =
                    await AdvisoryLocks.TryAcquireSharedForSession(connection, InUseLock, cancellationToken)
                    && Identity((string)(await pidFile.ExecuteScalarAsync(cancellationToken))!) == server;
            }
            catch (PostgresException refused) when (surelyOurs && refused.SqlState == PostgresErrorCodes.InvalidPassword)
            {
                throw new EmbeddedDatabaseException(
                    $"the database in {options.DataDirectory} was created with another password; set FLUXION_DATABASE_PASSWORD "
                        + "to that one, or FLUXION_DATABASE_DATA to a new folder",
                    refused
                );
            }
            catch (NpgsqlException)
            {
                // not running, starting, stopping, or another program listens on its port
            }
            finally
            {
                if (!accepted)
                {
                    await connection.DisposeAsync();
                }
            }

            return accepted ? new Session(connection, server, port) : null;
        }

        /// <summary>Whether no other client uses the server. If so, no host can begin to use it while this session lasts.</summary>
        public async Task<bool> TryLockUnusedAsync()
        {
            await using var isUnused = new NpgsqlCommand(
                "select not exists (select from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid())",
                Connection
            );
            try
            {
                await AdvisoryLocks.ReleaseShared(Connection, InUseLock, CancellationToken.None);
                for (var attempt = 0; attempt < UnusedAttempts; attempt++)
                {
                    if (
                        await AdvisoryLocks.TryAcquireForSession(Connection, InUseLock, CancellationToken.None)
                        && await isUnused.ExecuteScalarAsync() is true
                    )
                    {
                        return true;
                    }

                    await Task.Delay(BetweenAttempts); // closed connections take a moment to disappear
                }
            }
            catch (NpgsqlException)
            {
                // the server has just stopped
            }

            return false;
        }

        public ValueTask DisposeAsync() => Connection.DisposeAsync();

        private static string Identity(string pidFile) => string.Join('\n', pidFile.Split('\n').Take(PidFileLines));
    }
}
