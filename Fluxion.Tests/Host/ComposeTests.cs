using System.Text.RegularExpressions;
using Fluxion.Host;
using Fluxion.Host.Database;
using Microsoft.Extensions.Configuration;
using Npgsql;
using YamlDotNet.RepresentationModel;

namespace Fluxion.Tests.Host;

/// <summary>
/// Tests of the containers without Docker: the files are consistent with each other and with the settings that the host reads.
/// </summary>
public sealed partial class ComposeTests
{
    private static readonly string Root = Repository.Root;
    private static readonly YamlMappingNode Compose = Parse();
    private static readonly Dictionary<string, YamlMappingNode> Services = Map(Compose["services"])
        .Children.ToDictionary(s => Text(s.Key), s => Map(s.Value));
    private static readonly string[] Dockerfile = File.ReadAllLines(Path.Combine(Root, "Dockerfile"));

    /// <summary>The services that run this repository's own image.</summary>
    public static TheoryData<string> OurServices =>
        [.. Services.Where(s => Text(s.Value["image"]).StartsWith("fluxion-ledger:", StringComparison.Ordinal)).Select(s => s.Key)];

    [Fact]
    public void every_image_is_pinned_to_a_version()
    {
        OurServices.Count.ShouldBe(2);
        string[] images = [.. Services.Values.Select(s => Text(s["image"])), .. From()];
        images.Length.ShouldBe(Services.Count + 2);
        foreach (var image in images)
            Pinned().IsMatch(image).ShouldBeTrue($"{image} is not pinned to a version of three parts");
    }

    [Fact]
    public void the_database_is_timescaledb_community_on_postgresql_17_with_a_named_volume()
    {
        var database = Services["database"];
        // the -oss image would be the Apache edition
        Text(database["image"]).ShouldMatch(@"^timescale/timescaledb:2\.[0-9]+\.[0-9]+-pg17$");
        Words(database["volumes"]).ShouldBe(["database:/var/lib/postgresql/data"]);
        Map(Compose["volumes"]).Children.Keys.Select(Text).ShouldContain("database");
        database.Children.ShouldNotContainKey("ports"); // only the host connects to it
    }

    [Fact]
    public void each_service_starts_after_the_previous_one_has_completed_or_is_healthy()
    {
        Condition("init", "database").ShouldBe("service_healthy");
        Condition("host", "init").ShouldBe("service_completed_successfully");
        string.Join(' ', Words(Map(Services["database"]["healthcheck"])["test"])).ShouldContain("pg_isready");
        string.Join(' ', Words(Map(Services["host"]["healthcheck"])["test"])).ShouldContain("/health/ready");
        Words(Services["init"]["command"]).ShouldBe(["database", "init", "--set-passwords"]);
        Services["init"].Children.ShouldNotContainKey("restart"); // runs once

        static string Condition(string service, string on) => Text(Map(Map(Services[service]["depends_on"])[on])["condition"]);
    }

    [Theory]
    [MemberData(nameof(OurServices))]
    public void the_host_reads_every_variable_of_the_compose_file(string service)
    {
        var configuration = Configuration(service);
        string[] sections = ["ConnectionStrings", "Fluxion"];
        configuration.GetChildren().Select(c => c.Key).ShouldBeSubsetOf(sections);
        string[] names = [DatabaseConnections.ServiceName, DatabaseConnections.OwnerName, DatabaseConnections.AdminName];
        configuration.GetSection("ConnectionStrings").GetChildren().Select(c => c.Key).ShouldBeSubsetOf(names);
        configuration
            .GetSection("Fluxion")
            .Get<FluxionSettings>(o => o.ErrorOnUnknownConfiguration = true)!
            .SigningKey.ShouldBe("a value of FLUXION_SIGNING_KEY");
    }

    [Theory]
    [MemberData(nameof(OurServices))]
    public void the_connection_strings_name_the_two_roles_and_one_database_on_the_database_service(string service)
    {
        var configuration = Configuration(service);
        var (app, owner) = (Read(DatabaseConnections.ServiceName), Read(DatabaseConnections.OwnerName));
        (app.Username, owner.Username).ShouldBe(("fluxion_app", "fluxion_owner"));
        app.Database.ShouldNotBeNullOrEmpty();
        owner.Database.ShouldBe(app.Database);
        app.Password.ShouldNotBe(owner.Password);
        (app.Host, owner.Host).ShouldBe(("database", "database"));

        NpgsqlConnectionStringBuilder Read(string name) => new(configuration.GetConnectionString(name));
    }

    [Fact]
    public void only_init_knows_the_superuser()
    {
        Configuration("init").GetConnectionString(DatabaseConnections.AdminName).ShouldNotBeNullOrEmpty();
        Configuration("host").GetConnectionString(DatabaseConnections.AdminName).ShouldBeNull();
    }

