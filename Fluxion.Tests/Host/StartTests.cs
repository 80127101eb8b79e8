using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Fluxion.Host.Database;
using Fluxion.Host.Demo;
using Npgsql;

namespace Fluxion.Tests.Host;

public sealed class StartTests(LedgerHost ledger)
{
    [Fact]
    public async Task production_does_not_start_without_a_connection_string()
    {
        var (exitCode, output) = await HostProcess.Run(HostProcess.Production());
        exitCode.ShouldBe(1, output);
        output.ShouldStartWith("error: ");
        output.ShouldContain("ConnectionStrings__Fluxion");
        output.ShouldContain("ConnectionStrings__FluxionOwner");
    }

    [Theory]
    [InlineData(null)]
    [InlineData("too short")]
    [InlineData("development only: nobody's secret, and refused in production")]
    public async Task production_does_not_start_without_a_signing_key_of_its_own(string? key)
    {
        var (exitCode, output) = await HostProcess.Run(HostProcess.Production(ledger.Connections, key));
        exitCode.ShouldBe(1, output);
        output.ShouldStartWith("error: ");
        output.ShouldContain("Fluxion__SigningKey");
        output.ShouldNotContain("   at "); // no stack trace: the message is for operators
        if (key is not null)
            output.ShouldNotContain(key);
    }

    [Theory]
    [InlineData("served")]
    [InlineData("no database")]
    [InlineData("no database", "tenants", "list")]
    public async Task a_failed_start_prints_one_message_without_a_stack_trace(string what, params string[] command)
    {
        using var other = new TcpListener(IPAddress.Loopback, 0); // accepts connections at this address, but is not a database
        other.Start();
        var address = other.LocalEndpoint.ToString()!;
        if (what == "no database")
            other.Stop();
        var (exitCode, output) = await HostProcess.Run(
            what == "served"
                ? HostProcess.Development(ledger.Connections)
                : HostProcess.Production(
                    new DatabaseConnections(
                        $"Host=127.0.0.1;Port={address.Split(':')[1]};Username=fluxion_app;Database=fluxion",
                        null,
                        null
                    )
                ),
            command is [] ? ["--urls", $"http://{address}"] : command
        );
        exitCode.ShouldBe(1, output);
        output.ShouldContain(
            what == "served"
                ? $"error: Failed to bind to address http://{address}: address already in use. End what serves there, "
                    + "or serve elsewhere: --urls "
                : $"error: Failed to connect to {address}. The database is the one that ConnectionStrings__Fluxion "
        );
        output.ShouldNotContain("   at ", Case.Sensitive, "no stack trace: it is for people");
    }

    [Theory]
    [InlineData("tenants", "remove", "'remove' is an unknown command: tenants has list, add, suspend, resume, adopt.")]
    [InlineData("users", "list", "'list' is an unknown command: users has add.")]
    [InlineData("database", "drop", "'drop' is an unknown command: database has init, migrate.")]
    public async Task an_unknown_argument_of_a_command_is_reported_with_the_known_ones(string command, string word, string why)
    {
        var (exitCode, output) = await HostProcess.Run(HostProcess.Production(), command, word);
        (exitCode, output.Trim()).ShouldBe((1, $"error: {why}"));
    }

    [Fact]
    public async Task existing_roles_keep_their_passwords_unless_requested_otherwise()
    {
        await using var server = new OwnServer();
        await using var embedded = await server.Start();
        var connections = await DatabaseConnections.Prepare(embedded, server.Options.Password, "fluxion", CancellationToken.None);
        var other = connections with
        {
            Owner = new NpgsqlConnectionStringBuilder(connections.Owner) { Password = "another one" }.ConnectionString,
        };
        Task<(int ExitCode, string Output)> Init(DatabaseConnections with, params string[] flags) =>
            HostProcess.Run(HostProcess.Production(with), ["database", "init", "--admin", embedded.SuperuserConnectionString(), .. flags]);

        var (exitCode, output) = await Init(other);
        exitCode.ShouldBe(1, output);
        output.ShouldContain("error: The role fluxion_owner of this server has another password than the connection string.");
        (await Init(connections)).ExitCode.ShouldBe(0, "it has kept its own");
        (await Init(other, "--set-passwords")).ExitCode.ShouldBe(0);
        (await Init(connections)).ExitCode.ShouldBe(1);
    }

    [Theory]
    [InlineData("Production")]
    [InlineData("Development")]
    public async Task help_needs_no_database_and_no_settings(string environment)
    {
        var home = Path.Combine(Path.GetTempPath(), $"fluxion-help-{Guid.CreateVersion7():N}");
        var (exitCode, output) = await HostProcess.Run(
            new Dictionary<string, string?> { ["ASPNETCORE_ENVIRONMENT"] = environment, ["FLUXION_DATABASE_HOME"] = home },
            "help"
        );
        exitCode.ShouldBe(0, output);
        foreach (var command in (string[])["database", "tenants", "users", "analysts", "run"])
            output.ShouldContain(command);
        (exitCode, output) = await HostProcess.Run(
            new Dictionary<string, string?> { ["ASPNETCORE_ENVIRONMENT"] = environment, ["FLUXION_DATABASE_HOME"] = home },
            "replay",
            "--help"
        );
        exitCode.ShouldBe(0, output);
        output.ShouldContain("--swap");
        output.ShouldNotContain("Invalid");
        Directory.Exists(home).ShouldBeFalse();
    }

