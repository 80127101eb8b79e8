using System.Security.Cryptography;
using System.Text;
using Npgsql;

namespace Fluxion.Ledger.Tenancy;

/// <summary>
/// Which schemas are up to date, as shared.schema_fingerprints knows: the fingerprint is of all scripts and of the builds of all loaded
/// libraries that make tables, so that a start without news looks at no schema.
/// </summary>
public sealed class SchemaFingerprints(Databases databases, SchemaScripts scripts)
{
    private static readonly string[] MakersOfTables = ["Fluxion.Ledger", "Fluxion.Projections", "Marten", "Weasel.Postgresql", "Wolverine", "Wolverine.Postgresql"];

    private readonly Lazy<string> _fingerprint = new(() =>
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var assembly in AppDomain.CurrentDomain.GetAssemblies().Where(a => MakersOfTables.Contains(a.GetName().Name)).OrderBy(a => a.FullName, StringComparer.Ordinal))
            hash.AppendData(assembly.ManifestModule.ModuleVersionId.ToByteArray());
        foreach (var (path, sql) in scripts.All())
            hash.AppendData([.. Encoding.UTF8.GetBytes(path), 0, .. sql]);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    });

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
    public async Task Record(string schema, CancellationToken ct)
    {
        await using var command = databases.RequireOwner().CreateCommand("""
            insert into shared.schema_fingerprints (schema_name, fingerprint) values ($1, $2)
            on conflict (schema_name) do update set fingerprint = excluded.fingerprint
            """);
        command.Parameters.Add(new() { Value = schema });
        command.Parameters.Add(new() { Value = _fingerprint.Value });
        await command.ExecuteNonQueryAsync(ct);
    }
}
