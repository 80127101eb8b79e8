using System.Reflection;
using System.Text.RegularExpressions;
using Fluxion.Host;
using Fluxion.Ledger;
using Fluxion.Projections.Writing;

namespace Fluxion.Tests.Host;

/// <summary>Tests that documents name only files, headings, types and tests that exist, and that documents stay short.</summary>
public sealed partial class DocumentTests
{
    private static readonly string Root = Repository.Root;

    private static readonly Type[] Types =
    [
        .. ((Type[])[typeof(LedgerModel), typeof(ReadModels), typeof(FluxionHost), typeof(DocumentTests)]).SelectMany(t =>
            t.Assembly.GetTypes()
        ),
    ];

    /// <summary>All documents, each by its path from the root.</summary>
    public static TheoryData<string> Documents =>
        [
            .. Directory
                .GetFiles(Root, "*.md")
                .Concat(Directory.GetFiles(Path.Combine(Root, "docs"), "*.md", SearchOption.AllDirectories))
                .Select(file => Path.GetRelativePath(Root, file))
                .Order(StringComparer.Ordinal),
        ];

    [Theory]
    [MemberData(nameof(Documents))]
    public void every_relative_link_leads_to_a_file_and_a_heading(string document)
    {
        var folder = Path.GetDirectoryName(Path.Combine(Root, document))!;
        var links = Link()
            .Matches(Prose(document))
            .Select(m => m.Groups[1].Value)
            .Where(link => !link.Contains("://", StringComparison.Ordinal));
        links.Where(link => !IsThere(link.Split('#'))).ShouldBeEmpty();

        bool IsThere(string[] link)
        {
            var file = link[0].Length == 0 ? Path.Combine(Root, document) : Path.Combine(folder, link[0]);
            return (File.Exists(file) || Directory.Exists(file)) && (link.Length == 1 || Headings(file).Contains(link[1]));
        }
    }

    [Theory]
    [MemberData(nameof(Documents))]
    public void every_path_in_backticks_exists(string document)
    {
        var top = Directory.GetFileSystemEntries(Root).Select(entry => Path.GetFileName(entry)).ToHashSet();
        var paths = Code(document)
            .Where(code => FilePath().IsMatch(code) && (code.Contains('/') ? top.Contains(code.Split('/')[0]) : IsRootFile(code)));
        paths.Where(path => !Path.Exists(Path.Combine(Root, path))).ShouldBeEmpty();

        static bool IsRootFile(string code) => Path.GetExtension(code) is ".md" or ".yml" or ".props" or ".sln" && !code.StartsWith('*');
    }

    [Theory]
    [MemberData(nameof(Documents))]
    public void every_test_named_in_a_document_exists(string document)
    {
        foreach (var test in Code(document).Select(code => TestName().Match(code)).Where(m => m.Success))
        {
            var type = Types.SingleOrDefault(t => t.Name == test.Groups[1].Value).ShouldNotBeNull($"{test.Value} of {document}");
            if (!test.Groups[2].Success)
                continue;
            var method = type.GetMethod(test.Groups[2].Value).ShouldNotBeNull($"{test.Value} of {document}");
            method.GetCustomAttributes<FactAttribute>().ShouldNotBeEmpty();
        }
    }

    [Fact]
    public void the_glossary_names_types_that_exist()
    {
        var named = Code("docs/glossary.md").Where(code => TypeName().IsMatch(code)).ToList();
        named.Count.ShouldBeGreaterThan(20);
        named.Except(Types.Select(t => t.Name.Split('`')[0])).ShouldBeEmpty();
    }

    [Fact]
    public void architecture_has_a_test_for_each_invariant() =>
        Code("ARCHITECTURE.md").Count(code => TestName().Match(code) is { Success: true } m && m.Groups[2].Success).ShouldBeGreaterThan(15);

    [Theory]
    [InlineData("README.md", 90)]
    [InlineData("ARCHITECTURE.md", 120)]
    public void the_first_pages_are_short(string document, int lines) =>
        File.ReadAllLines(Path.Combine(Root, document)).Length.ShouldBeLessThanOrEqualTo(lines);

    [Fact]
    public void changelog_image_and_compose_file_have_the_same_version()
    {
        var released = Released().Match(Text("CHANGELOG.md")).Groups[1].Value;
        released.ShouldNotBeEmpty();
        Text("Dockerfile").ShouldContain($"\nARG VERSION={released}\n");
        var images = Image().Matches(Text("docker-compose.yml")).Select(m => m.Groups[1].Value).ToList();
        images.Count.ShouldBe(2);
        images.ShouldAllBe(version => version == released);
    }

    [Fact]
    public void a_build_has_a_version_with_or_without_tags()
    {
        var version = typeof(FluxionHost)
            .Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()
            .ShouldNotBeNull()
            .InformationalVersion;
        version.ShouldMatch(@"^[1-9]\d*\.\d+\.\d+(-[0-9a-z.]+)?(\+[0-9a-f]+)?$");
    }

    private static string Text(string document) => File.ReadAllText(Path.Combine(Root, document));

    /// <summary>The document without fenced or indented code blocks.</summary>
    private static string Prose(string document) => IndentedBlock().Replace(FencedBlock().Replace(Text(document), ""), "");

    /// <summary>The texts in backticks.</summary>
    private static IEnumerable<string> Code(string document) => Span().Matches(Prose(document)).Select(m => m.Groups[1].Value);

    /// <summary>The anchors that GitHub generates for a document's headings.</summary>
    private static IEnumerable<string> Headings(string file) =>
        Heading()
            .Matches(FencedBlock().Replace(File.ReadAllText(file), ""))
            .Select(m => NotOfAnAnchor().Replace(m.Groups[1].Value.ToLowerInvariant(), "").Replace(' ', '-'));

    [GeneratedRegex(@"\]\(([^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex("`([^`\n]+)`")]
    private static partial Regex Span();

    [GeneratedRegex(@"^```.*?^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex FencedBlock();

    [GeneratedRegex(@"^ {4}.*$", RegexOptions.Multiline)]
    private static partial Regex IndentedBlock();

    [GeneratedRegex("^#+ (.+)$", RegexOptions.Multiline)]
    private static partial Regex Heading();

    [GeneratedRegex(@"[^\w\- ]")]
    private static partial Regex NotOfAnAnchor();

    [GeneratedRegex(@"^[\w./-]+$")]
    private static partial Regex FilePath();

    [GeneratedRegex(@"^(\w+Tests)(?:\.(\w+))?$")]
    private static partial Regex TestName();

    [GeneratedRegex("^[A-Z][a-z][A-Za-z]+$|^I[A-Z][A-Za-z]+$")]
    private static partial Regex TypeName();

    [GeneratedRegex(@"^## \[(\d+\.\d+\.\d+)\]", RegexOptions.Multiline)]
    private static partial Regex Released();

    [GeneratedRegex(@"image: fluxion-ledger:(\S+)")]
    private static partial Regex Image();
}
