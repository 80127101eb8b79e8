using System.CommandLine;
using System.CommandLine.Parsing;
using System.Text.RegularExpressions;
using Fluxion.Host.CommandLine;
using Fluxion.Tests.Host;

namespace Fluxion.Tests.Tenancy;

/// <summary>Tests of an operator's commands in another process, while a host is serving.</summary>
public sealed partial class CommandLineTests(LedgerHost ledger)
{
    [Fact]
    public async Task changes_by_the_command_line_take_effect_on_a_running_host()
    {
        await using var database = await ledger.NewDatabase();
        await using var serving = await HostProcess.Serve(database.Connections);
        var environment = HostProcess.Development(database.Connections);
        async Task<string> Command(params string[] arguments)
        {
            var (code, output) = await HostProcess.Run(environment, arguments);
            code.ShouldBe(0, output);
            return output;
        }

        environment["FLUXION_PASSWORD"] = TestTenant.Password;
        (await Command("tenants", "add", "acme-foods", "--name", "Acme, C.A.", "--admin-email", TestTenant.AdminEmail)).ShouldNotContain(
            TestTenant.Password
        );
        var admin = await Client.SignIn(serving.NewClient(), "acme-foods", TestTenant.AdminEmail, TestTenant.Password);
        (await admin.Post("stores", new { code = "S1", name = "x" })).ShouldBe(201);

        // one line for each tenant, however long, so that grep finds it
        var list = await Command("tenants", "list");
        list.Split('\n')
            .ShouldContain(line =>
                line.Contains("acme-foods", StringComparison.Ordinal)
                && line.Contains("Acme, C.A.", StringComparison.Ordinal)
                && line.Contains("active", StringComparison.Ordinal)
                && line.Contains("tenant_acme_foods", StringComparison.Ordinal)
            );
        list.ShouldNotContain("Searching", customMessage: "nothing but the answer");

        (await Command("tenants", "suspend", "acme-foods")).ShouldContain("acme-foods is suspended");
        // the host may cache the tenant for a few seconds
        await Wait.Until(async () => (await admin.Get("inventory")).Status == 403, "the host refuses the suspended tenant");
        (await Command("tenants", "resume", "acme-foods")).ShouldContain("acme-foods is active");
        await Wait.Until(async () => (await admin.Get("inventory")).Status == 200, "the host serves the resumed tenant");

        (await Command("users", "add", "platform", "root@fluxion.test")).ShouldNotContain(TestTenant.Password);
        (await (await Client.SignIn(serving.NewClient(), null, "root@fluxion.test", TestTenant.Password)).Get("/api/tenants")).ShouldBe(
            200
        );

        // when no password is given, one is generated and shown once
        environment.Remove("FLUXION_PASSWORD");
        var password = (await Command("users", "add", "acme-foods", "eva@company.test", "--role", "viewer"))
            .Split("shown this once:")[1]
            .Trim();
        var eva = await Client.SignIn(serving.NewClient(), "acme-foods", "eva@company.test", password);
        (await eva.Get("inventory")).ShouldBe(200);
        (await eva.Post("stores", new { code = "S2", name = "x" })).ShouldBe(403);

        (await Command("database", "migrate")).ShouldContain("All schemas are up to date");

        // an analyst connects with the printed details alone
        var login = $"bi_{Guid.CreateVersion7().ToString("N")[^12..]}";
        var granted = await Command("analysts", "grant", "acme-foods", login, "--statement-timeout", "7", "--connections", "2");
        var psql = new Uri(granted.Split("psql \"")[1].Split('"')[0]);
        psql.UserInfo.ShouldBe(login);
        string Connection(string output) =>
            $"Host={psql.Host};Port={psql.Port};Database={psql.AbsolutePath[1..]};Username={psql.UserInfo};"
            + $"Password={output.Split("shown this once:")[1].Split('\n')[0].Trim()}";
        await using (var analyst = await Sql.Open(Connection(granted)))
        {
            (await analyst.Column<string>("select code from stores")).ShouldBe(["S1"]);
            (await analyst.Column<string>("show statement_timeout")).ShouldBe(["7s"]);
            (await Command("analysts", "list", "acme-foods"))
                .Split('\n')
                .ShouldContain(line => line.Contains(login, StringComparison.Ordinal) && line.Contains("7s", StringComparison.Ordinal));
        }
        await using (await Sql.Open(Connection(await Command("analysts", "rotate", "acme-foods", login)))) { }
        (await Command("analysts", "revoke", "acme-foods", login)).ShouldContain($"{login} is gone");
        (await Command("analysts")).ShouldNotContain(login);
    }