    [Fact]
    public async Task the_command_line_adds_lists_and_suspends_tenants_and_adds_users_who_can_sign_in()
    {
        await using var database = await ledger.NewDatabase();
        var production = HostProcess.Production(database.Connections);
        async Task<string> Command(int exitCode, params string[] arguments)
        {
            var (code, output) = await HostProcess.Run(production, arguments);
            code.ShouldBe(exitCode, output);
            return output;
        }

        (await Command(0, "tenants", "add", "acme", "--name", "Acme C.A.")).ShouldContain("/api/acme");
        (await Command(1, "tenants", "add", "acme", "--name", "Acme again")).ShouldContain("error: There is a tenant 'acme' already.");
        (await Command(1, "tenants", "add", "Bad_Slug", "--name", "x")).ShouldContain("error: A slug has");
        production["FLUXION_PASSWORD"] = "short";
        (await Command(1, "users", "add", "acme", "ana@acme.example"))
            .Trim()
            .ShouldBe("error: FLUXION_PASSWORD must have 10 to 128 characters.");
        production["FLUXION_PASSWORD"] = "the password of Ana";
        (await Command(0, "users", "add", "acme", "ana@acme.example", "--role", "manager")).ShouldNotContain("the password of Ana");
        (await Command(1, "users", "add", "acme", "ana@acme.example")).ShouldContain("error: There is a user ana@acme.example already.");
        (await Command(1, "users", "add", "nobody", "ana@acme.example")).ShouldContain("error: There is no tenant 'nobody'.");

        await using (var host = await HostProcess.Serve(database.Connections))
        {
            var ana = await Client.SignIn(host.NewClient(), "acme", "ana@acme.example", "the password of Ana");
            (await ana.Get("inventory")).ShouldBe(200).Json["items"]!.AsArray().ShouldBeEmpty();
        }

        Row(await Command(0, "tenants", "list"), "acme").ShouldContain("active");
        (await Command(0, "tenants", "suspend", "acme")).ShouldContain("acme is suspended");
        Row(await Command(0, "tenants", "list"), "acme").ShouldContain("suspended");
        (await Command(1, "tenants", "suspend", "nobody")).ShouldContain("error: There is no tenant 'nobody'.");
    }

    [Fact]
    public async Task requests_answer_503_while_the_database_is_down_and_the_host_recovers()
    {
        await using var server = new OwnServer();
        await using var first = await server.Start();
        var connections = await DatabaseConnections.Prepare(first, server.Options.Password, "fluxion", CancellationToken.None);
        await using var host = await HostProcess.Serve(connections);
        var client = await host.Demo("user");
        var receipt = new
        {
            store = "CCS-01",
            reference = "AWAY",
            lines = new[] { new { sku = "LAC001", quantity = 1 } },
        };
        var signIn = new
        {
            tenant = DemoTenant.Slug,
            email = DemoTenant.Email("user"),
            password = DemoTenant.Password,
        };
        (await client.Get("inventory")).ShouldBe(200);
        (await client.Post("stock/receipts", receipt)).ShouldBe(200);
        var before = await OnHand(client);

        await server.Kill();
        var away = Stopwatch.StartNew();
        while (away.Elapsed < TimeSpan.FromSeconds(5))
        {
            (Answer Answer, bool HasKey)[] answers =
            [
                (await client.Get("inventory"), false),
                (await client.Post("stock/receipts", receipt, "while-away"), true),
                (await client.Post("/api/token", signIn, key: null), false),
            ];
            foreach (var (answer, hasKey) in answers)
            {
                answer.Detail!.Contains("Idempotency-Key", StringComparison.Ordinal).ShouldBe(hasKey, answer.Text);
                answer.ShouldBe(503);
                answer.ContentType.ShouldBe("application/problem+json");
                answer.Headers.RetryAfter.ShouldNotBeNull();
                answer.Json["status"]!.GetValue<int>().ShouldBe(503);
            }
            (await client.Get("/health/live")).ShouldBe(200);
            (await client.Get("/health/ready")).ShouldBe(503);
            await Task.Delay(200, TestContext.Current.CancellationToken);
        }

        await using var second = await server.Start(first.Port);
        second.Port.ShouldBe(first.Port);
        var back = Stopwatch.StartNew();
        while ((await client.Get("/health/ready")).Status != 200)
        {
            back.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(15), host.Output);
            await Task.Delay(50, TestContext.Current.CancellationToken);
        }
        TestContext.Current.TestOutputHelper!.WriteLine($"ready {back.Elapsed} after the database");
        (await client.Get("inventory")).ShouldBe(200);
        (await client.Post("stock/receipts", receipt, "while-away")).ShouldBe(200);
        (await client.Post("stock/receipts", receipt, "while-away")).ShouldBe(200);
        (await OnHand(client)).ShouldBe(before + 1);
        host.Terminate();
        (await host.Exit()).ShouldBe(0, host.Output);
    }

    private static async Task<decimal> OnHand(Client client) =>
        (await client.Get("inventory?store=CCS-01&sku=LAC001")).ShouldBe(200).Json["items"]![0]!["onHand"]!.GetValue<decimal>();

    private static string Row(string table, string slug) =>
        table.Split('\n').Single(line => line.Contains($" {slug} ", StringComparison.Ordinal));
}