    [Fact]
    public void every_secret_is_required_and_has_no_value_in_the_example()
    {
        var text = File.ReadAllText(Path.Combine(Root, "docker-compose.yml"));
        var required = Required().Matches(text).Select(m => m.Groups[1].Value).Distinct().Order(StringComparer.Ordinal).ToArray();
        Variable().Count(text).ShouldBe(Required().Count(text)); // no variable has a default
        var example = File.ReadAllLines(Path.Combine(Root, ".env.example"))
            .Where(l => l.Length > 0 && l[0] != '#')
            .Order(StringComparer.Ordinal);
        example.ShouldBe(required.Select(name => $"{name}="));
        File.ReadAllLines(Path.Combine(Root, ".gitignore")).ShouldContain(".env");
        File.ReadAllLines(Path.Combine(Root, ".dockerignore")).ShouldContain(".env");
    }

    [Fact]
    public void the_image_contains_only_the_runtime_and_does_not_run_as_root()
    {
        var from = From();
        from[0].ShouldStartWith("mcr.microsoft.com/dotnet/sdk:10.0.");
        from[^1].ShouldStartWith("mcr.microsoft.com/dotnet/aspnet:10.0.");
        var last = Dockerfile[Array.FindLastIndex(Dockerfile, l => l.StartsWith("FROM ", StringComparison.Ordinal))..];
        Argument(last, "USER").ShouldNotBeOneOf("root", "0");
        var port = Argument(last, "EXPOSE");
        Argument(last, "ENV").ShouldBe($"ASPNETCORE_HTTP_PORTS={port}");
        Words(Services["host"]["ports"]).Single().ShouldEndWith($":{port}");
        Argument(last, "ENTRYPOINT").ShouldBe("""["dotnet", "Fluxion.Host.dll"]""");
    }

    [Fact]
    public void the_image_build_copies_all_files_that_the_restore_reads()
    {
        var restore = Array.FindIndex(Dockerfile, l => l.StartsWith("RUN dotnet restore", StringComparison.Ordinal));
        restore.ShouldBeGreaterThan(0);
        var copied = Dockerfile[..restore]
            .Where(l => l.StartsWith("COPY ", StringComparison.Ordinal))
            .SelectMany(l => l.Split(' '))
            .ToHashSet();
        string[] read =
        [
            .. Directory.GetFiles(Root, "*.props").Select(f => Path.GetFileName(f)),
            "global.json",
            .. ((string[])["Fluxion.Ledger", "Fluxion.Projections", "Fluxion.Host"])
                .SelectMany(project =>
                    (string[])
                        [
                            .. Directory.GetFiles(Path.Combine(Root, project), "*.csproj"),
                            .. Directory.GetFiles(Path.Combine(Root, project), "*.targets"),
                        ]
                )
                .Select(f => Path.GetRelativePath(Root, f)),
        ];
        read.ShouldBeSubsetOf(copied);
    }

    /// <summary>The service's environment as the host reads it, with a value for each ${VARIABLE}.</summary>
    private static IConfiguration Configuration(string service) =>
        new ConfigurationBuilder()
            .AddInMemoryCollection(
                Map(Services[service]["environment"])
                    .Children.Select(v =>
                        KeyValuePair.Create(
                            Text(v.Key).Replace("__", ":", StringComparison.Ordinal),
                            (string?)Required().Replace(Text(v.Value), "a value of $1")
                        )
                    )
            )
            .Build();

    private static string[] From() =>
        [.. Dockerfile.Where(l => l.StartsWith("FROM ", StringComparison.Ordinal)).Select(l => l.Split(' ')[1])];

    private static string Argument(string[] stage, string instruction) =>
        stage.Single(l => l.StartsWith($"{instruction} ", StringComparison.Ordinal))[(instruction.Length + 1)..];

    private static YamlMappingNode Map(YamlNode node) => (YamlMappingNode)node;

    private static string Text(YamlNode node) => ((YamlScalarNode)node).Value!;

    private static string[] Words(YamlNode node) => [.. ((YamlSequenceNode)node).Select(Text)];

    private static YamlMappingNode Parse()
    {
        using var file = File.OpenText(Path.Combine(Root, "docker-compose.yml"));
        var yaml = new YamlStream();
        yaml.Load(file);
        return Map(yaml.Documents.Single().RootNode);
    }

    [GeneratedRegex(@":[0-9]+\.[0-9]+\.[0-9]+(-[a-z0-9.-]+)?$")]
    private static partial Regex Pinned();

    [GeneratedRegex(@"\$\{([A-Z_]+):\?[^}]+\}")]
    private static partial Regex Required();

    [GeneratedRegex(@"\$\{")]
    private static partial Regex Variable();
}
