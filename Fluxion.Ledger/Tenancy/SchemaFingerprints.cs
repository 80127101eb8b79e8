using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using Npgsql;

namespace Fluxion.Ledger.Tenancy;

/// <summary>
/// Which schemas are up to date, as shared.schema_fingerprints knows: the fingerprint is of all scripts and of the builds of all
/// libraries that make tables, so that a start without news looks at no schema.
/// </summary>
public sealed class SchemaFingerprints(Databases databases, SchemaScripts scripts)
{
    private static readonly string[] MakersOfTables = ["Fluxion.Ledger", "Fluxion.Projections", "Marten", "Weasel.Postgresql", "Wolverine", "Wolverine.Postgresql"];

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
        await using var command = databases.RequireOwner().CreateCommand("select schema_name from shared.schema_fingerprints where fingerprint = $1");
        command.Parameters.Add(new() { Value = _fingerprint.Value });
        try
        {
            await using var reader = await command.ExecuteReaderAsync(ct);
            while (await reader.ReadAsync(ct)) schemas.Add(reader.GetString(0));
        }
        catch (PostgresException e) when (e.SqlState is PostgresErrorCodes.UndefinedTable or PostgresErrorCodes.InvalidSchemaName)
        {
            // an empty database, or one from before there were fingerprints
        }
        return schemas;
    }

    /// <summary>Keeps that <paramref name="schema"/> has just been brought up to date.</summary>
    public Task Record(string schema, CancellationToken ct) => Execute("""
        with repaired as (delete from shared.failed_migrations where schema_name = $1)
        insert into shared.schema_fingerprints (schema_name, fingerprint) values ($1, $2)
        on conflict (schema_name) do update set fingerprint = excluded.fingerprint
        """, ct, schema, _fingerprint.Value);

    /// <summary>Whether Marten's tables in <paramref name="schema"/> were made by the DDL <paramref name="ddl"/>.</summary>
    public async Task<bool> AreMade(string schema, string ddl, CancellationToken ct)
    {
        await using var command = databases.RequireOwner().CreateCommand("select exists (select from shared.schema_fingerprints where schema_name = $1 and marten = $2)");
        command.Parameters.Add(new() { Value = schema });
        command.Parameters.Add(new() { Value = Hash(ddl) });
        return (bool)(await command.ExecuteScalarAsync(ct))!;
    }

    /// <summary>Keeps that Marten's tables in <paramref name="schema"/> have just been made by <paramref name="ddl"/>; the rest may still fail.</summary>
    public Task RecordMade(string schema, string ddl, CancellationToken ct) => Execute("""
        insert into shared.schema_fingerprints (schema_name, fingerprint, marten) values ($1, '', $2)
        on conflict (schema_name) do update set marten = excluded.marten
        """, ct, schema, Hash(ddl));

    private static string Hash(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    /// <summary>Keeps why <paramref name="schema"/> could not be brought up to date: hosts of this build do not serve its tenant.</summary>
    public Task RecordFailure(string schema, string reason, CancellationToken ct) => Execute("""
        insert into shared.failed_migrations (schema_name, fingerprint, reason) values ($1, $2, $3)
        on conflict (schema_name) do update set fingerprint = excluded.fingerprint, reason = excluded.reason
        """, ct, schema, _fingerprint.Value, reason);

    private async Task Execute(string sql, CancellationToken ct, params string[] values)
    {
        await using var command = databases.RequireOwner().CreateCommand(sql);
        foreach (var value in values) command.Parameters.Add(new() { Value = value });
        await command.ExecuteNonQueryAsync(ct);
    }
}
