using System.Text;
using Fluxion.Host.Database;
using Fluxion.Tests.Host;
using Npgsql;

namespace Fluxion.Tests.Schema;

/// <summary>A schema of the versions before schema/ had one file for each object.</summary>
public static class OldSchema
{
    /// <summary>An empty schema with a journal, in which no script has run.</summary>
    public static Task Create(NpgsqlConnection superuser, string schema) =>
        superuser.Execute(
            $"""
            create schema {schema};
            create table {schema}.schema_versions (
                schemaversionsid serial not null, scriptname varchar(255) not null, applied timestamp not null,
                constraint "PK_schema_versions_Id" primary key (schemaversionsid));
            alter schema {schema} owner to fluxion_owner;
            alter table {schema}.schema_versions owner to fluxion_owner
            """
        );

    /// <summary>Runs the released scripts as the version of that time did, and none of today's files.</summary>
    public static async Task RunHistory(NpgsqlConnection superuser, string set, string schema, Guid tenantId)
    {
        await superuser.Execute("set role fluxion_owner");
        var history = Path.Combine(DatabaseInitialization.SchemaFolder, set, "history");
        foreach (var file in Directory.EnumerateFiles(history).Order(StringComparer.Ordinal))
        {
            var sql = await File.ReadAllTextAsync(file, Encoding.UTF8);
            await superuser.Execute(
                sql.Replace("$schema$", schema, StringComparison.Ordinal)
                    .Replace("$tenant_id$", tenantId.ToString(), StringComparison.Ordinal)
            );
            await superuser.Execute(
                $"insert into {schema}.schema_versions (scriptname, applied) values ('{Path.GetFileName(file)}', now())"
            );
        }
        await superuser.Execute("reset role");
    }

    public static Task Drop(NpgsqlConnection superuser, string schema) =>
        superuser.Execute(
            $"""
            set client_min_messages = warning;
            drop schema if exists {schema} cascade;
            drop role if exists {schema}_analyst
            """
        );
}
