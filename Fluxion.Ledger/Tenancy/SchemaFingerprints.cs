using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using Npgsql;

namespace Fluxion.Ledger.Tenancy;

/// <summary>
/// Records in shared.schema_fingerprints which schemas are up to date. The fingerprint covers all scripts and the builds of all libraries
/// that create tables. So a start without changes inspects no schema.
/// </summary>
public sealed class SchemaFingerprints(Databases databases, SchemaScripts scripts)
{
    private static readonly string[] MakersOfTables =
    [
        "Fluxion.Ledger",
        "Fluxion.Projections",
        "Marten",
        "Weasel.Postgresql",
        "Wolverine",
        "Wolverine.Postgresql",
    ];

    private readonly Lazy<string> _fingerprint = new(() =>
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var name in MakersOfTables)
            hash.AppendData(Assembly.Load(name).ManifestModule.ModuleVersionId.ToByteArray());
        foreach (var (path, sql) in scripts.All())
            hash.AppendData([.. Encoding.UTF8.GetBytes(path), 0, .. sql]);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    });

    /// <summary>The fingerprint of this build.</summary>
    public string OfThisBuild => _fingerprint.Value;

    /// <summary>The schemas that need no migration.</summary>
    public async Task<IReadOnlySet<string>> Current(CancellationToken ct)
    {
        var schemas = new HashSet<string>();
        await using var command = databases
            .RequireOwner()
            .CreateCommand("select schema_name from shared.schema_fingerprints where fingerprint = $1");
        command.Parameters.Add(new() { Value = _fingerprint.Value });
        try
        {
            await using var reader = await command.ExecuteReaderAsync(ct);
            while (await reader.ReadAsync(ct))
                schemas.Add(reader.GetString(0));
        }
        catch (PostgresException e) when (e.SqlState is PostgresErrorCodes.UndefinedTable or PostgresErrorCodes.InvalidSchemaName)
        {
            // an empty database, or one older than the fingerprints
        }
        return schemas;
    }

    /// <summary>Records that <paramref name="schema"/> is up to date, and removes the record of a failed migration.</summary>
    public Task Record(string schema, CancellationToken ct) =>
        Execute(
            """
            with repaired as (delete from shared.failed_migrations where schema_name = $1)
            insert into shared.schema_fingerprints (schema_name, fingerprint) values ($1, $2)
            on conflict (schema_name) do update set fingerprint = excluded.fingerprint
            """,
            ct,
            schema,
            _fingerprint.Value
        );

    /// <summary>Whether the DDL <paramref name="ddl"/> created Marten's tables in <paramref name="schema"/>.</summary>
    public async Task<bool> AreMade(string schema, string ddl, CancellationToken ct)
    {
        await using var command = databases
            .RequireOwner()
            .CreateCommand("select exists (select from shared.schema_fingerprints where schema_name = $1 and marten = $2)");
        command.Parameters.Add(new() { Value = schema });
        command.Parameters.Add(new() { Value = Hash(ddl) });
        return (bool)(await command.ExecuteScalarAsync(ct))!;
    }

    /// <summary>
    /// Records that <paramref name="ddl"/> created Marten's tables in <paramref name="schema"/>; later steps may still fail.
    /// </summary>
    public Task RecordMade(string schema, string ddl, CancellationToken ct) =>
        Execute(
            """
            insert into shared.schema_fingerprints (schema_name, fingerprint, marten) values ($1, '', $2)
            on conflict (schema_name) do update set marten = excluded.marten
            """,
            ct,
            schema,
            Hash(ddl)
        );

    private static string Hash(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    /// <summary>Records why the migration of <paramref name="schema"/> failed. Hosts of this build do not serve its tenant.</summary>
    public Task RecordFailure(string schema, string reason, CancellationToken ct) =>
        Execute(
            """
            insert into shared.failed_migrations (schema_name, fingerprint, reason) values ($1, $2, $3)
            on conflict (schema_name) do update set fingerprint = excluded.fingerprint, reason = excluded.reason
            """,
            ct,
            schema,
            _fingerprint.Value,
            reason
        );

    private async Task Execute(string sql, CancellationToken ct, params string[] values)
    {
        await using var command = databases.RequireOwner().CreateCommand(sql);
        foreach (var value in values)
            command.Parameters.Add(new() { Value = value });
        await command.ExecuteNonQueryAsync(ct);
    }
}
