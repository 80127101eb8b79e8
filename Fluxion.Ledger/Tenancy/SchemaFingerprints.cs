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
