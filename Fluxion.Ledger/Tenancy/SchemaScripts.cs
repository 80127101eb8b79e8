using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Npgsql;

namespace Fluxion.Ledger.Tenancy;

/// <summary>
/// Migrates schemas to the definition in <c>schema/shared</c> and <c>schema/tenant</c>. Each file there defines one object, in
/// <c>tables</c>, <c>views</c> or <c>functions</c>. A new schema is created from those files. An existing schema first gets the numbered
/// scripts that it lacks, then each view, function and table comment whose text changed. <c>schema_versions</c> in each schema is the
/// journal of executed scripts.
/// </summary>
/// <remarks>
/// <c>history</c> contains the numbered scripts of the versions before these files, for schemas older than the last of them.
/// <c>migrations</c> contains the numbered scripts since then. The journal of a new schema lists all of them, because its tables include
/// them.
/// </remarks>
/// <param name="folder">The folder <c>schema</c>.</param>
public sealed partial class SchemaScripts(string folder)
{
    private const string Journal = "schema_versions";

    private static readonly string[] Kinds = ["tables", "views", "functions"];

    /// <summary>
    /// Timeout of DDL for a lock. While DDL waits for a table that somebody reads, all later requests queue behind it. So it gives up
    /// before their requests time out, and is retried.
    /// </summary>
    private const string LockTimeout = "5s";

    private const int StatementSeconds = 300;

    /// <param name="Name">The name of the script in the journal.</param>
    private sealed record Script(string Name, string Sql);

    /// <summary>
    /// A file that defines one object. Its journal name is its path with a hash of its text, so each version has its own name.
    /// </summary>
    private sealed record SchemaObject(string Path, string Sql)
    {
        public string Name { get; } = $"{Path} {Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Sql)))[..16]}";

        public bool IsTable => Path.StartsWith("tables/", StringComparison.Ordinal);

        /// <summary>The repeatable part: an entire view or function, or the comments of a table.</summary>
        public Script Repeatable => new(Name, IsTable ? string.Concat(Comment().Matches(Sql)) : Sql);
    }

    /// <summary>Migrates a schema to the current definition, in one transaction.</summary>
    /// <param name="set">The set of scripts: shared or tenant.</param>
    /// <returns>The names of the executed scripts.</returns>
    /// <exception cref="SchemaScriptException">A script failed; the transaction is rolled back.</exception>
    public Task<string[]> Migrate(NpgsqlDataSource owner, string set, string schema, Guid tenantId, CancellationToken ct) =>
        InTransaction(
            owner,
            schema,
            tenantId,
            async run =>
            {
                var objects = Objects(set);
                if (await Executed(run.Connection, schema, ct) is not { } executed)
                {
                    await run.All([Read(set, "schema.sql"), .. objects.Select(o => new Script(o.Name, o.Sql))], ct);
                    await run.Execute(
                        $"""
                        create table {schema}.{Journal} (
                            schemaversionsid serial not null,
                            scriptname varchar(255) not null,
                            applied timestamp not null,
                            constraint "PK_{Journal}_Id" primary key (schemaversionsid))
                        """,
                        ct
                    );
                    return Names(set);
                }
                Script[] numbered = [.. Numbered(set).Where(s => !executed.Contains(s.Name))];
                await run.All(numbered, ct);
                // a numbered script may have dropped or replaced an object, so all are recreated
                var latest = executed.ToLookup(PathOf).Select(forms => forms.Last()).ToHashSet();
                Script[] changed = [.. objects.Where(o => numbered.Length > 0 || !latest.Contains(o.Name)).Select(o => o.Repeatable)];
                await run.All(changed, ct);
                return [.. numbered.Concat(changed).Select(s => s.Name)];
            },
            ct
        );

    /// <summary>
    /// Runs the scripts of an idempotent set in one transaction, at every migration: grants on tables that a library created.
    /// </summary>
    /// <param name="set">The set of scripts: marten or wolverine.</param>
    /// <exception cref="SchemaScriptException">A script failed; the transaction is rolled back.</exception>
    public Task Run(NpgsqlDataSource owner, string set, string schema, Guid tenantId, CancellationToken ct) =>
        InTransaction(
            owner,
            schema,
            tenantId,
            async run =>
            {
                await run.All(Files(set, ".").Select(path => Read(set, path)), ct);
                return [];
            },
            ct
        );

    /// <summary>All files of all sets in order, each with its path below the folder and its content.</summary>
    public IEnumerable<(string Path, byte[] Sql)> All() =>
        Directory
            .EnumerateFiles(folder, "*.sql", SearchOption.AllDirectories)
            .Order(StringComparer.Ordinal)
            .Select(file => (Path.GetRelativePath(folder, file), File.ReadAllBytes(file)));

    /// <summary>The journal entries of a schema that is up to date.</summary>
    public string[] Names(string set) => [.. Numbered(set).Select(s => s.Name), .. Objects(set).Select(o => o.Name)];