    [Fact]
    public async Task a_failed_command_exits_with_1_and_the_reason()
    {
        await using var database = await ledger.NewDatabase();
        foreach (
            var (command, why) in ((string, string)[])
                [
                    ("tenants add token --name x", "'token' is a reserved word"),
                    ("tenants add nameless", "--name"),
                    ("users add fluxion-demo ana", "'ana' is not an e-mail address"),
                    ("users add fluxion-demo ana@company.test --role king", "The role is one of"),
                    ("analysts grant nobody bi_reader", "There is no tenant 'nobody'"),
                    ("analysts grant fluxion-demo Bi-Reader", "A login has 2 to 63 lower-case letters"),
                    ("analysts grant fluxion-demo fluxion_app", "'fluxion_app' is reserved"),
                    ("analysts grant fluxion-demo bi_reader --connections 0", "--connections must be from 1 to 100"),
                    ("analysts revoke fluxion-demo nobody", "There is no analyst 'nobody' of fluxion-demo"),
                ]
        )
        {
            var (code, output) = await HostProcess.Run(HostProcess.Development(database.Connections), command.Split(' '));
            code.ShouldBe(1, output);
            output.ShouldContain("error: ");
            output.ShouldContain(why);
            output.ShouldNotContain("   at ", Case.Sensitive, "no stack trace");
        }
    }

    private static IEnumerable<string> Documents =>
        Directory.EnumerateFiles(Path.Combine(Repository.Root, "docs"), "*.md").Append(Path.Combine(Repository.Root, "README.md"));

    public static TheoryData<string> DocumentedLines =>
        [.. Documents.SelectMany(file => DocumentedLine().Matches(File.ReadAllText(file))).Select(line => line.Groups[1].Value).Distinct()];

    [Theory]
    [MemberData(nameof(DocumentedLines))]
    public void every_documented_command_line_is_valid(string line)
    {
        var given = Commands.Root().Parse([.. CommandLineParser.SplitCommandLine(Placeholder().Replace(line, new string('0', 64)))]);
        given.Errors.ShouldBeEmpty();
        given.CommandResult.Command.ShouldNotBeOfType<RootCommand>();
    }

    [Fact]
    public void every_command_is_documented() =>
        Commands
            .Root()
            .Subcommands.Select(command => command.Name)
            .Where(name => !DocumentedLines.Any(line => line.Data.StartsWith(name, StringComparison.Ordinal)))
            .ShouldBe(["help", "run"]);

    [Fact]
    public void every_command_argument_and_option_has_a_description() =>
        All(Commands.Root())
            .Where(symbol => !symbol.Hidden && string.IsNullOrWhiteSpace(symbol.Description))
            .Select(symbol => symbol.Name)
            .ShouldBeEmpty();

    private static IEnumerable<Symbol> All(Command command) =>
        [command, .. command.Arguments, .. command.Options, .. command.Subcommands.SelectMany(All)];

    [Fact]
    public async Task an_interrupted_command_exits_with_130()
    {
        await using var database = await ledger.NewDatabase();
        await using var load = HostProcess.Start(
            HostProcess.Development(database.Connections),
            "load",
            "stopped",
            "--movements",
            "1000000",
            "--products",
            "200"
        );
        await Wait.Until(() => Task.FromResult(load.Output.Contains("1 % ", StringComparison.Ordinal)), "the load runs", load);
        load.Terminate();
        (await load.Exit()).ShouldBe(130, load.Output);
        load.Output.ShouldNotContain("   at ", Case.Sensitive, "no stack trace");
    }

    [GeneratedRegex(@"(?:Fluxion\.Host|…) -- ([^`#\n]+)")]
    private static partial Regex DocumentedLine();

    [GeneratedRegex("<[^>]+>")]
    private static partial Regex Placeholder();
}
