using Fluxion.Tests.Host;

namespace Fluxion.Tests.Schema;

public sealed class SchemaPageTests(LedgerHost host)
{
    /// <summary>When this variable is true, the test writes the page instead of comparing it.</summary>
    private const string Rewrite = "FLUXION_WRITE_SCHEMA_PAGE";

    [Fact]
    public async Task the_schema_page_matches_a_migrated_tenant()
    {
        var (ct, path) = (TestContext.Current.CancellationToken, Path.Combine(Repository.Root, "docs", "schema.md"));
        await using var superuser = await host.OpenSuperuser();
        var page = await SchemaPage.Write(superuser);
        if (Environment.GetEnvironmentVariable(Rewrite) == "true")
            await File.WriteAllTextAsync(path, page, ct);
        (await File.ReadAllTextAsync(path, ct)).ShouldBe(page, $"{path} is out of date: run this test with {Rewrite}=true");
    }
}
