using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Fluxion.Host.Database;
using Fluxion.Ledger.Tenancy;
using Fluxion.Tests.Host;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Fluxion.Tests.Schema;

/// <summary>Tests of the files in schema/, and of the migration of schemas of each age.</summary>
public sealed partial class SchemaScriptsTests(LedgerHost host)
{
    private SchemaScripts Scripts => host.Services.GetRequiredService<SchemaScripts>();

    private NpgsqlDataSource Owner => host.Services.GetRequiredService<Databases>().RequireOwner();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("tenant", "scripts_of_tenant")]
    [InlineData("shared", "scripts_of_shared")]
    public async Task a_new_schema_and_one_migrated_from_the_first_script_are_equal(string set, string name)
    {
        var tenantId = Guid.CreateVersion7();
        await using var superuser = await host.OpenSuperuser();
        string[] schemas = [$"{name}_new", $"{name}_old"];
        try
        {
            await OldSchema.Create(superuser, schemas[1]);
            foreach (var schema in schemas)
                await Scripts.Migrate(Owner, set, schema, tenantId, Ct);

            var described = await PostgresCatalog.Describe(superuser, schemas[0], tenantId);
            described.Count.ShouldBeGreaterThan(100);
            // a registry may hold invalid rows from before the check, so its check stays not valid
            (await PostgresCatalog.Describe(superuser, schemas[1], tenantId))
                .Select(line => set == "shared" ? line.Replace(" NOT VALID", "", StringComparison.Ordinal) : line)
                .ShouldBe(described);
            // and no script is left to run in either schema
            foreach (var schema in schemas)
                (await Scripts.Migrate(Owner, set, schema, tenantId, Ct)).ShouldBeEmpty();
        }
        finally
        {
            foreach (var schema in schemas)
                await OldSchema.Drop(superuser, schema);
        }
    }

    [Fact]
    public async Task a_schema_at_the_last_numbered_script_gets_newer_objects_and_keeps_its_rows()
    {
        var (schema, tenantId) = ("scripts_at_last", Guid.CreateVersion7());
        await using var superuser = await host.OpenSuperuser();
        try
        {
            await OldSchema.Create(superuser, schema);
            await OldSchema.RunHistory(superuser, "tenant", schema, tenantId);
            await superuser.Execute(
                $"insert into {schema}.stores (id, code, name, type) values (gen_random_uuid(), 'S1', 'A store', 'store')"
            );

            var ran = await Scripts.Migrate(Owner, "tenant", schema, tenantId, Ct);

            ran.ShouldNotContain(script => script.StartsWith('0'));
            ran.ShouldContain("migrations/0001-replays_policy.sql");
            (await superuser.Column<string>($"select scriptname from {schema}.schema_versions")).ShouldBe(
                Scripts.Names("tenant"),
                ignoreOrder: true
            );
            (await superuser.Column<string>($"select code from {schema}.stores")).ShouldBe(["S1"]);
        }
        finally
        {
            await OldSchema.Drop(superuser, schema);
        }
    }

    [Fact]
    public async Task views_functions_and_table_comments_run_again_when_their_text_changes()
    {
        var (schema, tenantId) = ("scripts_changed", Guid.CreateVersion7());
        var folder = Directory.CreateTempSubdirectory();
        await using var superuser = await host.OpenSuperuser();
        try
        {
            foreach (var (path, sql) in Scripts.All())
            {
                Directory.CreateDirectory(Path.Combine(folder.FullName, Path.GetDirectoryName(path)!));
                await File.WriteAllBytesAsync(Path.Combine(folder.FullName, path), sql, Ct);
            }
            var changed = new SchemaScripts(folder.FullName);
            async Task<string[]> Change(string from, string to)
            {
                foreach (var file in (string[])["views/store_zones.sql", "functions/last_before.sql", "tables/stores.sql"])
                {
                    var path = Path.Combine(folder.FullName, "tenant", file);
                    var text = await File.ReadAllTextAsync(path, Ct);
                    await File.WriteAllTextAsync(path, text.Replace(from, to, StringComparison.Ordinal), Ct);
                }
                return [.. (await changed.Migrate(Owner, "tenant", schema, tenantId, Ct)).Select(name => name.Split(' ')[0])];
            }
            Task<List<string>> Comments() =>
                superuser.Column<string>(
                    $"select obj_description(('{schema}.' || o)::regclass, 'pg_class') from unnest(array['store_zones', 'stores']) o"
                );
            await changed.Migrate(Owner, "tenant", schema, tenantId, Ct);
            var before = await Comments();

            (await Change(" is\n    '", " is\n    'Newly: ")).ShouldBe(
                ["tables/stores.sql", "views/store_zones.sql", "functions/last_before.sql"],
                ignoreOrder: true
            );
            (await Comments()).ShouldBe(before.Select(comment => $"Newly: {comment}"));
            (await Change("Newly: ", "Newly: ")).ShouldBeEmpty();
            (await Change("Newly: ", "")).Length.ShouldBe(3);
            (await Comments()).ShouldBe(before);
        }
        finally
        {
            folder.Delete(recursive: true);
            await OldSchema.Drop(superuser, schema);
        }
    }

    [Fact]
    public async Task no_policy_reads_the_session_settings_for_each_row()
    {
        await using var superuser = await host.OpenSuperuser();
        // the policies of Marten's tables compare no column, so PostgreSQL evaluates them once
        (
            await superuser.Column<string>(
                """
                select format('%s on %I.%I', policyname, schemaname, tablename) from pg_policies
                where schemaname in (select schema_name from shared.tenants union values ('shared'), ('template'))
                  and tablename not like 'mt\_%'
                  and regexp_count(concat(qual, with_check), 'current_setting\(') <> regexp_count(concat(qual, with_check), 'SELECT')
                """
            )
        ).ShouldBeEmpty();
    }

    [Fact]
    public void every_schema_file_begins_with_its_reason_and_defines_one_object_of_its_name()
    {
        foreach (var (path, sql) in Scripts.All().Where(file => Current().IsMatch(file.Path)))
        {
            var text = Encoding.UTF8.GetString(sql);
            text.ShouldStartWith("-- Why: ", customMessage: path);
            if (Path.GetFileName(Path.GetDirectoryName(path)) is "migrations" or "tenant" or "shared")
                continue;
            Created().Matches(text).Select(match => match.Groups[1].Value).ShouldBe([Path.GetFileNameWithoutExtension(path)], path);
        }
    }

    [Theory]
    [InlineData("tenant")]
    [InlineData("shared")]
    public void migrations_are_numbered_without_gaps(string set)
    {
        var numbers = Directory
            .EnumerateFiles(Path.Combine(DatabaseInitialization.SchemaFolder, set, "migrations"))
            .Select(Path.GetFileName)
            .Order(StringComparer.Ordinal)
            .Select(name => int.Parse(name!.Split('-')[0], CultureInfo.InvariantCulture))
            .ToList();
        numbers.ShouldBe(Enumerable.Range(1, numbers.Count));
    }

    [Fact]
    public void released_scripts_are_never_edited()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var (path, sql) in Scripts.All().Where(file => file.Path.Contains("/history/", StringComparison.Ordinal)))
            hash.AppendData([.. Encoding.UTF8.GetBytes(path), .. sql]);
        Convert
            .ToHexStringLower(hash.GetHashAndReset())
            .ShouldBe(
                "c8ddb722b5f63ef57ea53978dd14976c2f2acc9e6c5e51dc209ad4026352fe70",
                "a change belongs into a new script in migrations/"
            );
    }

    [GeneratedRegex(@"^(tenant|shared)/(schema\.sql$|(?!history/))")]
    private static partial Regex Current();

    [GeneratedRegex(@"^create (?:or replace )?(?:table|view|function|procedure|aggregate) \$schema\$\.(\w+)", RegexOptions.Multiline)]
    private static partial Regex Created();
}