    private IEnumerable<Script> Numbered(string set) =>
        [
            // old journals contain the released names, without a folder
            .. Files(set, "history").Select(path => Read(set, path) with { Name = Path.GetFileName(path) }),
            .. Files(set, "migrations").Select(path => Read(set, path)),
        ];

    /// <summary>The objects of a set, each after the objects that its text refers to.</summary>
    private List<SchemaObject> Objects(string set)
    {
        var files = Kinds
            .SelectMany(kind => Files(set, kind))
            .ToDictionary(path => Path.GetFileNameWithoutExtension(path), path => new SchemaObject(path, Read(set, path).Sql));
        var (ordered, seen) = (new List<SchemaObject>(), new HashSet<string>());
        void Add(string name)
        {
            if (!files.TryGetValue(name, out var file) || !seen.Add(name))
                return;
            foreach (Match reference in Reference().Matches(file.Sql))
                Add(reference.Groups[1].Value);
            ordered.Add(file);
        }
        foreach (var name in files.Keys)
            Add(name);
        return ordered;
    }

    private IEnumerable<string> Files(string set, string kind)
    {
        var root = Path.Combine(folder, set);
        var directory = Path.Combine(root, kind);
        return Directory.Exists(directory)
            ? Directory.EnumerateFiles(directory, "*.sql").Select(file => Path.GetRelativePath(root, file)).Order(StringComparer.Ordinal)
            : [];
    }

    private Script Read(string set, string path) => new(path, File.ReadAllText(Path.Combine(folder, set, path)));

    private static string PathOf(string name) => name.Split(' ')[0];

    /// <summary>The journal of a schema, oldest entry first; null when the schema or its journal does not exist.</summary>
    private static async Task<List<string>?> Executed(NpgsqlConnection connection, string schema, CancellationToken ct)
    {
        await using var exists = new NpgsqlCommand($"select to_regclass('{schema}.{Journal}') is not null", connection);
        if (!(bool)(await exists.ExecuteScalarAsync(ct))!)
            return null;
        var names = new List<string>();
        await using var command = new NpgsqlCommand($"select scriptname from {schema}.{Journal} order by schemaversionsid", connection);
        await using var reader = await command.ExecuteReaderAsync(ct);
        while (await reader.ReadAsync(ct))
            names.Add(reader.GetString(0));
        return names;
    }

    /// <param name="scripts">The function that runs the scripts and returns the names to record in the journal.</param>
    private static async Task<string[]> InTransaction(
        NpgsqlDataSource owner,
        string schema,
        Guid tenantId,
        Func<Runner, Task<string[]>> scripts,
        CancellationToken ct
    )
    {
        await using var connection = await owner.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        var run = new Runner(connection, schema, tenantId);
        // TimescaleDB refuses a statement that decompresses more than 100,000 rows. A script that changes old rows of a hypertable may
        // need more (docs/compression.md), so the limit is lifted
        await run.Execute(
            $"set local lock_timeout = '{LockTimeout}'; set local timescaledb.max_tuples_decompressed_per_dml_transaction = 0",
            ct
        );
        try
        {
            var ran = await scripts(run);
            if (ran.Length > 0)
            {
                await using var keep = new NpgsqlCommand(
                    $"insert into {schema}.{Journal} (scriptname, applied) select unnest($1), now() at time zone 'UTC'",
                    connection
                )
                {
                    Parameters = { new() { Value = ran } },
                };
                await keep.ExecuteNonQueryAsync(ct);
            }
            await transaction.CommitAsync(ct);
            return ran;
        }
        catch (NpgsqlException e)
        {
            throw new SchemaScriptException(schema, Journal, e);
        }
    }

    private sealed record Runner(NpgsqlConnection Connection, string Schema, Guid TenantId)
    {
        public async Task All(IEnumerable<Script> scripts, CancellationToken ct)
        {
            foreach (var script in scripts)
            {
                try
                {
                    await Execute(
                        script
                            .Sql.Replace("$schema$", Schema, StringComparison.Ordinal)
                            .Replace("$tenant_id$", TenantId.ToString(), StringComparison.Ordinal),
                        ct
                    );
                }
                catch (NpgsqlException e)
                {
                    throw new SchemaScriptException(Schema, script.Name, e);
                }
            }
        }

        public async Task Execute(string sql, CancellationToken ct)
        {
            await using var command = new NpgsqlCommand(sql, Connection) { CommandTimeout = StatementSeconds };
            await command.ExecuteNonQueryAsync(ct);
        }
    }

    [GeneratedRegex(@"\$schema\$\.(\w+)")]
    private static partial Regex Reference();

    /// <summary>A <c>comment on</c> statement; its text may continue on the next lines.</summary>
    [GeneratedRegex(@"^comment on [^']*(?:'[^']*'\s*)+;\n?", RegexOptions.Multiline)]
    private static partial Regex Comment();
}

/// <summary>A script of schema/ failed.</summary>
public sealed class SchemaScriptException(string schema, string script, Exception cause)
    : Exception($"The script {script} failed in the schema {schema}: {cause.Message}", cause);
