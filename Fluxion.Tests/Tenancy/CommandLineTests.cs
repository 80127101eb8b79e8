using System.Diagnostics;
using Fluxion.Host;
using Fluxion.Tests.Host;

namespace Fluxion.Tests.Tenancy;

/// <summary>The command line as an operator uses it: another process, beside the host that serves.</summary>
public sealed class CommandLineTests(LedgerHost host)
{
    // the host's own output: JasperFx looks for commands in every assembly of the folder, and the tests' folder has some that the host cannot load
    private static readonly string Program = typeof(FluxionHost).Assembly.Location.Replace("Fluxion.Tests", "Fluxion.Host", StringComparison.Ordinal);

    private sealed record Ran(int Code, string Output, string Error)
    {
        public Ran ShouldExit(int code)
        {
            Code.ShouldBe(code, $"{Output}\n{Error}");
            return this;
        }
    }

    private async Task<Ran> Run(string[] arguments, string? password = null)
    {
        var start = new ProcessStartInfo("dotnet", [Program, .. arguments])
        {
            RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = Path.GetDirectoryName(Program),
            Environment =
            {
                ["ASPNETCORE_ENVIRONMENT"] = "Development",
                ["ConnectionStrings__Fluxion"] = host.Connections.Service,
                ["ConnectionStrings__FluxionOwner"] = host.Connections.Owner,
                ["FLUXION_PASSWORD"] = password,
            },
        };
        using var process = Process.Start(start)!;
        var ct = TestContext.Current.CancellationToken;
        var (output, error) = (process.StandardOutput.ReadToEndAsync(ct), process.StandardError.ReadToEndAsync(ct));
        await process.WaitForExitAsync(ct);
        return new Ran(process.ExitCode, await output, await error);
    }

    [Fact]
    public async Task a_tenant_is_added_listed_suspended_and_resumed()
    {
        var slug = Company.NewSlug("cli");
        var added = (await Run(["tenants", "add", slug, "--name", "Acme, C.A.", "--admin-email", Company.AdminEmail], Company.Password)).ShouldExit(0);
        added.Output.ShouldContain($"/api/{slug}");
        added.Output.ShouldNotContain(Company.Password);
        var admin = await Company.SignIn(host, slug);
        (await admin.Post("stores", new { code = "S1", name = "x" })).ShouldBe(201);

        // one line a tenant, for people and for grep
        (await Run(["tenants", "list"])).ShouldExit(0).Output.Split('\n')
            .ShouldContain(line => line.Contains(slug, StringComparison.Ordinal) && line.Contains("Acme, C.A.", StringComparison.Ordinal) && line.Contains("active", StringComparison.Ordinal));

        (await Run(["tenants", "suspend", slug])).ShouldExit(0).Output.ShouldContain("suspended");
        // the serving host is another process and may remember the tenant for a few seconds
        await Eventually(async () => (await admin.Get("inventory")).Status == 403);
        (await Run(["tenants", "resume", slug])).ShouldExit(0).Output.ShouldContain("active");
        await Eventually(async () => (await admin.Get("inventory")).Status == 200);
    }

    [Fact]
    public async Task a_user_is_added_and_can_sign_in()
    {
        var company = await Company.Found(host);
        (await Run(["users", "add", company.Slug, "luis@company.test", "--role", "viewer"], "a password of luis")).ShouldExit(0).Output.ShouldContain("luis@company.test");
        var luis = await Client.SignIn(host.Http.Server.CreateClient(), company.Slug, "luis@company.test", "a password of luis");
        (await luis.Get("inventory")).ShouldBe(200);
        (await luis.Post("stores", new { code = "S1", name = "x" })).ShouldBe(403);
        (await company.Admin.Get("users")).Json["items"]!.AsArray().Count.ShouldBe(2);

        (await Run(["users", "add", company.Slug, "luis@company.test"], "a password of luis")).ShouldExit(1).Error.ShouldContain("luis@company.test already");
    }

    [Fact]
    public async Task a_password_that_is_not_given_is_made_up_and_shown_once()
    {
        var company = await Company.Found(host);
        var output = (await Run(["users", "add", company.Slug, "eva@company.test"])).ShouldExit(0).Output;
        var password = output.Split("shown this once:")[1].Trim();
        (await Client.SignIn(host.Http.Server.CreateClient(), company.Slug, "eva@company.test", password)).ShouldNotBeNull();
    }

    [Fact]
    public async Task an_administrator_of_the_platform_is_added()
    {
        var email = $"{Company.NewSlug("p")}@fluxion.test";
        (await Run(["users", "add", "platform", email], Company.Password)).ShouldExit(0);
        (await (await Client.SignIn(host.Http.Server.CreateClient(), null, email, Company.Password)).Get("/api/tenants")).ShouldBe(200);
    }

    [Theory]
    [InlineData("tenants add Bad_Slug --name x", "slug")]
    [InlineData("tenants add fluxion-demo --name x", "already")]
    [InlineData("tenants suspend nobody", "nobody")]
    [InlineData("users add nobody ana@company.test", "nobody")]
    [InlineData("users add fluxion-demo ana@company.test --role king", "role")]
    public async Task what_cannot_be_done_exits_with_1_and_says_why(string command, string why)
    {
        var ran = (await Run(command.Split(' '), Company.Password)).ShouldExit(1);
        ran.Error.ShouldStartWith("error: ");
        ran.Error.ShouldContain(why, Case.Insensitive);
        ran.Error.ShouldNotContain("   at ", Case.Sensitive, "no stack trace");
    }

    [Fact]
    public async Task all_schemas_are_up_to_date_after_database_migrate() =>
        (await Run(["database", "migrate"])).ShouldExit(0).Output.ShouldContain("All schemas are up to date");

    private static async Task Eventually(Func<Task<bool>> holds)
    {
        for (var i = 0; i < 40; i++)
        {
            if (await holds()) return;
            await Task.Delay(250, TestContext.Current.CancellationToken);
        }
        (await holds()).ShouldBeTrue("ten seconds later");
    }
}
