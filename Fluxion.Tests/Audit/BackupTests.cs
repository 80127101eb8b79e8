using System.Diagnostics;
using System.Text.Json.Nodes;
using Fluxion.Host.Demo;
using Fluxion.Tests.Host;
using Fluxion.Tests.Tenancy;

namespace Fluxion.Tests.Audit;

/// <summary>Executes docs/backup.md step by step, with PostgreSQL's own tools.</summary>
public sealed class BackupTests(LedgerHost host)
{
    [Fact]
    public async Task a_restored_backup_is_intact_equals_its_replay_and_accepts_commands()
    {
        await using var original = await host.NewDatabase();
        await using var restored = await host.NewDatabase(); // database init: creates the database, its extensions and roles
        var file = Path.Combine(Path.GetTempPath(), $"{original.Name}.dump");
        try
        {
            string head;
            await using (var serving = await HostProcess.Serve(original.Connections))
            {
                var manager = await serving.Demo("manager");
                (await Receive(manager)).ShouldBe(200);
                head = await WaitForHead(manager);
                await RunTool(original, "pg_dump", "--format=custom", $"--file={file}", original.Name); // while the host is serving
                (await Receive(manager)).ShouldBe(200); // a receipt that is not in the backup
            }

            await RunTool(restored, "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-c", "select timescaledb_pre_restore()");
            await RunTool(restored, "pg_restore", "--exit-on-error", $"--dbname={restored.Name}", file);
            await RunTool(restored, "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-c", "select timescaledb_post_restore()");
            await using (var superuser = await restored.OpenSuperuser())
            {
                await Command(restored, "database", "init", "--admin", restored.Superuser("postgres").ConnectionString);
                (
                    await superuser.Column<bool>(
                        "select proleakproof from pg_proc where oid = 'pg_catalog.jsonb_object_field_text(jsonb, text)'::regprocedure"
                    )
                ).ShouldBe([true]);
                (await superuser.Column<string>("select extname from pg_extension where extname = 'timescaledb'")).ShouldNotBeEmpty();
            }
            (await Command(restored, "database", "migrate")).ShouldContain("All schemas are up to date");
            (await Command(restored, "verify", DemoTenant.Slug, "--expect", head)).ShouldContain("has the expected hash");
            await Command(restored, "replay", DemoTenant.Slug);

            await using var again = await HostProcess.Serve(restored.Connections);
            var client = await again.Demo("manager");
            (await Receive(client)).ShouldBe(200);
            (await WaitForHead(client, after: head)).ShouldNotBe(head);
            (await client.Get($"audit/verification?expect={head}")).ShouldBe(200).Json["intact"]!.GetValue<bool>().ShouldBeTrue();
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public async Task tenants_missing_from_a_restored_registry_are_adopted()
    {
        await using var database = await host.NewDatabase();
        var file = Path.Combine(Path.GetTempPath(), $"{database.Name}.dump");
        try
        {
            await using var serving = await HostProcess.Serve(database.Connections);
            await RunTool(database, "pg_dump", "--format=custom", $"--file={file}", database.Name);
            // after the backup: a new tenant, and a new account of another tenant
            await Command(database, "tenants", "add", "acme", "--name", "Acme, C.A.", "--admin-email", TestTenant.AdminEmail);
            var admin = await serving.Demo("admin");
            var eva = new
            {
                email = "eva@fluxion.demo",
                fullName = "Eva",
                role = "viewer",
                password = TestTenant.Password,
            };
            (await admin.Post("users", eva)).ShouldBe(201);
            (await Receive(admin)).ShouldBe(200);

            await RunTool(database, "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-c", "truncate shared.tenants cascade");
            await RunTool(
                database,
                "pg_restore",
                "--exit-on-error",
                "--data-only",
                "--disable-triggers",
                "--schema=shared",
                "--table=tenants",
                "--table=tenant_users",
                $"--dbname={database.Name}",
                file
            );

            (await Command(database, "tenants", "list")).ShouldContain("not registered: tenants adopt acme");
            var adopted = await Command(database, "tenants", "adopt", "acme", "--name", "Acme, C.A.");
            adopted.ShouldContain("Accounts: 1 made, 0 brought in line with their users, 0 without a user removed");
            var password = adopted.Split("shown this once:")[1].Trim();
            (await Command(database, "tenants", "adopt", DemoTenant.Slug)).ShouldContain("Accounts: 1 made");
            (await Command(database, "tenants", "list")).ShouldNotContain("not registered");

            var acme = await Client.SignIn(serving.NewClient(), "acme", TestTenant.AdminEmail, password);
            (await acme.Post("stores", new { code = "S1", name = "x" })).ShouldBe(201);
            var again = await serving.Demo("admin"); // signs in with the password from the backup
            (await again.Post($"users/{eva.email}/password", new { newPassword = TestTenant.Password })).ShouldBe(200);
            (await (await Client.SignIn(serving.NewClient(), DemoTenant.Slug, eva.email, TestTenant.Password)).Get("inventory")).ShouldBe(
                200
            );
            foreach (var tenant in (string[])["acme", DemoTenant.Slug])
            {
                (await Command(database, "verify", tenant)).ShouldContain("is intact");
                await Command(database, "replay", tenant);
            }
        }
        finally
        {
            File.Delete(file);
        }
    }

    private static Task<Answer> Receive(Client client) =>
        client.Post("stock/receipts", new { store = "CCS-01", lines = new[] { new { sku = "LAC001", quantity = 1 } } });

    /// <summary>Waits until all events are sealed, and returns the hash of the last seal, which is not <paramref name="after"/>.</summary>
    private static async Task<string> WaitForHead(Client client, string? after = null)
    {
        JsonNode? verification = null;
        for (var i = 0; i < 120; i++, await Task.Delay(250))
        {
            verification = (await client.Get("audit/verification")).ShouldBe(200).Json;
            if (
                verification["unsealed"]!.GetValue<long>() == 0
                && verification["headHash"]?.GetValue<string>() is { } head
                && head != after
            )
                return head;
        }
        throw new TimeoutException(verification?.ToJsonString());
    }

    private static async Task<string> Command(OwnDatabase database, params string[] arguments)
    {
        var (code, output) = await HostProcess.Run(HostProcess.Development(database.Connections), arguments);
        code.ShouldBe(0, output);
        return output;
    }

    private static async Task RunTool(OwnDatabase database, string tool, params string[] arguments)
    {
        var start = new ProcessStartInfo(Path.Combine(PostgresTools.Folder, tool), arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        PostgresTools.Connect(start, database.Superuser().ConnectionString);
        using var process = Process.Start(start)!;
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        process.ExitCode.ShouldBe(0, $"{tool}: {await output} {await errors}");
    }
}
