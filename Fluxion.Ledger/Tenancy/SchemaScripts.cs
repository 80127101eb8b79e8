using DbUp.Engine;
using DbUp.Engine.Output;
using DbUp.Helpers;
using DbUp.Postgresql;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Fluxion.Ledger.Tenancy;

/// <summary>Runs the numbered scripts of a folder below <c>schema/</c> in one schema, each once and in order.</summary>
/// <param name="folder">The folder <c>schema</c>.</param>
public sealed class SchemaScripts(string folder, ILogger<SchemaScripts> logger)
{
    private const string Journal = "schema_versions";

    /// <summary>
    /// While DDL waits for a table that somebody reads, everybody else waits behind it: it gives up before their requests do,
    /// and is tried again.
    /// </summary>
    private const string LockTimeout = "5s";

    /// <summary>The scripts that have not run in <paramref name="schema"/> yet, in one transaction; what ran is kept in its table schema_versions.</summary>
    /// <returns>The names of the scripts that ran.</returns>
    /// <exception cref="SchemaScriptException">A script failed; none of them took effect.</exception>
    public IReadOnlyList<string> RunOnce(NpgsqlDataSource owner, string set, string schema, Guid tenantId) =>
        Run(owner, set, schema, tenantId, always: false);

    /// <summary>The scripts of a set that is idempotent, every time: grants on tables that Marten made.</summary>
    /// <exception cref="SchemaScriptException">A script failed; none of them took effect.</exception>
    public void RunAlways(NpgsqlDataSource owner, string set, string schema, Guid tenantId) => Run(owner, set, schema, tenantId, always: true);

    /// <summary>All scripts of all sets, in order: each one's path below the folder, and what it says.</summary>
    public IEnumerable<(string Path, byte[] Sql)> All() => Directory.EnumerateFiles(folder, "*.sql", SearchOption.AllDirectories)
        .Order(StringComparer.Ordinal).Select(file => (Path.GetRelativePath(folder, file), File.ReadAllBytes(file)));

    /// <summary>The names of the scripts of a set, in order, as schema_versions keeps them.</summary>
    public string[] Names(string set) => [.. Directory.EnumerateFiles(Path.Combine(folder, set), "*.sql").Select(file => Path.GetFileName(file)).Order(StringComparer.Ordinal)];

    private List<string> Run(NpgsqlDataSource owner, string set, string schema, Guid tenantId, bool always)
    {
        var builder = PostgresqlExtensions.PostgresqlDatabase(new PostgresqlConnectionManager(owner), schema)
            .WithScriptsFromFileSystem(Path.Combine(folder, set))
            .WithVariable("schema", schema)
            .WithVariable("tenant_id", tenantId.ToString())
            .WithPreprocessor(new Settings())
            .WithTransaction()
            .WithExecutionTimeout(TimeSpan.FromMinutes(5))
            .LogTo(new Log(logger, schema));
        builder = always ? builder.JournalTo(new NullJournal()) : builder.JournalToPostgresqlTable(schema, Journal);
        var result = builder.Build().PerformUpgrade();
        return result.Successful
            ? [.. result.Scripts.Select(s => s.Name)]
            : throw new SchemaScriptException(schema, result.ErrorScript, result.Error);
    }

    /// <summary>
    /// What holds for each script. TimescaleDB refuses a statement that decompresses more than 100,000 rows: a script that changes old rows
    /// of a hypertable may have to (docs/compression.md).
    /// </summary>
    private sealed class Settings : IScriptPreprocessor
    {
        public string Process(string contents) =>
            $"set local lock_timeout = '{LockTimeout}'; set local timescaledb.max_tuples_decompressed_per_dml_transaction = 0;\n{contents}";
    }

    private sealed class Log(ILogger logger, string schema) : IUpgradeLog
    {
        public void LogTrace(string format, params object[] args) => Write(LogLevel.Trace, format, args);
        public void LogDebug(string format, params object[] args) => Write(LogLevel.Debug, format, args);
        public void LogInformation(string format, params object[] args) => Write(LogLevel.Debug, format, args);
        public void LogWarning(string format, params object[] args) => Write(LogLevel.Debug, format, args);
        // a failure is thrown as well, and whoever catches it says it once
        public void LogError(string format, params object[] args) => Write(LogLevel.Debug, format, args);
        public void LogError(Exception ex, string format, params object[] args) => Write(LogLevel.Debug, format, args);

        private void Write(LogLevel level, string format, object[] args) => logger.Log(level, "Schema {Schema}: {Message}", schema,
            args.Length == 0 ? format : string.Format(System.Globalization.CultureInfo.InvariantCulture, format, args));
    }
}

/// <summary>A script of schema/ failed.</summary>
public sealed class SchemaScriptException(string schema, SqlScript? script, Exception cause)
    : Exception($"The script {script?.Name ?? "journal"} failed in the schema {schema}: {cause.Message}", cause);
